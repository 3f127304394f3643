"""What every experiment is made of: networks, ways to give the images, and what is concluded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from striate.architecture.layer_table import summary
from striate.architecture.layer_table.receptive_field import Side
from striate.teaching.experiments.experiment_result import ComparedNetwork, Outcome, Point

Pixels = NDArray[np.uint8]  # (images, rows, columns, channels)
Views = Iterator[tuple[str, float, Sequence[Pixels]]]


@dataclass(frozen=True)
class Given:
    """What an experiment is designed for.

    Attributes:
        shape: (channels, rows, columns) of the images.
        classes: how many.
        ground: the value of each channel around what is shown, 0 to 255.
        fewest: images that may be learnt from of the class that has the fewest; None where they
            are not counted yet.
    """

    shape: tuple[int, int, int]
    classes: int
    ground: tuple[int, ...]
    fewest: int | None = None


@dataclass(frozen=True)
class Design:
    """One experiment, ready to be carried out.

    Attributes:
        question: what it asks.
        networks: what is compared; those that are compared have parameters within 10 %.
        ways: how the images are given, to training and test alike; "" where there is one.
        change: makes the images of a way: (pixels, way, seed) -> pixels.
        views: gives the conditions of the test: for each its name, its place on the horizontal
            axis, and the test images one or several times over, whose accuracies are averaged.
        conclude: says what is seen in what came out, and why.
    """

    question: str
    networks: tuple[ComparedNetwork, ...]
    ways: tuple[str, ...]
    change: Callable[[Pixels, str, int], Pixels]
    views: Callable[[Pixels, ComparedNetwork], Views]
    conclude: Callable[[Outcome], tuple[str, ...]]


def make_network(name: str, text: str) -> ComparedNetwork:
    """Return a network of a text, its costs worked out.

    >>> text = "input 1x8x8 classes=10 > conv 4 > relu > gap > flatten > fc"
    >>> make_network("small", text).receptive_field
    3
    """
    table = summary(text)
    return ComparedNetwork(
        name, text, table.parameters, table.macs, take_longer_side(table.receptive_field)
    )


def take_longer_side(field: Side) -> int:
    """Return a receptive field as one number, the longer side.

    >>> take_longer_side((3, 5)), take_longer_side(7)
    (5, 7)
    """
    return max(field) if isinstance(field, tuple) else field


def write_input_line(shape: tuple[int, int, int], classes: int) -> str:
    """Write the input line of a network.

    >>> write_input_line((1, 8, 8), 10)
    'input 1x8x8 classes=10'
    """
    return f"input {'x'.join(map(str, shape))} classes={classes}"


def count_pools(side: int) -> int:
    """Return how often a network pools by 2, so that a unit then sees about the whole image.

    With a 3x3 convolution before each, it sees 10 pixels after two, 22 after three, 46 after four.

    >>> count_pools(8), count_pools(28), count_pools(64)
    (2, 3, 4)
    """
    return max(2, round(math.log2(side / 4)))


def keep_pixels(pixels: Pixels, way: str, seed: int) -> Pixels:
    """Change nothing."""
    return pixels


def format_share(share: float) -> str:
    """Write a share in per cent, as sentences have it.

    >>> format_share(0.97312)
    '97.3 %'
    """
    return f"{share * 100:.1f} %"


def compare_points(one: Point, other: Point) -> str:
    """Describe by how much two networks differ, paired seed by seed, and whether that is sure.

    The interval is that of the mean of the differences, which is narrower than the two
    intervals taken apart where a seed helps or harms both.
    """
    pairs = zip(one.accuracies, other.accuracies, strict=True)
    return tell_difference([100 * (a - b) for a, b in pairs])


def tell_difference(points: Sequence[float]) -> str:
    """Describe differences of accuracy, one a seed, in points, and whether they are sure.

    >>> tell_difference([2.0, 2.5, 1.5])
    '+2.0 points (95 % interval +0.8 to +3.2, paired)'
    """
    from striate.evaluation.metrics.student_t import FEWEST, compute_mean

    mean = compute_mean(points)
    if mean.n == 1:
        return f"{mean.mean:+.1f} points in one seed, which tells nothing of chance"
    if mean.n < FEWEST:
        return f"{mean.mean:+.1f} points in {mean.n} seeds, too few to tell it from chance"
    told = f"{mean.mean:+.1f} points (95 % interval {mean.low:+.1f} to {mean.high:+.1f}, paired)"
    return told if mean.low > 0 or mean.high < 0 else f"{told}, which may be chance"
