"""The optimum of multinomial logistic regression with weight decay, of several weightings at once.

Truncated Newton steps: each is solved for by conjugate gradients, which need the second
derivative only as products with it. All the folds of a cross-validation share the features and
differ in the weights of their rows alone, so every product is one of matrices for all of them.
Nocedal and Wright 2006, Numerical optimization, section 7.1.
"""

from __future__ import annotations

import numpy as np

# Not scikit-learn's, which takes 0.9 s for five strengths on 490 rows of 512 features, and 1 to 6 s
# to be imported; nine strengths take 0.4 s here, on one core.
STEPS = 30  # of Newton, at most; near the optimum each squares the distance
PRODUCTS = 50  # of conjugate gradients in one step, at most
FORCING = 0.1  # share of the slope that conjugate gradients may leave
NEAR = 1e-5  # nats between the loss and its least, by Newton's estimate, that are near enough
TINY = 1e-30


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities over the last axis.

    >>> softmax(np.zeros((1, 4))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    odds = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(odds / odds.sum(-1, keepdims=True))


def minimize_loss(
    values: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    *,
    strength: float,
    start: np.ndarray,
) -> np.ndarray:
    """Return the weights that minimise the mean loss with its penalty, once for each weighting.

    The loss of a weighting is the weighted mean of -log softmax(values @ W)[label], plus
    strength/2 times the sum of the squares of W, without its last row, which is the bias.

    Args:
        values: float32 (rows, columns).
        labels: int64 (rows,).
        weights: (weightings, rows), how much each row counts; 0 leaves it out.
        strength: of the penalty.
        start: float32 (columns + 1, weightings, classes), where to begin.

    Returns:
        float32 (columns + 1, weightings, classes).

    >>> values = np.array([[-1], [1]], np.float32)
    >>> found = minimize_loss(
    ...     values, np.array([0, 1]), np.ones((1, 2)), strength=0.1, start=np.zeros((2, 1, 2))
    ... )
    >>> found[:, 0].astype(float).round(2).tolist()  # 0.1 * w = 1 / (1 + exp(2 * w))
    [[-1.06, 1.06], [0.0, 0.0]]
    """
    problem = _Problem(values, labels, weights, strength=strength, classes=start.shape[-1])
    point = start.astype(np.float32)
    loss = problem.loss(point)
    for _ in range(STEPS):
        odds = softmax(problem.logits(point))
        slope = problem.slope(point, odds)
        step = problem.newton(slope, odds)
        if float(np.abs(_dot(slope, step)).max()) < 2 * NEAR:
            break
        size = np.ones(len(loss), np.float32)
        while True:
            there = point + size[:, None] * step
            lower = problem.loss(there)
            above = (lower > loss) & (size > 1e-3)
            if not above.any():
                break
            size[above] /= 2
        better = lower <= loss  # else rounding is all that is left to gain
        point = np.where(better[:, None], there, point)
        if not better.any() or float((loss - lower).max()) < NEAR:
            break
        loss = np.where(better, lower, loss)
    return point


class _Problem:
    """The loss, its slope and its curvature; arrays are (columns or rows, weightings, classes)."""

    def __init__(
        self,
        values: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray,
        *,
        strength: float,
        classes: int,
    ) -> None:
        self._values, self._ones = values, np.ones(len(values), np.float32)
        shares = weights / weights.sum(1, keepdims=True)
        self._shares = np.ascontiguousarray(shares.T, np.float32)[:, :, None]
        self._rows, self._labels = np.arange(len(labels)), labels
        self._truth = np.eye(classes, dtype=np.float32)[labels][:, None]
        self._decay = np.full((values.shape[1] + 1, 1, 1), strength, np.float32)
        self._decay[-1] = 0
        squares = np.einsum("rc,rc->c", values, values) / np.float32(len(values))
        self._squares = np.append(squares, np.float32(1))[:, None, None]

    def logits(self, point: np.ndarray) -> np.ndarray:
        columns = point.reshape(len(point), -1)
        flat = self._values @ columns[:-1]
        flat += columns[-1]
        return np.asarray(flat.reshape(len(flat), *point.shape[1:]))

    def loss(self, point: np.ndarray) -> np.ndarray:
        logits = self.logits(point)
        logits -= logits.max(-1, keepdims=True)
        logs = np.log(np.exp(logits).sum(-1)) - logits[self._rows, :, self._labels]
        losses = np.einsum("rw,rw->w", self._shares[:, :, 0], logs, dtype=np.float64)
        return np.asarray(losses + _dot(self._decay * point, point) / 2)

    def slope(self, point: np.ndarray, odds: np.ndarray) -> np.ndarray:
        return np.asarray(self._back(self._shares * (odds - self._truth)) + self._decay * point)

    def newton(self, slope: np.ndarray, odds: np.ndarray) -> np.ndarray:
        """Solve curvature @ step = -slope by conjugate gradients, preconditioned by a diagonal."""
        spread = (self._shares * odds * (1 - odds)).sum(0)
        diagonal = self._squares * spread + self._decay + TINY
        step, left = np.zeros_like(slope), -slope
        enough = FORCING**2 * _dot(slope, slope)
        scaled = left / diagonal
        way, product = scaled, _dot(left, scaled)
        for _ in range(PRODUCTS):
            bent = self._bent(way, odds)
            length = (product / (_dot(way, bent) + TINY)).astype(np.float32)[:, None]
            step, left = step + length * way, left - length * bent
            if (_dot(left, left) <= enough).all():
                break
            scaled = left / diagonal
            before, product = product, _dot(left, scaled)
            way = scaled + (product / (before + TINY)).astype(np.float32)[:, None] * way
        return np.asarray(step)

    def _bent(self, way: np.ndarray, odds: np.ndarray) -> np.ndarray:
        along = self.logits(way)
        along -= (odds * along).sum(-1, keepdims=True)
        return np.asarray(self._back(self._shares * odds * along) + self._decay * way)

    def _back(self, values: np.ndarray) -> np.ndarray:
        flat = values.reshape(len(values), -1)
        both = np.vstack([self._values.T @ flat, self._ones @ flat])
        return np.asarray(both.reshape(len(both), *values.shape[1:]))


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the product of two vectors, once for each weighting: float64 (weightings,)."""
    return np.asarray(np.einsum("cwk,cwk->w", one, other, dtype=np.float64))
