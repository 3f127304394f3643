"""The temperature that makes probabilities come true, from logits of images not learnt from.

Guo et al. 2017, https://arxiv.org/abs/1706.04599. On an image set that is answered without a
mistake the loss alone would go to certainty, so two things hold it back: a prior, and one image
more that is answered wrongly, as Platt's targets have it (1999, Probabilistic outputs for support
vector machines, section 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.data import format_count

PRIOR = 0.5  # standard deviation of ln(temperature) about 0: 0.37 to 2.7 at two of them
FEWEST = 50  # images, below which nothing is fitted
FOLDS = 5
SURE = 2.0  # standard errors by which the loss has to fall
STEPS = 32  # halvings of an interval of 8, to 2e-9: four decimals are kept
WIDEST = 4.0  # ln(temperature) lies between this and its negative


@dataclass(frozen=True)
class TemperatureFit:
    """What was chosen and how it did.

    Attributes:
        temperature: to divide logits by; 1 where it stays as it was.
        n: images it was fitted on.
        wrong: of these, those answered wrongly.
        loss_before: mean cross-entropy at a temperature of 1.
        loss_after: the same at temperatures that were each fitted without the fifth of the images
            that they are evaluated on.
        why: in words, where it stays at 1; "" where it was fitted.
    """

    temperature: float
    n: int
    wrong: int
    loss_before: float
    loss_after: float
    why: str = ""

    def __str__(self) -> str:
        if self.why:
            return f"probabilities stay as the network gives them: {self.why}"
        return (
            f"temperature {self.temperature:.2f} ({self.wrong:,} of {self.n:,} answers are wrong; "
            f"on images it was not fitted on, the cross-entropy goes from {self.loss_before:.3f} "
            f"to {self.loss_after:.3f})"
        )


def choose_temperature(logits: np.ndarray, labels: np.ndarray, *, seed: int = 0) -> TemperatureFit:
    """Fit a temperature, if the images can tell one; keep it, if it helps on others.

    Args:
        logits: float (n, classes), not probabilities: rounded to float32, those near 1 lose how
            sure the network was.
        labels: int64 (n,), the true classes.
        seed: of the folds.

    >>> numbers = np.random.default_rng(0)
    >>> labels = numbers.integers(0, 3, 2000)
    >>> logits = numbers.normal(size=(2000, 3)) + 1.5 * np.eye(3)[labels]
    >>> found = choose_temperature(4 * logits, labels)  # as sure of itself as 4 times too much
    >>> round(found.temperature / choose_temperature(logits, labels).temperature)
    4
    >>> print(choose_temperature(np.eye(3)[labels[:60]], labels[:60]))
    probabilities stay as the network gives them: all 60 images are answered correctly, which ...
    """
    n, wrong = len(labels), int((logits.argmax(1) != labels).sum()) if len(labels) else 0
    why = ""
    if n < FEWEST:
        why = f"{format_count(n, 'image')} cannot tell a temperature ({FEWEST} and more can)"
    elif not wrong:
        why = (
            f"all {n:,} images are answered correctly, which does not tell how sure a wrong "
            "answer should be"
        )
    before = mean_loss(logits, labels, 1.0) if n else 0.0
    if why:
        return TemperatureFit(1.0, n, wrong, before, before, why)
    fold = np.random.Generator(np.random.Philox(key=[seed % 2**64, 7])).permutation(n) % FOLDS
    losses = np.zeros(n)
    for number in range(FOLDS):
        out = fold == number
        fitted = fit_temperature(logits[~out], labels[~out])
        losses[out] = compute_losses(logits[out], labels[out], fitted)
    after, gain = float(losses.mean()), compute_losses(logits, labels, 1.0) - losses
    # of validation images that chose the checkpoint, a gain within chance made test images worse
    if gain.mean() < SURE * gain.std() / np.sqrt(n):
        why = f"no temperature surely helps on images it was not fitted on ({n:,} in all)"
        return TemperatureFit(1.0, n, wrong, before, after, why)
    return TemperatureFit(round(fit_temperature(logits, labels), 4), n, wrong, before, after)


def fit_temperature(
    logits: np.ndarray, labels: np.ndarray, *, prior: float = PRIOR, more: float = 1.0
) -> float:
    """Return the temperature with the highest posterior probability.

    Args:
        logits: float (n, classes).
        labels: int64 (n,).
        prior: standard deviation of ln(temperature) about 0; infinity for none.
        more: how many images are added that are answered wrongly, with the median lead of the
            most probable class over the next.

    >>> round(fit_temperature(np.array([[0.0, 4.0]] * 3 + [[4.0, 0.0]]), np.array([1] * 4),
    ...       prior=np.inf, more=0), 2)  # three of four are right: 4 / T = ln 3
    3.64
    """
    exact = np.asarray(logits, np.float64)
    own = exact[np.arange(len(labels)), labels]
    ordered = np.sort(exact, axis=1)
    lead = float(np.median(ordered[:, -1] - ordered[:, -2])) if exact.shape[1] > 1 else 0.0

    top = exact.max(1)
    below, missed = np.ascontiguousarray((exact - top[:, None]).T), float((top - own).sum())

    def slope(log_t: float) -> float:  # of the negative logarithm of the posterior probability
        beta = np.exp(-log_t)
        weights = np.exp(beta * below)
        expected = float(((weights * below).sum(0) / weights.sum(0)).sum())
        added = more * lead / (1 + np.exp(-beta * lead))
        return float(log_t / prior**2 - beta * (expected + missed + added))

    low, high = -WIDEST, WIDEST
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return float(np.exp((low + high) / 2))


def mean_loss(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Return the mean cross-entropy of logits at a temperature."""
    return float(compute_losses(logits, labels, temperature).mean())


def compute_losses(logits: np.ndarray, labels: np.ndarray, temperature: float) -> np.ndarray:
    """Return the cross-entropy of each image at a temperature: float64 (n,)."""
    exact = np.asarray(logits, np.float64)
    own = exact[np.arange(len(labels)), labels]
    return _losses(exact, own, 1 / temperature)


def _losses(logits: np.ndarray, own: np.ndarray, beta: float) -> np.ndarray:
    top = logits.max(1)
    spread = np.log(np.exp(beta * (logits - top[:, None])).sum(1))
    return np.asarray(spread + beta * (top - own))
