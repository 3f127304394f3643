"""Which images to answer "I don't know" for: a point of the risk-coverage curve.

El-Yaniv and Wiener 2010, On the foundations of noise-free selective classification: coverage is the
share of images that are answered, risk the share of wrong answers among these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.data import format_count
from striate.model.decision import RejectRule
from striate.terminal.units import format_percent


@dataclass(frozen=True)
class RejectFit:
    """A rule and what it does on the images that chose it.

    Attributes:
        rule: the rule; None where there are too few images to choose one.
        n: images that chose it.
        refused: of these, those it refuses.
        right: of the answered ones, those answered correctly.
        why: in words, where there is no rule.
    """

    rule: RejectRule | None
    n: int
    refused: int = 0
    right: int = 0
    why: str = ""

    def __str__(self) -> str:
        if self.rule is None:
            return f'it always answers, never "I don\'t know": {self.why}'
        ways = []
        if self.rule.probability is not None:
            ways.append(f"below a probability of {format_percent(self.rule.probability)}")
        if self.rule.distance is not None:
            ways.append(f"beyond a distance of {self.rule.distance:.2f}")
        right = format_percent(self.right / max(self.n - self.refused, 1))
        return (
            f'"I don\'t know" is answered {" or ".join(ways)}: of {self.n:,} images of its classes '
            f"it refuses {self.refused:,} and answers {right} of the others correctly "
            "(--false-refusals 0 answers always)"
        )


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coverage and risk of answering only the surest 1, 2, ... n images.

    Args:
        confidence: float (n,).
        correct: bool (n,).

    >>> coverage, risk = risk_coverage(np.array([0.9, 0.6, 0.8]), np.array([True, False, True]))
    >>> risk.round(2).tolist()
    [0.0, 0.0, 0.33]
    """
    order = np.argsort(-confidence, kind="stable")
    counts = np.arange(1, len(order) + 1)
    return counts / max(len(order), 1), np.cumsum(~correct[order]) / counts


def choose_reject_rule(
    probabilities: np.ndarray,
    labels: np.ndarray,
    distance: np.ndarray | None,
    *,
    false_refusals: float,
) -> RejectFit:
    """Choose below which probability and beyond which distance nothing is answered.

    Half of the images that may be refused are the farthest off. The others are the least sure, as
    far as refusing them lowers the risk.

    Args:
        probabilities: float32 (n, classes), after the temperature, of images of the classes.
        labels: int64 (n,).
        distance: float32 (n,), or None.
        false_refusals: the share of images that may be refused.

    >>> numbers = np.random.default_rng(0)
    >>> sure = numbers.uniform(0.5, 1, 400)
    >>> labels = (numbers.random(400) > sure).astype(int)
    >>> found = choose_reject_rule(
    ...     np.stack([sure, 1 - sure], 1), labels, numbers.random(400), false_refusals=0.1
    ... )
    >>> found.refused, round(found.rule.distance, 2), round(found.rule.probability, 2)
    (40, 0.91, 0.53)
    """
    n = len(labels)
    allowed = int(false_refusals * n)
    if allowed < 2:
        few = f"{format_percent(false_refusals)} of {format_count(n, 'image')}"
        return RejectFit(None, n, why=f"{few} is less than two, which choose no rule")
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == labels
    far, limit = np.zeros(n, np.bool_), None
    if distance is not None and np.isfinite(distance).all():
        limit = float(np.sort(distance)[n - 1 - allowed // 2])
        far = distance > np.float32(limit)
    near = np.flatnonzero(~far)
    room = allowed - int(far.sum())
    _, risk = risk_coverage(confidence[near], correct[near])
    least = len(near) - room  # so many are answered at least
    best = least + int(np.flatnonzero(risk[least - 1 :] == risk[least - 1 :].min())[-1])
    threshold = None
    if best < len(near):
        ordered = -np.sort(-confidence[near].astype(np.float64))
        threshold = float(ordered[best - 1] + ordered[best]) / 2
    unsure = confidence < np.float32(threshold or 0)
    refused = far | unsure
    rule = RejectRule(threshold, limit, false_refusals=false_refusals, n=n)
    return RejectFit(rule, n, int(refused.sum()), int(correct[~refused].sum()))
