"""Which images to answer "I don't know" for: a point of the risk-coverage curve.

El-Yaniv and Wiener 2010, On the foundations of noise-free selective classification: coverage is the
share of images that are answered, risk the share of wrong answers among these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from striate.data import format_count
from striate.errors import join_words
from striate.evaluation.metrics.wilson import wilson_interval
from striate.model.decision import RejectRule
from striate.model.decision.feature_distance import SHORTEST
from striate.terminal.units import format_percent

QUIET = 5  # one in so many of the images that may be refused has too little activity
FARTHEST = 50  # images that tell together how far off is too far
TAIL = 5  # one in so many is among them, at most
SAME = 1e-6  # difference of probabilities below which a network says the same of all images


@dataclass(frozen=True)
class RejectFit:
    """A rule and what it does on the images that chose it.

    Attributes:
        rule: the rule; None where there are too few images to choose one.
        n: images that chose it.
        refused: of these, those it refuses.
        right: of the answered ones, those answered correctly.
        why: in words, where there is no rule.
        usual_activity: of the distance; 0 where it looks at no activity.
        activity_scale: likewise.
    """

    rule: RejectRule | None
    n: int
    refused: int = 0
    right: int = 0
    why: str = ""
    usual_activity: float = 0.0
    activity_scale: float = 0.0

    def __str__(self) -> str:
        if self.rule is None:
            return f'it always answers, never "I don\'t know": {self.why}'
        ways = []
        if self.rule.probability is not None:
            ways.append(f"below a probability of {format_percent(self.rule.probability)}")
        if self.rule.distance is not None:
            ways.append(f"beyond a distance of {self.rule.distance:.2f}")
        right = format_percent(self.right / max(self.n - self.refused, 1))
        low, high = wilson_interval(self.refused, self.n)
        return (
            f'"I don\'t know" is answered {join_words(ways, "or")}: of {self.n:,} images of its '
            f"classes it refuses {self.refused:,}, so {format_percent(low)} to "
            f"{format_percent(high)} of others like them, and answers {right} of the rest "
            "correctly (--false-refusals 0 answers always)"
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
    activity: np.ndarray | None = None,
    false_refusals: float,
) -> RejectFit:
    """Choose below which probability and beyond which distance nothing is answered.

    Half of the images that may be refused lie beyond `estimate_limit`, and a fifth have so little
    activity that it makes their distance as large. The others are the least sure, as far as
    refusing them lowers the risk.

    Args:
        probabilities: float32 (n, classes), after the temperature, of images of the classes.
        labels: int64 (n,).
        distance: float32 (n,), or None.
        activity: float32 (n,), of each image's features; None looks at none.
        false_refusals: the share of images that may be refused.

    >>> numbers = np.random.default_rng(0)
    >>> sure = numbers.uniform(0.5, 1, 400)
    >>> labels = (numbers.random(400) > sure).astype(int)
    >>> found = choose_reject_rule(
    ...     np.stack([sure, 1 - sure], 1), labels, numbers.random(400), false_refusals=0.1
    ... )
    >>> found.refused, round(found.rule.distance, 2), round(found.rule.probability, 2)
    (40, 0.9, 0.52)
    """
    n = len(labels)
    allowed = int(false_refusals * n)
    if allowed < 2:
        few = f"{format_percent(false_refusals)} of {format_count(n, 'image')}"
        return RejectFit(None, n, why=f"{few} is fewer than two, too few to choose a rule by")
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == labels
    if distance is None and np.ptp(probabilities, axis=0).max() < SAME:
        same = f"the network says the same of all {n:,} images, so it has learnt nothing yet"
        return RejectFit(None, n, why=same)
    far, limit, usual, scale = np.zeros(n, np.bool_), None, 0.0, 0.0
    if distance is not None and np.isfinite(distance).all():
        limit = estimate_limit(distance, share=allowed / 2 / n)
        if activity is not None:
            quiet = 1 / np.maximum(activity, SHORTEST)
            least = 1 / estimate_limit(quiet, share=allowed / QUIET / n)
            usual = float(np.median(activity))
            if usual > least:  # it lacks the limit where it has the least, nothing where the usual
                scale = limit / (usual - least)
            distance = np.maximum(distance, np.float32(scale) * (np.float32(usual) - activity))
        far = distance > np.float32(limit)
    near = np.flatnonzero(~far)
    room = allowed if limit is None else max(0, allowed - max(allowed // 2, int(far.sum())))
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
    right = int(correct[~refused].sum())
    return RejectFit(rule, n, int(refused.sum()), right, usual_activity=usual, activity_scale=scale)


def estimate_limit(distance: np.ndarray, *, share: float) -> float:
    """Return the distance beyond which that share of further images lies.

    Where only a few of the images at hand lie so far off, any one of them would decide. So the
    farthest fifth, or the farthest 50 where that is fewer, tell it together: beyond the nearest of
    them, the logarithm of the distance is taken to fall off exponentially (Weissman 1978,
    Estimation of parameters and large quantiles based on the k largest observations).

    Args:
        distance: float (n,), of at least five images that nothing was fitted on.
        share: above 0, below 1.

    >>> draws = np.random.default_rng(0).pareto(6, (200, 245)) + 1  # 2.5 % lie beyond 1.849
    >>> round(float(np.mean([estimate_limit(one, share=0.025) for one in draws])), 2)
    1.85
    """
    ordered = np.maximum(np.sort(distance.astype(np.float64)), float(SHORTEST))
    n = len(ordered)
    k = min(n - 1, max(math.ceil(share * n), min(n // TAIL, FARTHEST)))
    start = ordered[n - 1 - k]
    excess = float(np.log(ordered[n - k :] / start).mean())
    return float(start * (k / n / share) ** excess)
