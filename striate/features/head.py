"""A new last layer on features that are already there: multinomial logistic regression.

The strength of its regularisation is chosen by cross-validation, in which all copies of an
image stand on one side. The layer that comes out takes the features as they are: their
standardisation is folded into its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from striate.features.logistic_regression import minimize_loss, softmax

STRENGTHS = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Weight decays that are tried, from the strongest on, until the loss has risen twice."""

FOLDS = 5
COLUMNS = 64  # features that are standardised at a time: doubles of all take twice their memory
ROWS = 4096  # images that are rotated at a time
LARGE = 8_000_000  # numbers at work from which one held-out fifth replaces the folds
TINY = 1e-300  # so that the logarithm of no chance at all is a number

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Candidate:
    """One strength in cross-validation.

    Attributes:
        strength: the weight decay.
        loss: mean cross-entropy of the images held out.
        accuracy: of these images.
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
        held_out: int64 (held out,), the images held out in it.
        logits: float32 (held out, classes), what the chosen strength said of each, by weights that
            had not learnt from it.
        folds: how many parts the images were dealt into; 1 where a fifth was held out once, 0
            where none could be, as no class has two groups.
        random_accuracy: of folds that were dealt without regard to groups, which is what a random
            split would have claimed; None where there are no groups.
    """

    weight: np.ndarray
    bias: np.ndarray
    strength: float
    tried: tuple[Candidate, ...]
    held_out: np.ndarray = field(repr=False)
    logits: np.ndarray = field(repr=False)
    folds: int
    random_accuracy: float | None = None

    @property
    def probabilities(self) -> np.ndarray:
        """The softmax of the logits: float32 (held out, classes)."""
        return softmax(self.logits.astype(np.float64)).astype(np.float32)

    @property
    def best(self) -> Candidate:
        """What cross-validation said of the strength that was chosen."""
        return next(one for one in self.tried if one.strength == self.strength)


@dataclass(frozen=True, eq=False)
class StandardRows:
    """Features as the regression wants them.

    Attributes:
        values: float32 (images, n_augmented, directions), standardised and rotated.
        back: float32 (directions, features): the rotation and the standardisation undone.
        mean: float64 (features,).
        spread: float64 (features,), the standard deviation; infinity where all values are equal.
    """

    values: np.ndarray
    back: np.ndarray
    mean: np.ndarray
    spread: np.ndarray


def fit_head(
    features: np.ndarray | StandardRows,
    labels: np.ndarray,
    *,
    classes: int,
    class_weights: Sequence[float] | None = None,
    groups: np.ndarray | None = None,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Head:
    """Learn the last layer.

    It minimises the mean of -log softmax(W x + b)[label] plus strength/2 times the sum of the
    squared weights, on standardised features; the optimum is unique. Hastie, Tibshirani and
    Friedman 2009, The elements of statistical learning, section 4.4.

    Args:
        features: float32 (images, n_augmented, features); the first version is the image
            itself, the others are changed a little. Or what `standardize` has made of them.
        labels: int64 (images,), each class at least once.
        classes: how many there are.
        class_weights: weight of each class in the loss, or None for none.
        groups: int64 (images,), equal for images that belong together, which stand in one fold;
            None where each stands alone.
        seed: of the folds.
        progress: told the strengths that were tried, and how many there are.

    >>> numbers = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> values = numbers.normal(size=(40, 1, 3)).astype(np.float32) + 4 * labels[:, None, None]
    >>> head = fit_head(values, labels, classes=2)
    >>> answers = (values[:, 0] @ head.weight.T + head.bias).argmax(1)
    >>> bool((answers == labels).all()), head.best.accuracy
    (True, 1.0)
    """
    # Products of few columns: two threads that wait for each other take 1 to 6 times as long as
    # one, and let the last digits depend on the number of cores.
    with threadpool_limits(1, "blas"):
        alone = np.arange(len(labels)) if groups is None else groups
        rows = features if isinstance(features, StandardRows) else standardize(features)
        return _fit(rows, labels, classes, class_weights, alone, seed=seed, progress=progress)


def _fit(
    rows: StandardRows,
    labels: np.ndarray,
    classes: int,
    class_weights: Sequence[float] | None,
    groups: np.ndarray,
    *,
    seed: int,
    progress: Progress,
) -> Head:
    n_augmented = rows.values.shape[1]
    values = rows.values.reshape(-1, rows.values.shape[2])
    truth = np.repeat(labels, n_augmented)
    weights = np.ones(len(labels)) if class_weights is None else np.asarray(class_weights)[labels]
    large = max(values.size, len(values) * classes * FOLDS) > LARGE
    folds = list(_folds(labels, groups, seed, large=large))
    learning = np.repeat(_weigh(folds, weights), n_augmented, axis=1)
    points = [np.zeros((values.shape[1] + 1, len(folds), classes), np.float32)]
    tried: list[Candidate] = []
    held_out = np.concatenate([test for _, test in folds])
    logits = np.zeros((len(held_out), classes), np.float32)
    for number, strength in enumerate(STRENGTHS, start=1):  # each begins where the one before ended
        points.append(minimize_loss(values, truth, learning, strength=strength, start=points[-1]))
        answers = _answer(points[-1], values[::n_augmented], folds)
        tried.append(_validate(softmax(answers), labels[held_out], strength=strength))
        if tried[-1].loss == min(one.loss for one in tried):
            logits = answers.astype(np.float32)
        progress(number, len(STRENGTHS))
        if _has_turned(tried):
            break
    progress(len(STRENGTHS), len(STRENGTHS))
    best = min(range(len(tried)), key=lambda place: tried[place].loss)
    strength, near = tried[best].strength, points[best + 1].mean(1, keepdims=True)
    every = np.repeat(weights, n_augmented)[None]
    found = minimize_loss(values, truth, every, strength=strength, start=near)[:, 0].T.astype(
        np.float64
    )
    random_accuracy = None
    apart_at_all = len(folds[0][0]) < len(labels)  # else each image was answered by what knows it
    if apart_at_all and len(np.unique(groups)) < len(groups):
        apart = list(_folds(labels, np.arange(len(labels)), seed, large=large))
        learning = np.repeat(_weigh(apart, weights), n_augmented, axis=1)
        start = np.repeat(near, len(apart), axis=1)
        point = minimize_loss(values, truth, learning, strength=strength, start=start)
        drawn = np.concatenate([test for _, test in apart])
        answers = softmax(_answer(point, values[::n_augmented], apart))
        random_accuracy = _validate(answers, labels[drawn], strength=strength).accuracy
    weight = found[:, :-1] @ rows.back
    return Head(
        weight=weight.astype(np.float32),
        bias=(found[:, -1] - weight @ rows.mean).astype(np.float32),
        strength=strength,
        tried=tuple(tried),
        held_out=held_out if apart_at_all else held_out[:0],
        logits=logits if apart_at_all else logits[:0],
        folds=len(folds) if apart_at_all else 0,
        random_accuracy=random_accuracy,
    )


def _weigh(folds: Sequence[tuple[np.ndarray, np.ndarray]], weights: np.ndarray) -> np.ndarray:
    """Return how much each image counts in what each fold learns: float64 (folds, images)."""
    learning = np.zeros((len(folds), len(weights)))
    for row, (train, _) in zip(learning, folds, strict=True):
        row[train] = weights[train]
    return learning


def standardize(features: np.ndarray, *, overwrite: bool = False) -> StandardRows:
    """Standardise, and rotate to the directions in which the rows differ, as many as there are.

    The penalty is the same in every rotated frame, and weights outside of the span of the rows
    only add to it, so the optimum is the same. In this frame no two columns are correlated, and
    conjugate gradients, preconditioned column by column, need a third of the products.

    Args:
        features: float32 (images, n_augmented, features).
        overwrite: whether these are written over where there are as many rows as features.
    """
    flat = features.reshape(-1, features.shape[-1])
    edges = np.linspace(0, flat.shape[1], -(-flat.shape[1] // COLUMNS) + 1).astype(int)
    columns = [slice(first, end) for first, end in pairwise(edges.tolist())]
    mean, spread = np.empty(flat.shape[1]), np.empty(flat.shape[1])
    for block in columns:
        exact = flat[:, block].astype(np.float64)
        mean[block], spread[block] = exact.mean(0), exact.std(0)
    spread = np.where(spread > 1e-6 * max(1e-30, float(spread.max(initial=0.0))), spread, np.inf)
    if len(flat) < flat.shape[1]:
        standard = (flat.astype(np.float64) - mean) / spread
        _, _, directions = np.linalg.svd(standard, full_matrices=False)
        values, back = (standard @ directions.T).astype(np.float32), directions / spread
    else:
        values = flat if overwrite else np.empty(flat.shape, np.float32)
        for block in columns:
            exact = flat[:, block].astype(np.float64)
            exact -= mean[block]
            exact /= spread[block]
            values[:, block] = exact
        _, directions = np.linalg.eigh((values.T @ values).astype(np.float64))
        for first in range(0, len(values), ROWS):
            values[first : first + ROWS] = values[first : first + ROWS] @ directions.astype("f4")
        back = directions.T / spread
    return StandardRows(values.reshape(*features.shape[:2], -1), back, mean, spread)


def _folds(
    labels: np.ndarray, groups: np.ndarray, seed: int, *, large: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Return (training, held-out) images; every class stays in training.

    A group belongs to the class of its first image. Classes of a single group are never held out.
    """
    _, first, which = np.unique(groups, return_index=True, return_inverse=True)
    owner = labels[first]  # of each group
    sizes = np.bincount(which)
    counts = np.bincount(owner, minlength=int(labels.max()) + 1)
    if not (counts >= 2).any():
        yield np.arange(len(labels)), np.arange(len(labels))
        return
    generator = np.random.Generator(np.random.Philox(key=[seed % 2**64, 3]))
    fold = np.full(len(sizes), -1)
    dealt = 0  # goes on from class to class, so that the folds are of like size
    for one in np.flatnonzero(counts >= 2):
        order = np.roll(np.arange(FOLDS), -dealt)
        filled = np.zeros(FOLDS, np.int64)  # images of this class, in the order above
        members = np.flatnonzero(owner == one)
        for group in generator.permutation(members[np.argsort(first[members])]).tolist():
            emptiest = int(filled.argmin())
            fold[group] = order[emptiest]
            filled[emptiest] += sizes[group]
        dealt += len(members)
    for number in range(FOLDS):
        held_out = fold[which] == number
        if held_out.any():
            yield np.flatnonzero(~held_out), np.flatnonzero(held_out)
        if large:
            return


def _answer(
    point: np.ndarray, images: np.ndarray, folds: Sequence[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Return what the weights of each fold say of what it holds out: float64 (images, classes)."""
    parts = [
        (images[test] @ point[:-1, number] + point[-1, number]).astype(np.float64)
        for number, (_, test) in enumerate(folds)
    ]
    return np.concatenate(parts)


def _validate(probabilities: np.ndarray, labels: np.ndarray, *, strength: float) -> Candidate:
    """Judge what was said of images that were held out."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    loss = -float(np.log(of_truth + TINY).sum()) / len(labels)
    return Candidate(strength, loss, float((probabilities.argmax(1) == labels).mean()))


def _has_turned(tried: Sequence[Candidate]) -> bool:
    best = min(range(len(tried)), key=lambda place: tried[place].loss)
    return len(tried) - 1 - best >= 2
