"""The proof: a part of the pictures is hidden, and it is seen how many are still told right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from striate.classifier import Classifier
from striate.data import Pictures, prefetched
from striate.inside.regions import Region
from striate.inside.stand_ins import filled
from striate.metrics.shares import percent
from striate.tempo import Tempo

BATCH = 32  # pictures at once
LEAST = 0.2  # how much less must be told right, of all, for a part to be called a shortcut
ENOUGH = 0.5  # how many pictures of other classes it turns into the class
Z = 1.96


@dataclass(frozen=True)
class Hiding:
    """The pictures of one class with a part hidden, and with other parts as large hidden.

    Attributes:
        label: the class.
        region: the part.
        n: how many pictures.
        right: the share told right as they are, 0 to 1.
        hidden: the share with the part hidden: filled smoothly from what surrounds it.
        probability: mean probability of the class as they are.
        hidden_probability: with the part hidden.
        control: the part as large, elsewhere, whose hiding does the most harm.
        control_right: the share told right with that one hidden.
        apart: by how much the part does more harm than the control, with the lower and upper end
            of its 95 % interval over the pictures.
        carried: the share of pictures of other classes told as this class once they have the
            part of a picture of this class; None where there are no others, or hiding did no
            harm.
        others: the share of the same pictures told as this class before; None likewise.
    """

    label: str
    region: Region
    n: int
    right: float
    hidden: float
    probability: float
    hidden_probability: float
    control: Region
    control_right: float
    apart: tuple[float, float, float]
    carried: float | None
    others: float | None

    @property
    def proved(self) -> bool:
        """Whether the part is a shortcut: the class needs it, and it is enough for the class.

        Hiding it costs a fifth of all pictures or more, a tenth more than hiding the control, and
        the interval says that this is no accident; and of the pictures of other classes it turns
        half or more into this class, where there are others.
        """
        needed = (
            self.right - self.hidden >= LEAST and self.apart[0] >= LEAST / 2 and self.apart[1] > 0
        )
        if self.carried is None or self.others is None:
            return needed
        return needed and self.carried - self.others >= ENOUGH

    @property
    def words(self) -> str:
        """Say it with the figures."""
        hidden = f"hiding it, {percent(self.right)} told right become {percent(self.hidden)}"
        control = (
            f"hiding {self.control.words} instead leaves {percent(self.control_right)} "
            f"({self.n:,} pictures)"
        )
        told = f"the class '{self.label}' is told by {self.region.words}: {hidden}; {control}"
        if not self.proved:
            told = (
                f"'{self.label}': {self.region.words} was suspected and is no proven shortcut: "
                f"{hidden}; {control}"
            )
        if self.carried is None or self.others is None:
            return told
        return (
            f"{told}; put into pictures of other classes, it has {percent(self.carried)} of them "
            f"told as '{self.label}' ({percent(self.others)} before)"
        )


def hide(
    model: Classifier,
    pictures: Pictures,
    label: int,
    region: Region,
    *,
    own: np.ndarray,
    others: np.ndarray,
    tempo: Tempo,
) -> Hiding:
    """Hide a part in the pictures of a class, and put it into those of other classes.

    Args:
        model: the classifier.
        pictures: decoded with its preprocessing.
        label: the class's place.
        region: the part; it has at least one control.
        own: indices of pictures of the class, at least one.
        others: indices of pictures of other classes; perhaps none.
        tempo: is told the pictures done and their total.

    Example: ``hide(model, pictures, 0, ring(0.1), own=own, others=others, tempo=tempo).proved``.
    """
    size = pictures.shape[2:]
    parts = (region, *region.controls())
    masks = [part.mask(*size) for part in parts]
    total = len(own) + len(others)
    told: list[np.ndarray] = []  # (parts + 1, batch) each: the class's probability
    right: list[np.ndarray] = []  # likewise: whether it is told right
    kept: list[np.ndarray] = []  # the part, as it lies in pictures of the class
    for _, pixels in prefetched(pictures, _groups(own)):
        given = torch.from_numpy(pixels).float()
        every = [pixels, *(_whole(filled(given, mask)) for mask in masks)]
        answers = [model.probabilities(each) for each in every]
        told.append(np.stack([rows[:, label] for rows in answers]))
        right.append(np.stack([rows.argmax(1) == label for rows in answers]))
        kept.append(pixels[:, :, masks[0]])
        tempo(sum(each.shape[1] for each in told), total)
    hits, shares = np.concatenate(right, 1), np.concatenate(told, 1)
    worst = 2 + int(hits[2:].mean(1).argmin())
    harmed = float(hits[0].mean() - hits[1].mean()) >= LEAST
    carried: tuple[float | None, float | None] = (None, None)
    if harmed and len(others):
        carried = _carried(model, pictures, label, np.concatenate(kept), masks[0], others=others)
    tempo(total, total)
    return Hiding(
        label=model.classes[label],
        region=region,
        n=len(own),
        right=float(hits[0].mean()),
        hidden=float(hits[1].mean()),
        probability=float(shares[0].mean()),
        hidden_probability=float(shares[1].mean()),
        control=parts[worst - 1],
        control_right=float(hits[worst].mean()),
        apart=_apart(hits[worst].astype(float) - hits[1]),
        carried=carried[0],
        others=carried[1],
    )


def _carried(
    model: Classifier,
    pictures: Pictures,
    label: int,
    patches: np.ndarray,
    mask: np.ndarray,
    *,
    others: np.ndarray,
) -> tuple[float, float]:
    """Put parts of pictures of a class into others: the shares told as it, with and without."""
    before = after = done = 0
    for _, pixels in prefetched(pictures, _groups(others)):
        changed = pixels.copy()
        changed[:, :, mask] = patches[(done + np.arange(len(pixels))) % len(patches)]
        before += int((model.probabilities(pixels).argmax(1) == label).sum())
        after += int((model.probabilities(changed).argmax(1) == label).sum())
        done += len(pixels)
    return after / len(others), before / len(others)


def _groups(indices: np.ndarray) -> list[np.ndarray]:
    return [indices[start : start + BATCH] for start in range(0, len(indices), BATCH)]


def _whole(values: torch.Tensor) -> np.ndarray:
    return np.asarray(values.round().clamp(0, 255).to(torch.uint8).numpy())


def _apart(differences: np.ndarray) -> tuple[float, float, float]:
    """Mean of paired differences with its 95 % interval, by the normal approximation."""
    middle = float(differences.mean())
    if len(differences) < 2:
        return middle, -1.0, 1.0
    reach = Z * float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return middle, max(-1.0, middle - reach), min(1.0, middle + reach)
