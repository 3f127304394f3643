"""Images that nothing which answers them has learnt from, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from striate.evaluation.calibration.distance_fit import fit_distance, measure_out_of_fold
from striate.evaluation.calibration.reject_fit import RejectFit, choose_reject_rule
from striate.evaluation.calibration.temperature_fit import TemperatureFit, choose_temperature
from striate.model.decision import Decision, FeatureDistance
from striate.model.decision.feature_distance import measure_activity


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What is known of images that were not learnt from.

    Attributes:
        logits: float32 (n, classes).
        labels: int64 (n,).
        words: what they are: "245 training images, each without having learnt from it".
        near: how far features lie from the classes; None where that was not fitted.
        distance: float32 (n,), of each image, by a fit that has not seen it; None likewise.
        activity: float32 (n,), of each image's features; None likewise.
    """

    logits: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    words: str
    near: FeatureDistance | None = field(default=None, repr=False)
    distance: np.ndarray | None = field(default=None, repr=False)
    activity: np.ndarray | None = field(default=None, repr=False)


@dataclass(frozen=True)
class DecisionFit:
    """How sure to be and when not to answer, and how that was chosen.

    Attributes:
        decision: for the classifier.
        temperature: how its temperature was chosen.
        reject: how its reject rule was; None where none was asked for.
        words: on which images.
    """

    decision: Decision
    temperature: TemperatureFit
    reject: RejectFit | None
    words: str

    @property
    def lines(self) -> tuple[str, ...]:
        """What is to be said of it."""
        told = [str(self.temperature)] + [str(self.reject)] * (self.reject is not None)
        return (f"chosen on {self.words}: {told[0]}", *told[1:])


def hold_out_folds(
    features: np.ndarray,
    logits: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    seed: int,
    groups: np.ndarray | None = None,
) -> HeldOut:
    """Return what a head and a distance say of images that each was fitted without.

    Args:
        features: float32 (n, features).
        logits: float32 (n, classes), each from a head that was fitted without the image.
        labels: int64 (n,).
        classes: how many there are.
        seed: of the folds of the distance.
        groups: int64 (n,), equal for images that stand in one fold; None where each stands alone.
    """
    near = fit_distance(features, labels, classes=classes)
    far, activity = None, None
    if near is not None:
        found = measure_out_of_fold(features, labels, classes=classes, seed=seed, groups=groups)
        near, far = (near, found) if np.isfinite(found).all() else (None, None)
        activity = None if near is None else measure_activity(features)
    words = f"{len(labels):,} training images, each answered by a head that was fitted without it"
    return HeldOut(logits, labels, words, near, far, activity)


def fit_decision(
    held_out: HeldOut, *, mirrored: bool, false_refusals: float, seed: int
) -> DecisionFit:
    """Choose the temperature and, where any may be refused, the reject rule.

    Args:
        held_out: what they are chosen on.
        mirrored: whether the classifier answers with the mean of an image and its mirror image.
        false_refusals: the share of images of the classes that may be refused; 0 refuses nothing.
        seed: of the folds.

    >>> numbers = np.random.default_rng(0)
    >>> labels = numbers.integers(0, 3, 500)
    >>> logits = 3 * (numbers.normal(size=(500, 3)) + 1.5 * np.eye(3)[labels])
    >>> held_out = HeldOut(logits.astype(np.float32), labels, "500 images")
    >>> found = fit_decision(held_out, mirrored=False, false_refusals=0.05, seed=0)
    >>> round(found.decision.temperature), found.reject.refused, found.decision.reject.distance
    (2, 25, None)
    """
    temperature = choose_temperature(held_out.logits, held_out.labels, seed=seed)
    decision = Decision(temperature.temperature, mirrored)
    if not false_refusals:
        return DecisionFit(decision, temperature, None, held_out.words)
    reject = choose_reject_rule(
        decision.probabilities(held_out.logits),
        held_out.labels,
        held_out.distance,
        activity=held_out.activity,
        false_refusals=false_refusals,
    )
    if reject.rule is not None and reject.rule.distance is not None and held_out.near is not None:
        near = replace(
            held_out.near,
            usual_activity=reject.usual_activity,
            activity_scale=reject.activity_scale,
        )
        decision = replace(decision, distance=near)
    return DecisionFit(replace(decision, reject=reject.rule), temperature, reject, held_out.words)
