"""The pixels are shuffled, in all images alike: who suffers?

A fully connected layer sums over its inputs, and a sum does not know an order: with its weights
shuffled in the same way it computes the same. A convolution looks at neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from striate.teaching.experiments.design import (
    Design,
    Given,
    Pixels,
    Views,
    compare_points,
    count_pools,
    make_network,
    write_input_line,
)
from striate.teaching.experiments.equal_sizes import check_alike, find_width
from striate.teaching.experiments.experiment_result import ComparedNetwork, Outcome

HIDDEN = 32
FULL, CONV = "fully connected", "convolutional"
AS_THEY_ARE, SHUFFLED = "as they are", "shuffled"
QUESTION = "One fixed shuffle of the pixels, the same for every image: who minds?"


def make_networks(shape: tuple[int, int, int], classes: int) -> tuple[ComparedNetwork, ...]:
    """Return the two networks, of like size.

    >>> [(each.name, each.parameters) for each in make_networks((1, 8, 8), 10)]
    [('fully connected', 2442), ('convolutional', 2380)]
    """
    line = write_input_line(shape, classes)
    full = make_network(FULL, f"{line}\nflatten > fc {HIDDEN} bias=no > bn > relu > fc")

    def text(width: int) -> str:
        unit = "unit(c) = conv c bias=no > bn > relu"
        pooled = f"[unit({width}) > maxpool 2]*{count_pools(min(shape[1:]))}"
        return f"{unit}\n{line}\n{pooled} > gap > flatten > fc"

    conv = make_network(CONV, text(find_width(text, full.parameters)))
    check_alike([full.text, conv.text])
    return full, conv


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""

    def change(pixels: Pixels, way: str, seed: int) -> Pixels:
        if way == AS_THEY_ARE:
            return pixels
        return shuffle_pixels(pixels, draw_permutation(pixels.shape[1] * pixels.shape[2], seed))

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        yield "", 0, [pixels]

    compared = make_networks(given.shape, given.classes)
    return Design(QUESTION, compared, (AS_THEY_ARE, SHUFFLED), change, views, conclude)


def draw_permutation(places: int, seed: int) -> NDArray[np.int64]:
    """Draw the shuffle of a seed: which place each new place takes its pixel from.

    >>> sorted(draw_permutation(5, 0).tolist())
    [0, 1, 2, 3, 4]
    """
    return np.random.Generator(np.random.Philox(key=[seed, 3])).permutation(places)


def shuffle_pixels(pixels: Pixels, places: NDArray[np.int64]) -> Pixels:
    """Move every image's pixels to the same new places; the channels of a pixel stay together.

    >>> image = np.array([[[[1], [2]], [[3], [4]]]], np.uint8)
    >>> shuffle_pixels(image, np.array([3, 2, 1, 0])).ravel()
    array([4, 3, 2, 1], dtype=uint8)
    """
    n, rows, columns, channels = pixels.shape
    flat = pixels.reshape(n, rows * columns, channels)
    return np.ascontiguousarray(flat[:, places].reshape(pixels.shape))


def conclude(outcome: Outcome) -> tuple[str, ...]:
    """Describe what shuffling does to each network, and why."""
    points = outcome.points
    found = {(point.network, point.condition): point for point in points}
    lost = {
        name: compare_points(found[name, SHUFFLED], found[name, AS_THEY_ARE])
        for name in (FULL, CONV)
    }
    return (
        f"Shuffling changes the fully connected network by {lost[FULL]}, and the convolutional "
        f"one by {lost[CONV]}.",
        "A fully connected layer has one weight a pixel, wherever that pixel lies, so shuffled "
        "images are the same problem with its weights in another order, and what difference "
        "there is comes from where they began. A convolution takes for granted that neighbours "
        "belong together and that the same pattern means the same everywhere; shuffled, neither "
        "is true.",
    )
