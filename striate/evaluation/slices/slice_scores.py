"""Accuracy slice by slice, sorted by how surely each is worse than the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from striate.data.collection import format_count
from striate.evaluation.metrics.wilson import wilson_interval
from striate.terminal.escape import escape_controls
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

FEWEST = 5  # images of a slice, and of the rest
SURE = 0.05
SHOWN = 15
WITH_EXAMPLES, EXAMPLES = 3, 6  # slices, and images of each, that are named


@dataclass(frozen=True)
class Slice:
    """Some of the images, and how good the answers to them are.

    Attributes:
        attribute: what the images share: a column, "folder", "size", "brightness", "shape".
        value: of it.
        n: how many.
        accuracy: share of right answers, with its 95 % Wilson interval.
        accuracy_low: the lower end.
        accuracy_high: the upper end.
        rest: the accuracy on all other images.
        p: how probable it is to have as many wrong answers by chance, if slice and rest were
            alike (one-sided, exact: the hypergeometric distribution).
        p_holm: the same, with the number of slices looked at accounted for by Holm's method
            (1979): the probability that any of them would look so by chance.
        examples: names of its worst images, where the slice is among the first.
    """

    attribute: str
    value: str
    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    rest: float
    p: float
    p_holm: float
    examples: tuple[str, ...] = ()

    @property
    def surely_worse(self) -> bool:
        """Whether chance alone would show it in less than one of twenty evaluations."""
        return self.p_holm < SURE


@dataclass(frozen=True)
class SliceScores:
    """All slices that were looked at.

    Attributes:
        n: images in all.
        slices: the most surely worse first.
    """

    n: int
    slices: tuple[Slice, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "n": self.n,
            "slices": [{**asdict(one), "surely_worse": one.surely_worse} for one in self.slices],
        }

    @classmethod
    def from_json(cls, n: int, slices: Sequence[Mapping[str, Any]]) -> SliceScores:
        """Return what `as_json` wrote: the images in all, and the slices."""
        kept = [{name: one[name] for name in one if name != "surely_worse"} for one in slices]
        return cls(n, tuple(Slice(**one | {"examples": tuple(one["examples"])}) for one in kept))

    def table(self) -> Table:
        """Return the slices as a table, the most surely worse first."""
        rows = tuple(
            (
                f"{escape_controls(one.attribute, longest=24)}: "
                f"{escape_controls(one.value, longest=32)}",
                f"{one.n:,}",
                format_percent(one.accuracy),
                f"{_bare(one.accuracy_low)} to {format_percent(one.accuracy_high)}",
                format_percent(one.rest),
                "surely" if one.surely_worse else "",
                f"{one.p_holm:.2g}",
            )
            for one in self.slices[:SHOWN]
        )
        header = ("slice", "images", "accuracy", "95 % interval", "rest", "worse", "p (Holm)")
        return Table(header, rows, frozenset(header[1:]), self.caption)

    @property
    def caption(self) -> str:
        """What the table shows, in words."""
        worse = sum(one.surely_worse for one in self.slices)
        if not self.slices:
            return "the images have nothing by which they could be told apart into slices"
        n = format_count(len(self.slices), "slice")
        told = format_count(worse, f"of {n} is surely worse", f"of {n} are surely worse")
        return (
            f"{told} than the other images (p below {SURE:g} with all {len(self.slices)} "
            "accounted for, by Holm)"
        )

    def __str__(self) -> str:
        return self.table().as_text() if self.slices else self.caption


def score_slices(
    correct: Sequence[bool],
    attributes: Mapping[str, Sequence[str]],
    *,
    worst: Sequence[tuple[int, str]] = (),
) -> SliceScores:
    """Score each slice of images that share a value.

    Args:
        correct: whether each answer is right.
        attributes: of each attribute the value of each image, "" where it has none.
        worst: place and name of the images that were answered wrongly, the worst first.

    >>> right = [True] * 40 + [False] * 10 + [True] * 50
    >>> found = score_slices(right, {"site": ["north"] * 40 + ["south"] * 20 + ["west"] * 40})
    >>> [(one.value, one.accuracy, one.surely_worse) for one in found.slices][:2]
    [('south', 0.5, True), ('north', 1.0, False)]
    """
    right = np.asarray(correct, np.bool_)
    n, wrong = len(right), int((~right).sum())
    found: list[tuple[str, str, int, int, float]] = []
    for attribute, values in attributes.items():
        held = np.asarray(values, dtype=object)
        for value in sorted({str(each) for each in values if each != ""}):
            mine = held == value
            count = int(mine.sum())
            if not FEWEST <= count <= n - FEWEST:
                continue
            missed = int((~right[mine]).sum())
            p = _hypergeometric_tail(missed, n=n, wrong=wrong, drawn=count)
            found.append((attribute, value, count, missed, p))
    found.sort(key=lambda one: (one[4], one[2] and -one[3] / one[2]))
    slices, highest = [], 0.0
    for place, (attribute, value, count, missed, p) in enumerate(found):
        highest = max(highest, min(1.0, p * (len(found) - place)))
        low, high = wilson_interval(count - missed, count)
        share, rest = 1 - missed / count, 1 - (wrong - missed) / (n - count)
        named: tuple[str, ...] = ()
        if place < WITH_EXAMPLES and share < rest:
            inside = [name for index, name in worst if attributes[attribute][index] == value]
            named = tuple(inside[:EXAMPLES])
        slices.append(Slice(attribute, value, count, share, low, high, rest, p, highest, named))
    return SliceScores(n, tuple(slices))


def _hypergeometric_tail(least: int, *, n: int, wrong: int, drawn: int) -> float:
    """Return how probable it is that at least so many of the images drawn are among the wrong."""

    def log_choose(whole: int, part: int) -> float:
        # scipy.special, which has it too, takes 0.3 s to load
        return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)

    several = range(max(least, drawn - (n - wrong)), min(wrong, drawn) + 1)
    every = log_choose(n, drawn)
    logs = (log_choose(wrong, k) + log_choose(n - wrong, drawn - k) - every for k in several)
    return min(1.0, math.fsum(map(math.exp, logs)))


def _bare(share: float) -> str:
    return format_percent(share).removesuffix(" %")
