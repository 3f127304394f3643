"""A new last layer on features that are already there: multinomial logistic regression.

The strength of its regularisation is chosen by cross-validation, in which all versions of a
picture stand on one side. The layer that comes out takes the features as they are: their
standardisation is folded into its weights.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

STRENGTHS = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Weight decays that are tried, from the strongest on, until the loss has risen twice."""

FOLDS = 5
LARGE = 8_000_000  # numbers in the features from which one held-out fifth replaces the folds
ITERATIONS = 300

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Tried:
    """One strength in cross-validation.

    Attributes:
        strength: the weight decay.
        loss: mean cross-entropy of the pictures held out.
        accuracy: the share of them told right.
    """

    strength: float
    loss: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Head:
    """A full connection from features to classes.

    Attributes:
        weight: float32 (classes, features).
        bias: float32 (classes,).
        strength: the weight decay that was chosen, on standardised features.
        tried: what cross-validation said of each strength.
        pictures: held out in it, in all.
        folds: how many parts the pictures were dealt into; 1 where a fifth was held out once.
    """

    weight: np.ndarray
    bias: np.ndarray
    strength: float
    tried: tuple[Tried, ...]
    pictures: int
    folds: int

    @property
    def best(self) -> Tried:
        """What cross-validation said of the strength that was chosen."""
        return next(one for one in self.tried if one.strength == self.strength)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Features as the regression wants them.

    Attributes:
        values: float32 (pictures, versions, directions), standardised and rotated.
        back: float32 (directions, features): the rotation and the standardisation undone.
        mean: float32 (features,).
    """

    values: np.ndarray
    back: np.ndarray
    mean: np.ndarray


def fit(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    class_weights: Sequence[float] | None = None,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Head:
    """Learn the last layer.

    It minimises the mean of -log softmax(W x + b)[label] plus strength/2 times the sum of the
    squared weights, on standardised features; the optimum is unique. Hastie, Tibshirani and
    Friedman 2009, The elements of statistical learning, section 4.4.

    Args:
        features: float32 (pictures, versions, features); the first version is the picture
            itself, the others are changed a little.
        labels: int64 (pictures,), each class at least once.
        classes: how many there are.
        class_weights: weight of each class in the loss, or None for none.
        seed: of the folds.
        progress: told the strengths that were tried, and how many there are.

    >>> numbers = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> values = numbers.normal(size=(40, 1, 3)).astype(np.float32) + 4 * labels[:, None, None]
    >>> head = fit(values, labels, classes=2)
    >>> answers = (values[:, 0] @ head.weight.T + head.bias).argmax(1)
    >>> bool((answers == labels).all()), head.best.accuracy
    (True, 1.0)
    """
    weights = None if class_weights is None else np.asarray(class_weights)[labels]
    rows = _prepared(features)
    tried: list[Tried] = []
    folds = list(_folds(labels, seed, large=rows.values.size > LARGE))
    held_out = sum(len(test) for _, test in folds)
    for number, strength in enumerate(STRENGTHS, start=1):
        tried.append(_cross_validated(rows, labels, folds, weights, strength=strength))
        progress(number, len(STRENGTHS))
        if _has_turned(tried):
            break
    progress(len(STRENGTHS), len(STRENGTHS))
    best = min(tried, key=lambda one: one.loss)
    weight, bias = _regression(rows.values, labels, weights, classes, strength=best.strength)
    weight = weight @ rows.back
    return Head(
        weight=weight.astype(np.float32),
        bias=(bias - weight @ rows.mean).astype(np.float32),
        strength=best.strength,
        tried=tuple(tried),
        pictures=held_out,
        folds=len(folds),
    )


def _prepared(features: np.ndarray) -> _Rows:
    """Standardise, and where there are fewer rows than features, rotate to as many directions.

    The penalty is the same in every rotated frame, and weights outside of the span of the rows
    only add to it, so the optimum is the same.
    """
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    mean, spread = flat.mean(0), flat.std(0)
    spread = np.where(spread > 1e-6 * max(1e-30, float(spread.max(initial=0.0))), spread, np.inf)
    standard = (flat - mean) / spread
    back = np.diag(1 / spread)
    if len(standard) < standard.shape[1]:
        _, _, directions = np.linalg.svd(standard, full_matrices=False)
        standard, back = standard @ directions.T, directions / spread
    values = standard.reshape(*features.shape[:2], -1)
    return _Rows(values.astype(np.float32), back, mean)


def _folds(
    labels: np.ndarray, seed: int, *, large: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give (training, held-out) pictures; every class stays in training.

    Classes of a single picture are never held out.
    """
    counts = np.bincount(labels)
    if not (counts >= 2).any():
        yield np.arange(len(labels)), np.arange(len(labels))
        return
    generator = np.random.Generator(np.random.Philox(key=[seed % 2**64, 3]))
    fold = np.full(len(labels), -1)
    dealt = 0  # goes on from class to class, so that the folds are of like size
    for one in np.flatnonzero(counts >= 2):
        members = generator.permutation(np.flatnonzero(labels == one))
        fold[members] = (dealt + np.arange(len(members))) % FOLDS
        dealt += len(members)
    for number in range(FOLDS):
        test = np.flatnonzero(fold == number)
        if len(test):
            yield np.flatnonzero(fold != number), test
        if large:
            return


def _cross_validated(
    rows: _Rows,
    labels: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    weights: np.ndarray | None,
    *,
    strength: float,
) -> Tried:
    loss, right, count = 0.0, 0, 0
    classes = int(labels.max()) + 1
    for train, test in folds:
        own = None if weights is None else weights[train]
        weight, bias = _regression(
            rows.values[train], labels[train], own, classes, strength=strength
        )
        logits = rows.values[test, 0] @ weight.T + bias
        logits -= logits.max(1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        loss -= float(logs[np.arange(len(test)), labels[test]].sum())
        right += int((logits.argmax(1) == labels[test]).sum())
        count += len(test)
    return Tried(strength, loss / count, right / count)


def _has_turned(tried: Sequence[Tried]) -> bool:
    best = min(range(len(tried)), key=lambda place: tried[place].loss)
    return len(tried) - 1 - best >= 2


def _regression(
    values: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None,
    classes: int,
    *,
    strength: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Give (weight, bias) of the optimum, float64 (classes, directions) and (classes,)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    pictures, versions, directions = values.shape
    flat = values.reshape(-1, directions)
    truth = np.repeat(labels, versions)
    each = None if weights is None else np.repeat(weights, versions)
    total = len(flat) if each is None else float(each.sum())
    there = np.unique(truth)
    weight, bias = np.zeros((classes, directions)), np.full(classes, -1e4)
    if len(there) == 1:
        bias[there] = 0.0
        return weight, bias
    # two classes have one row of weights w, as -w/2 and w/2, of half the sum of squares
    inverse = (2 if len(there) == 2 else 1) / (strength * total)
    solver = LogisticRegression(C=inverse, max_iter=ITERATIONS, tol=1e-3)
    with warnings.catch_warnings():
        # near the optimum is near enough: what counts is measured on pictures held out
        warnings.simplefilter("ignore", ConvergenceWarning)
        solver.fit(flat, truth, sample_weight=each)
    if len(there) == 2:  # one row of weights, for the second class against the first
        weight[there] = np.concatenate([-solver.coef_, solver.coef_]) / 2
        bias[there] = np.concatenate([-solver.intercept_, solver.intercept_]) / 2
        return weight, bias
    weight[there], bias[there] = solver.coef_, solver.intercept_
    return weight, bias
