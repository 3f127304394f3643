"""The weight of each class in the loss, so that rare classes are learnt too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from striate.data import Collection

IMBALANCE = 3.0  # largest class over smallest from which it is said and, on auto, weighted


def class_weight(
    collection: Collection,
    training: np.ndarray,
    how: str,
    *,
    has_head: bool,
    say: Callable[[str], None],
) -> tuple[float, ...] | None:
    """Return the weight of each class, of mean 1 over the training images; None for none.

    Args:
        collection: with labels and classes.
        training: int64, the images that are learnt from.
        how: "none", "sqrt", "full", "sampling" or "auto", as `Settings.class_weight` has it.
        has_head: whether a head is fitted to features of all images at once, where drawing each
            class equally often is the weight "full".
        say: is told of classes that are rare.
    """
    counts = np.bincount(collection.labels[training], minlength=len(collection.classes))
    most, least = int(counts.argmax()), int(counts.argmin())
    ratio = counts[most] / max(1, counts[least])
    found = (
        f"'{collection.classes[most]}' has {counts[most]:,} training images, "
        f"'{collection.classes[least]}' {counts[least]:,}"
    )
    if how == "auto":
        how = "sqrt" if ratio >= IMBALANCE else "none"
        if how == "sqrt":
            say(f"{found}: the loss weighs rare classes by the square root (--class-weight)")
    elif ratio >= IMBALANCE:
        say(f"{found}; class_weight is '{how}'")
    if how == "sampling":
        say(
            "a head is fitted to all images at once, so that sampling gives the weights of 'full'"
            if has_head
            else "each class is drawn equally often (--class-weight sampling)"
        )
    if how == "none" or (how == "sampling" and not has_head):
        return None
    weights = (1 / np.maximum(counts, 1)) ** (0.5 if how == "sqrt" else 1.0)
    weights *= counts.sum() / (weights * counts).sum()
    return tuple(round(float(value), 6) for value in weights)
