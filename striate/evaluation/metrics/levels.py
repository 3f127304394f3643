"""How good a classifier with a taxonomy is on each level, and how far its answers climb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from striate.terminal.tables import Table
from striate.terminal.units import format_percent

NAMED = 3  # nodes that a level's words name


@dataclass(frozen=True)
class LevelScore:
    """One level of a taxonomy: that of the classes, or one above.

    Attributes:
        level: 0 of the classes, 1 of the nodes above them, and so on.
        nodes: how many there are.
        names: of the first of them.
        n: images in all.
        accuracy: share whose most probable class lies below the true node, answered or not;
            `accuracy_low` and `accuracy_high` are its 95 % Wilson interval.
        answered: images that are answered on this level.
        right: of these, those answered correctly.
        precision: share of right ones among these; None where there is none. `precision_low` and
            `precision_high` are its 95 % Wilson interval.
    """

    level: int
    nodes: int
    names: tuple[str, ...]
    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    answered: int
    right: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None

    @property
    def title(self) -> str:
        """What the level is called: "classes", or "level 1"."""
        return f"level {self.level}" if self.level else "classes"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LevelScore:
        """Return what `dataclasses.asdict` made of one."""
        return cls(**{**values, "names": tuple(values["names"])})


def describe_levels(levels: Sequence[LevelScore]) -> str:
    """Say in one line how many images are answered on which level, and how well.

    >>> one = LevelScore(0, 3, ("a", "b", "c"), 9, 1.0, 0.7, 1.0, 6, 6, 1.0, 0.6, 1.0)
    >>> two = LevelScore(1, 2, ("x", "y"), 9, 1.0, 0.7, 1.0, 2, 1, 0.5, 0.1, 0.9)
    >>> describe_levels([one, two])
    'of 9 images 6 are answered by their class (100.0 % correct), 2 on level 1 (50.0 %), 1 not at all'
    """  # noqa: E501
    told: list[str] = []
    for score in levels:
        where = f"on level {score.level}" if score.level else "by their class"
        right = ""
        if score.precision is not None:
            right = f" ({format_percent(score.precision)}{'' if told else ' correct'})"
        told.append(f"{score.answered:,}{'' if told else ' are answered'} {where}{right}")
    rest = levels[0].n - sum(score.answered for score in levels)
    return f"of {levels[0].n:,} images {', '.join(told)}, {rest:,} not at all"


def level_table(levels: Sequence[LevelScore]) -> Table:
    """Return accuracy on each level, and how many images are answered there; empty without any."""
    rows = tuple(
        (
            score.title,
            f"{score.nodes:,}",
            _format_share(score.accuracy, score.accuracy_low, score.accuracy_high),
            f"{score.answered:,}",
            _format_share(score.precision, score.precision_low, score.precision_high),
        )
        for score in levels
    )
    header = ("level", "nodes", "accuracy", "answered", "of these correct")
    n = f"{levels[0].n:,}" if levels else ""
    caption = f"the levels of the taxonomy: accuracy of all {n} images, and what is answered where"
    return Table(header, rows, frozenset(header[1:]), caption)


def _format_share(share: float | None, low: float | None, high: float | None) -> str:
    if share is None or low is None or high is None:
        return "-"
    first = format_percent(low).removesuffix(" %")
    return f"{format_percent(share)} ({first} to {format_percent(high).removesuffix(' %')})"
