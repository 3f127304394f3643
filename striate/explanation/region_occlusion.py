"""The proof of a shortcut: a part of the images is occluded, and accuracy is measured again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from striate.data import Images, prefetch
from striate.explanation.baselines import inpaint
from striate.explanation.image_regions import Region
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter
from striate.terminal.units import format_percent

BATCH = 32  # images at once
LEAST = 0.2  # how far accuracy must fall for a part to be called a shortcut
ENOUGH = 0.5  # how many images of other classes it turns into the class
Z = 1.96


@dataclass(frozen=True)
class OcclusionTest:
    """The images of one class with a part hidden, and with other parts as large hidden.

    Attributes:
        label: the class.
        region: the part.
        n: how many images.
        accuracy: on the images as they are, 0 to 1.
        occluded_accuracy: with the part hidden: filled smoothly from what surrounds it.
        probability: mean probability of the class as they are.
        occluded_probability: with the part hidden.
        control: the part as large, elsewhere, whose occlusion does the most harm.
        control_accuracy: accuracy with that one hidden.
        excess_drop: by how much more accuracy falls than with the control, with the lower and
            upper end of its 95 % interval over the images.
        transferred: the share of images of other classes predicted as this class once they have
            the part of an image of this class; None where there are no others, or hiding did no
            harm.
        transferred_before: the share of the same images predicted as it before; None likewise.
    """

    label: str
    region: Region
    n: int
    accuracy: float
    occluded_accuracy: float
    probability: float
    occluded_probability: float
    control: Region
    control_accuracy: float
    excess_drop: tuple[float, float, float]
    transferred: float | None
    transferred_before: float | None

    @property
    def is_shortcut(self) -> bool:
        """Whether the part is a shortcut: the class needs it, and it is enough for the class.

        Occluding it costs a fifth of accuracy or more, a tenth more than the control, and
        the interval says that this is no accident; and of the images of other classes it turns
        half or more into this class, where there are others.
        """
        needed = (
            self.accuracy - self.occluded_accuracy >= LEAST
            and self.excess_drop[0] >= LEAST / 2
            and self.excess_drop[1] > 0
        )
        if self.transferred is None or self.transferred_before is None:
            return needed
        return needed and self.transferred - self.transferred_before >= ENOUGH

    @property
    def words(self) -> str:
        """The verdict with its figures."""
        right, hidden = format_percent(self.accuracy), format_percent(self.occluded_accuracy)
        hidden = f"occluded, accuracy falls from {right} to {hidden}"
        control = (
            f"{self.control.name} occluded instead leaves {format_percent(self.control_accuracy)} "
            f"({self.n:,} images)"
        )
        told = f"the class '{self.label}' depends on {self.region.name}: {hidden}; {control}"
        if not self.is_shortcut:
            told = (
                f"'{self.label}': {self.region.name} was suspected and is no proven shortcut: "
                f"{hidden}; {control}"
            )
        if self.transferred is None or self.transferred_before is None:
            return told
        return (
            f"{told}; put into images of other classes, "
            f"{format_percent(self.transferred)} of them are predicted as '{self.label}' "
            f"({format_percent(self.transferred_before)} before)"
        )


def occlude_region(
    model: Classifier,
    images: Images,
    label: int,
    region: Region,
    *,
    own: np.ndarray,
    others: np.ndarray,
    reporter: ProgressReporter,
) -> OcclusionTest:
    """Return what comes of hiding a part in images of a class, and of putting it into others.

    Args:
        model: the classifier.
        images: decoded with its preprocessing.
        label: the class's place.
        region: the part; it has at least one control.
        own: indices of images of the class, at least one.
        others: indices of images of other classes; perhaps none.
        reporter: is told the images done and their total.

    Example: ``occlude_region(model, images, 0, border_region(0.1), own=own, others=others,
    reporter=reporter).is_shortcut``.
    """
    size = images.shape[2:]
    parts = (region, *region.controls())
    masks = [part.mask(*size) for part in parts]
    total = len(own) + len(others)
    told: list[np.ndarray] = []  # (parts + 1, batch) each: the class's probability
    right: list[np.ndarray] = []  # likewise: whether it is predicted
    kept: list[np.ndarray] = []  # the part, as it lies in images of the class
    for _, pixels in prefetch(images, _groups(own)):
        given = torch.from_numpy(pixels).float()
        # filled from around; the mean of other images would show what it hides
        every = [pixels, *(_whole(inpaint(given, mask)) for mask in masks)]
        answers = [model.probabilities(each) for each in every]
        told.append(np.stack([rows[:, label] for rows in answers]))
        right.append(np.stack([rows.argmax(1) == label for rows in answers]))
        kept.append(pixels[:, :, masks[0]])
        reporter(sum(each.shape[1] for each in told), total)
    hits, shares = np.concatenate(right, 1), np.concatenate(told, 1)
    worst = 2 + int(hits[2:].mean(1).argmin())
    harmed = float(hits[0].mean() - hits[1].mean()) >= LEAST
    carried: tuple[float | None, float | None] = (None, None)
    if harmed and len(others):
        carried = _carried(model, images, label, np.concatenate(kept), masks[0], others=others)
    reporter(total, total)
    return OcclusionTest(
        label=model.classes[label],
        region=region,
        n=len(own),
        accuracy=float(hits[0].mean()),
        occluded_accuracy=float(hits[1].mean()),
        probability=float(shares[0].mean()),
        occluded_probability=float(shares[1].mean()),
        control=parts[worst - 1],
        control_accuracy=float(hits[worst].mean()),
        excess_drop=_apart(hits[worst].astype(float) - hits[1]),
        transferred=carried[0],
        transferred_before=carried[1],
    )


def _carried(
    model: Classifier,
    images: Images,
    label: int,
    patches: np.ndarray,
    mask: np.ndarray,
    *,
    others: np.ndarray,
) -> tuple[float, float]:
    """Put parts of images of a class into others: the shares told as it, with and without."""
    before = after = done = 0
    for _, pixels in prefetch(images, _groups(others)):
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
