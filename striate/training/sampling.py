"""Which images an epoch is of, in which order, and the random numbers that change each."""

from __future__ import annotations

import numpy as np

from striate.data.augmentation import draw_numbers
from striate.training.recipe import Recipe
from striate.training.subset import Subset


def draw_epoch(part: Subset, recipe: Recipe, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of an epoch in their order, with the numbers for the augmentation of each.

    A function of the seed and the epoch alone, so that every process, and a run that goes on,
    draws the same.

    Args:
        part: the training images.
        recipe: with the seed, and whether classes are drawn equally often.
        epoch: counted from 1.

    Returns:
        int64 (n,) and float32 (n, DRAWS), n being the number of training images.
    """
    # an array: of a list with numbers beyond 2^63 numpy makes floats, and of all epochs one
    key = np.array([recipe.seed, 2**63 + epoch], np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key))
    if not recipe.balanced_sampling:
        order = generator.permutation(part.indices)
        return order, draw_numbers(recipe.seed, epoch, len(part.labels))[order]
    order = draw_balanced(part.indices, part.labels[part.indices], generator)
    # by place, not by image: an image that is drawn again is changed in another way
    return order, draw_numbers(recipe.seed, epoch, len(order))


def draw_balanced(
    indices: np.ndarray, labels: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Return as many images as there are, each class equally often, in a random order.

    The images of a class are gone through in turn: none is drawn twice more than another.

    Args:
        indices: int64 (n,), of the images.
        labels: int64 (n,), of the same.
        generator: draws.

    >>> labels = np.array([0, 0, 0, 0, 0, 0, 0, 1])
    >>> drawn = draw_balanced(np.arange(8), labels, np.random.default_rng(0))
    >>> np.bincount(labels[drawn]).tolist(), len(set(drawn.tolist()))
    ([4, 4], 5)
    """
    present = np.unique(labels)
    shares = np.full(len(present), len(labels) // len(present))
    shares[generator.permutation(len(present))[: len(labels) % len(present)]] += 1
    drawn = []
    for label, share in zip(present, shares.tolist(), strict=True):
        own = indices[labels == label]
        turns = [generator.permutation(own) for _ in range(-(-share // len(own)))]
        drawn.append(np.concatenate([*turns, own[:0]])[:share])
    return generator.permutation(np.concatenate(drawn))
