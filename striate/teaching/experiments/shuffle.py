"""The pixels are shuffled, in all images alike: who suffers?

A fully connected layer sums over its inputs, and a sum does not know an order: with its weights
shuffled in the same way it computes the same. A convolution looks at neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from striate.teaching.experiments.design import (
    Design,
    Given,
    Pixels,
    Views,
    apart,
    contestant,
    input_line,
    stages,
)
from striate.teaching.experiments.matching import check_alike, width_for
from striate.teaching.experiments.result import Contestant, Point

HIDDEN = 32
FULL, CONV = "fully connected", "convolutional"
AS_THEY_ARE, SHUFFLED = "as they are", "shuffled"
QUESTION = "One fixed shuffle of the pixels, the same for every image: who minds?"


def networks(shape: tuple[int, int, int], classes: int) -> tuple[Contestant, ...]:
    """Make the two networks, of like size.

    >>> [(each.name, each.parameters) for each in networks((1, 8, 8), 10)]
    [('fully connected', 2442), ('convolutional', 2380)]
    """
    line = input_line(shape, classes)
    full = contestant(FULL, f"{line}\nflatten > fc {HIDDEN} bias=no > bn > relu > fc")

    def text(width: int) -> str:
        unit = "unit(c) = conv c bias=no > bn > relu"
        pooled = f"[unit({width}) > maxpool 2]*{stages(min(shape[1:]))}"
        return f"{unit}\n{line}\n{pooled} > gap > flatten > fc"

    conv = contestant(CONV, text(width_for(text, full.parameters)))
    check_alike([full.text, conv.text])
    return full, conv


def design(given: Given) -> Design:
    """Design the experiment for images of a shape."""

    def change(pixels: Pixels, way: str, seed: int) -> Pixels:
        if way == AS_THEY_ARE:
            return pixels
        return shuffled(pixels, order(pixels.shape[1] * pixels.shape[2], seed))

    def views(pixels: Pixels, network: Contestant) -> Views:
        yield "", 0, [pixels]

    compared = networks(given.shape, given.classes)
    return Design(QUESTION, compared, (AS_THEY_ARE, SHUFFLED), change, views, conclude)


def order(places: int, seed: int) -> NDArray[np.int64]:
    """Draw the shuffle of a seed: which place each new place takes its pixel from.

    >>> sorted(order(5, 0).tolist())
    [0, 1, 2, 3, 4]
    """
    return np.random.Generator(np.random.Philox(key=[seed, 3])).permutation(places)


def shuffled(pixels: Pixels, places: NDArray[np.int64]) -> Pixels:
    """Give every image's pixels the same new places; the channels of a pixel stay together.

    >>> shuffled(np.array([[[[1], [2]], [[3], [4]]]], np.uint8), np.array([3, 2, 1, 0])).ravel()
    array([4, 3, 2, 1], dtype=uint8)
    """
    n, rows, columns, channels = pixels.shape
    flat = pixels.reshape(n, rows * columns, channels)
    return np.ascontiguousarray(flat[:, places].reshape(pixels.shape))


def conclude(points: Sequence[Point]) -> tuple[str, ...]:
    """Say what shuffling does to each network, and why."""
    found = {(point.network, point.condition): point for point in points}
    lost = {name: apart(found[name, SHUFFLED], found[name, AS_THEY_ARE]) for name in (FULL, CONV)}
    return (
        f"Shuffling changes the fully connected network by {lost[FULL]}, and the convolutional "
        f"one by {lost[CONV]}.",
        "A fully connected layer has one weight a pixel, wherever that pixel lies, so shuffled "
        "images are the same problem with its weights in another order, and what difference "
        "there is comes from where they began. A convolution takes for granted that neighbours "
        "belong together and that the same pattern means the same everywhere; shuffled, neither "
        "is true.",
    )
