"""What a last layer says of images that it has not learnt from: each once, by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import stdev
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from striate.features.head import fit_head, standardize
from striate.features.logistic_regression import minimize_loss, softmax
from striate.terminal.units import format_percent

FOLDS = 5
REPEATS = 5
SMALL = 1_000_000  # numbers, above which nothing is repeated: some tenths of a second


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Probabilities of images, each from a layer that was fitted without it.

    Attributes:
        probabilities: float64 (n, classes); rows of NaN where an image is never held out.
        held_out: bool (n,), whether it was.
        strength: the weight decay.
        folds: into how many parts the images were dealt.
    """

    probabilities: np.ndarray
    held_out: np.ndarray
    strength: float
    folds: int


def predict_out_of_fold(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    groups: np.ndarray | None = None,
    seed: int = 0,
    strength: float | None = None,
) -> OutOfFold:
    """Fit a last layer without each fifth of the images, and ask it about that fifth.

    Images of one group (copies of each other) stand in one fifth. A class whose images all lie in
    one group is never predicted, as nothing would be left to learn it from.

    Args:
        features: float32 (n, features).
        labels: int64 (n,), each class at least once.
        classes: how many there are.
        groups: int64 (n,), which images belong together; None where each stands alone.
        seed: of the folds.
        strength: the weight decay; None chooses it by cross-validation.

    >>> numbers = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> values = numbers.normal(size=(40, 3)).astype(np.float32) + 4 * labels[:, None]
    >>> labels[7] = 0  # a wrong label
    >>> found = predict_out_of_fold(values, labels, classes=2)
    >>> int(found.probabilities[np.arange(40), labels].argmin())
    7
    """
    own = np.arange(len(labels)) if groups is None else groups
    fold = deal_folds(labels, own, seed=seed)
    folds = int(fold.max(initial=-1)) + 1
    held_out = fold >= 0
    probabilities = np.full((len(labels), classes), np.nan)
    if folds < 2 or len(np.unique(labels)) < 2:
        return OutOfFold(probabilities, np.zeros(len(labels), np.bool_), 0.0, folds)
    with threadpool_limits(1, "blas"):
        if strength is None:
            strength = fit_head(features[:, None], labels, classes=classes, seed=seed).strength
        values = standardize(features[:, None]).values[:, 0]
        learning = (fold[None] != np.arange(folds)[:, None]).astype(np.float64)
        start = np.zeros((values.shape[1] + 1, folds, classes), np.float32)
        point = minimize_loss(values, labels, learning, strength=strength, start=start)
    for number in range(folds):
        mine = fold == number
        logits = values[mine] @ point[:-1, number] + point[-1, number]
        probabilities[mine] = softmax(logits.astype(np.float64))
    return OutOfFold(probabilities, held_out, strength, folds)


@dataclass(frozen=True)
class RepeatedAccuracy:
    """The accuracy of a last layer in cross-validation that was repeated with other folds.

    Attributes:
        n: images that are held out once in each repeat.
        folds: into how many parts they are dealt.
        accuracies: of each repeat.
    """

    n: int
    folds: int
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over the repeats."""
        return sum(self.accuracies) / len(self.accuracies)

    @property
    def standard_deviation(self) -> float:
        """Of the repeats, with n - 1; 0 of a single one."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return plain values, the mean and the spread among them."""
        return {
            "n": self.n,
            "folds": self.folds,
            "accuracies": list(self.accuracies),
            "mean": self.mean,
            "standard_deviation": self.standard_deviation,
            "low": min(self.accuracies),
            "high": max(self.accuracies),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RepeatedAccuracy:
        """Return what `as_json` wrote."""
        return cls(values["n"], values["folds"], tuple(values["accuracies"]))

    def __str__(self) -> str:
        low, high = min(self.accuracies), max(self.accuracies)
        return (
            f"{format_percent(self.mean)} on average over {len(self.accuracies)} divisions of "
            f"{self.n:,} images into {self.folds} folds, from {format_percent(low)} to "
            f"{format_percent(high)}: so far a figure hangs on which images are held out"
        )


def repeat_folds(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    strength: float,
    groups: np.ndarray | None = None,
    seed: int = 0,
) -> RepeatedAccuracy | None:
    """Repeat stratified (grouped) cross-validation with other folds; None of large data.

    Args:
        features: float32 (n, features).
        labels: int64 (n,).
        classes: how many there are.
        strength: the weight decay.
        groups: int64 (n,), which images stand in one fold; None where each stands alone.
        seed: of the folds.

    >>> numbers = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> values = numbers.normal(size=(40, 3)).astype(np.float32) + 2 * labels[:, None]
    >>> found = repeat_folds(values, labels, classes=2, strength=0.1)
    >>> len(found.accuracies), found.folds, 0.8 < found.mean <= 1
    (5, 5, True)
    >>> RepeatedAccuracy.from_json(found.as_json()) == found
    True
    >>> round(RepeatedAccuracy(40, 5, (0.8, 0.9)).as_json()["standard_deviation"], 3)
    0.071
    """
    if features.size > SMALL:
        return None
    accuracies, n, folds = [], 0, 0
    for repeat in range(1, REPEATS + 1):
        found = predict_out_of_fold(
            features, labels, classes=classes, groups=groups, seed=seed + repeat, strength=strength
        )
        held, n, folds = found.held_out, int(found.held_out.sum()), found.folds
        if folds < 2:
            return None
        accuracies.append(float((found.probabilities[held].argmax(1) == labels[held]).mean()))
    return RepeatedAccuracy(n, folds, tuple(accuracies))


def deal_folds(labels: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Return the fold of each image, int64 (n,), -1 where it is never held out.

    Args:
        labels: int64 (n,).
        groups: int64 (n,), which images stand in one fold.
        seed: of the order in which they are dealt.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed % 2**64, 5]))
    fold = np.full(len(labels), -1)
    first = {int(group): index for index, group in reversed(list(enumerate(groups.tolist())))}
    whole: dict[int, list[int]] = {}
    for index, group in enumerate(groups.tolist()):
        whole.setdefault(group, []).append(index)
    dealt = 0
    for one in np.unique(labels):
        mine = [group for group, index in first.items() if labels[index] == one]
        if len(mine) < 2:
            continue
        for place, group in enumerate(generator.permutation(np.array(sorted(mine))).tolist()):
            fold[whole[group]] = (dealt + place) % FOLDS
        dealt += len(mine)
    return fold
