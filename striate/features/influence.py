"""What each training image adds to an answer of a head: how the answer changes without it.

A head is the optimum of a regularised loss, so its second derivatives tell where the optimum goes
when an image is taken out. Koh and Liang 2017, Understanding black-box predictions via influence
functions, https://arxiv.org/abs/1703.04730. Here the loss is convex and the derivatives are exact:
nothing of a network below the head is asked, so nothing is approximated but the size of the step.

The weights of all classes add up to zero, so they are written in the classes - 1 directions in
which they differ. One system of equations is solved for an answer, by conjugate gradients, however
many training images there are. The second derivatives are never written down: they would take
(columns x classes)^2 numbers. What preconditions them is one matrix of columns^2, which for two
classes is the second derivatives themselves, so that one step solves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve, helmert
from threadpoolctl import threadpool_limits

from striate.errors import SettingError
from striate.features.head import standardize
from striate.features.logistic_regression import minimize_loss, softmax

BLOCK = 2**22  # numbers that are turned into doubles at a time: 32 MiB
DENSE = 5e10  # multiply-adds that the preconditioner may take; of more rows it takes a share
PRODUCTS = 300  # of conjugate gradients, at most
EXACT = 1e-9  # of the right-hand side's length, that conjugate gradients may leave
STEPS = 20  # of Newton, at most
NEAR = 1e-14  # nats between the loss and its least that are no difference


@dataclass(frozen=True, eq=False)
class Influence:
    """How the log-odds of a class would change without each training image, to first order.

    Below zero where the image speaks for the class: without it, the class is less probable.

    Attributes:
        by_loss: float64 (training images,), since the image has no part in the loss any more.
        by_scale: likewise, since features are standardised without it, so that the penalty weighs
            them otherwise.
    """

    by_loss: np.ndarray
    by_scale: np.ndarray

    @property
    def change(self) -> np.ndarray:
        """Both together, in the unit of a logit."""
        return np.asarray(self.by_loss + self.by_scale)


@dataclass(frozen=True, eq=False)
class TaughtHead:
    """A head with the images that it was fitted on.

    Attributes:
        values: float32 (images, n_augmented, columns), standardised, with a last column of ones.
        labels: int64 (images,).
        shares: float64 (images,), of each image in the loss; they sum to one.
        strength: the weight decay.
        weight: float64 (columns, classes), the optimum.
        back: float32 (directions, features), what brings features into the columns.
        mean: (features,), what is taken off them first.
        spread: (features,), what they are divided by; infinity where all are equal.
    """

    values: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    shares: np.ndarray = field(repr=False)
    strength: float
    weight: np.ndarray = field(repr=False)
    back: np.ndarray = field(repr=False)
    mean: np.ndarray = field(repr=False)
    spread: np.ndarray = field(repr=False)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return what it says of images: float64 (n, classes).

        Args:
            features: (n, features), as they came out of the backbone.
        """
        return np.asarray(self._bring(features) @ self.weight)

    def excess(self, weight: np.ndarray, bias: np.ndarray) -> float:
        """Return how much larger the loss is under the weights of another head, in nats.

        Args:
            weight: (classes, features), for features as they came out of the backbone.
            bias: (classes,).
        """
        raw = np.asarray(weight, np.float64).T
        spread = np.where(np.isfinite(self.spread), self.spread, 0)
        point = np.vstack([self._directions @ (raw * spread[:, None]), bias + self.mean @ raw])
        point -= point.mean(1, keepdims=True)
        return self._loss(point, self.shares) - self._loss(self.weight, self.shares)

    def influence(
        self, features: np.ndarray, target: int, *, temperature: float = 1.0
    ) -> Influence:
        """Return how the log-odds of a class would change without each training image.

        Args:
            features: (features,), of the image that was answered.
            target: the class, by number.
            temperature: what logits are divided by.

        >>> numbers = np.random.default_rng(0)
        >>> labels = np.arange(60) % 2
        >>> features = numbers.normal(size=(60, 1, 3)) + 2 * labels[:, None, None]
        >>> head = fit_taught_head(features.astype(np.float32), labels, classes=2, strength=0.1)
        >>> found = head.influence(features[1, 0], 1)
        >>> bool(found.change[1] < 0)  # an image speaks for its own class
        True
        """
        row = self._bring(features[None])[0]
        slope = _log_odds_slope(row @ self.weight, target, temperature)
        with threadpool_limits(1, "blas"):
            right = np.outer(row, slope) @ self._basis.T
            way = self._solve(right, self.shares) @ self._basis
            by_scale = self._rescale(np.asarray(features, np.float64), slope, way)
        odds, classes = self._odds(self.weight), self.weight.shape[1]
        truth = np.repeat(np.eye(classes)[self.labels], self.values.shape[1], axis=0)
        each = ((odds - truth) * self._forward(way)).sum(1)
        each = each.reshape(len(self.labels), -1).mean(1)
        # the mean is of fewer images then, so the penalty weighs more beside each
        decayed = self.strength * float((way[:-1] * self.weight[:-1]).sum())
        return Influence(self.shares / (1 - self.shares) * (each + decayed), by_scale)

    def _rescale(self, features: np.ndarray, slope: np.ndarray, way: np.ndarray) -> np.ndarray:
        """Return what standardising without each image changes: float64 (training images,).

        A feature's mean is made up for by the bias. Its variance is what the penalty on its weight
        is multiplied by.
        """
        turn = self._directions
        standard = (features - self.mean) / self.spread
        # beyond the directions of the training images nothing but the penalty curves
        beyond = standard - (standard @ turn.T) @ turn
        weight = turn.T @ self.weight[:-1]
        along = turn.T @ way[:-1] + np.outer(beyond, slope) / self.strength
        cost = self.strength * (weight * along).sum(1)  # of each feature
        copies, rows = self.values.shape[1], len(self._flat)
        left = rows - copies
        found = np.zeros(len(self.labels))
        size = max(1, BLOCK // (copies * len(cost)))
        for start in range(0, len(found), size):
            values = self.values[start : start + size, :, :-1].astype(np.float64)
            values = values if turn is None else values @ turn
            sums, squares = values.sum(1), (values**2).sum(1)
            variance = (rows - squares) / left - (sums / left) ** 2  # it was 1
            found[start : start + size] = (1 - variance) @ cost
        return found

    def step_without(self, struck: Sequence[int]) -> TaughtHead:
        """Return the head without some images after one Newton step: nearly the optimum.

        Args:
            struck: numbers of training images.

        Raises:
            SettingError: a class would have no image left.
        """
        with threadpool_limits(1, "blas"):
            return self._descend(self._shares_without(struck), steps=1)

    def _shares_without(self, struck: Sequence[int]) -> np.ndarray:
        shares = self.shares.copy()
        shares[list(struck)] = 0
        left = np.bincount(self.labels[shares > 0], minlength=self.weight.shape[1])
        if not left.all():
            raise SettingError(
                f"without these {len(struck):,} images class number {int(left.argmin())} would "
                "have none left to learn from; leave one of it in"
            )
        return np.asarray(shares / shares.sum())

    def _bring(self, features: np.ndarray) -> np.ndarray:
        rows = (np.asarray(features, np.float64) - self.mean) @ self.back.T
        return np.pad(rows, ((0, 0), (0, 1)), constant_values=1.0)

    @cached_property
    def _directions(self) -> np.ndarray:
        """What the standardised features were rotated by: float64 (directions, features)."""
        return self.back * np.where(np.isfinite(self.spread), self.spread, 0)

    @cached_property
    def _basis(self) -> np.ndarray:
        """Directions in which classes differ, each of length 1: float64 (classes - 1, classes)."""
        return np.asarray(helmert(self.weight.shape[1]))

    @cached_property
    def _flat(self) -> np.ndarray:
        return self.values.reshape(-1, self.values.shape[2])

    def _blocks(self, step: int = 1) -> Iterator[tuple[slice, np.ndarray]]:
        """Give the rows as doubles, a block at a time."""
        size = max(1, BLOCK // self._flat.shape[1]) * step
        for start in range(0, len(self._flat), size):
            rows = slice(start, start + size, step)
            yield rows, self._flat[rows].astype(np.float64)

    def _rowwise(self, shares: np.ndarray) -> np.ndarray:
        copies = self.values.shape[1]
        return np.repeat(shares / copies, copies)

    def _forward(self, weight: np.ndarray) -> np.ndarray:
        """Return the values times weights: float64 (rows, classes)."""
        return np.concatenate([block @ weight for _, block in self._blocks()])

    def _backward(self, each: np.ndarray) -> np.ndarray:
        """Return the transposed values times numbers of each row, in the basis of the classes."""
        parts = (block.T @ each[rows] for rows, block in self._blocks())
        return np.asarray(sum(parts) @ self._basis.T)

    def _odds(self, weight: np.ndarray) -> np.ndarray:
        return softmax(self._forward(weight))

    def _decay(self, weight: np.ndarray) -> np.ndarray:
        decayed = self.strength * weight
        decayed[-1] = 0  # the bias
        return decayed

    def _loss(self, weight: np.ndarray, shares: np.ndarray) -> float:
        logits = self._forward(weight)
        logits -= logits.max(1, keepdims=True)
        truth = np.repeat(self.labels, self.values.shape[1])
        losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(logits)), truth]
        penalty = self.strength / 2 * float((weight[:-1] ** 2).sum())
        return float(self._rowwise(shares) @ losses) + penalty

    def _descend(self, shares: np.ndarray, *, steps: int = STEPS) -> TaughtHead:
        """Return the head after some Newton steps, or at the optimum."""
        weight = self.weight
        truth = np.repeat(np.eye(weight.shape[1])[self.labels], self.values.shape[1], axis=0)
        rowwise = self._rowwise(shares)[:, None]
        for _ in range(steps):
            odds = self._odds(weight)
            slope = self._backward(rowwise * (odds - truth)) + self._decay(weight) @ self._basis.T
            step = -self._solve(slope, shares, odds)
            if -float((slope * step).sum()) < NEAR:
                break
            size, whole = 1.0, step @ self._basis
            if steps > 1:
                before = self._loss(weight, shares)
                while size > 1e-3 and self._loss(weight + size * whole, shares) > before:
                    size /= 2
            weight = weight + size * whole
        return replace(self, weight=weight, shares=shares)

    def _solve(
        self, right: np.ndarray, shares: np.ndarray, odds: np.ndarray | None = None
    ) -> np.ndarray:
        """Return what the second derivatives turn into `right`: float64 (columns, classes - 1)."""
        odds = self._odds(self.weight) if odds is None else odds
        rowwise = self._rowwise(shares)[:, None]
        basis, factor = self._basis, self._preconditioner(rowwise, odds)
        found, left = np.zeros_like(right), right.copy()
        scaled = cho_solve(factor, left)
        way, product = scaled, float((left * scaled).sum())
        enough = EXACT**2 * product
        for _ in range(PRODUCTS):
            if product <= enough:
                break
            along = self._forward(way @ basis)
            along -= (odds * along).sum(1, keepdims=True)
            bent = self._backward(rowwise * odds * along) + self._decay(way)
            length = product / float((way * bent).sum())
            found, left = found + length * way, left - length * bent
            scaled = cho_solve(factor, left)
            before, product = product, float((left * scaled).sum())
            way = scaled + product / before * way
        return found

    def _preconditioner(self, rowwise: np.ndarray, odds: np.ndarray) -> tuple[np.ndarray, bool]:
        """Return the second derivatives averaged over the directions of the classes, factored."""
        columns = self._flat.shape[1]
        step = max(1, round(len(self._flat) * columns**2 / DENSE))
        heavy = rowwise[:, 0] * (1 - (odds**2).sum(1)) / (odds.shape[1] - 1)
        curved = np.zeros((columns, columns))
        for rows, block in self._blocks(step):
            curved += step * (block.T * heavy[rows]) @ block
        decay = np.full(columns, self.strength)
        decay[-1] = 1e-12 * max(float(heavy.sum()), 1e-30)
        curved[np.diag_indices(columns)] += decay
        factor, lower = cho_factor(curved, lower=True, overwrite_a=True, check_finite=False)
        return factor, lower


def fit_taught_head(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    strength: float,
    class_weights: Sequence[float] | None = None,
) -> TaughtHead:
    """Fit a head of known strength to its optimum, in double precision.

    It is the head that `fit_head` fits with that strength, to within what that leaves to rounding.

    Args:
        features: float32 (images, n_augmented, features), as for `fit_head`.
        labels: int64 (images,), each class at least once.
        classes: how many there are, at least two.
        strength: the weight decay.
        class_weights: weight of each class in the loss, or None for none.
    """
    with threadpool_limits(1, "blas"):
        rows = standardize(features)
        values = np.pad(rows.values, ((0, 0), (0, 0), (0, 1)), constant_values=1)
        weights = np.ones(len(labels)) if class_weights is None else np.array(class_weights)[labels]
        truth = np.repeat(labels, values.shape[1])
        near = minimize_loss(
            values.reshape(len(truth), -1)[:, :-1],
            truth,
            np.repeat(weights, values.shape[1])[None],
            strength=strength,
            start=np.zeros((values.shape[2], 1, classes), np.float32),
        )[:, 0].astype(np.float64)
        near -= near.mean(1, keepdims=True)
        shares = weights / weights.sum()
        frame = (rows.back, rows.mean, rows.spread)
        head = TaughtHead(values, labels, shares, strength, near, *frame)
        return head._descend(shares)


def log_odds(logits: np.ndarray, target: int, temperature: float = 1.0) -> float:
    """Return the logarithm of how much more probable a class is than all others together.

    Args:
        logits: (classes,).
        target: the class, by number.
        temperature: what logits are divided by.

    >>> log_odds(np.array([3.0, 1.0]), 0), log_odds(np.array([3.0, 1.0]), 0, 2.0)
    (2.0, 1.0)
    """
    scaled = np.asarray(logits, np.float64) / temperature
    others = np.delete(scaled, target)
    highest = others.max()
    return float(scaled[target] - highest - np.log(np.exp(others - highest).sum()))


def _log_odds_slope(logits: np.ndarray, target: int, temperature: float) -> np.ndarray:
    """Return the derivatives of the log-odds in each logit: float64 (classes,)."""
    slope = np.zeros(len(logits))
    others = np.arange(len(logits)) != target
    slope[others] = -softmax(logits[others] / temperature)
    slope[target] = 1
    return slope / temperature
