"""One or two tables of probabilities by several losses, and when these disagree."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from striate.errors import SettingError
from striate.teaching.convolution.number_text import format_number
from striate.teaching.losses.probability_table import ProbabilityTable
from striate.teaching.losses.table_losses import BIT, RowLoss, TableLosses, measure_table
from striate.terminal.tables import Table
from striate.terminal.wrapping import wrap

SHOWN: Final = 12  # rows that are shown; of more, those on which the tables differ most
WORKED: Final = 6  # rows up to which the means are written out
SAME: Final = 1e-12

LOSSES: Final[dict[str, Callable[[TableLosses], float]]] = {
    "classification error": lambda found: found.classification_error,
    "mean squared error": lambda found: found.squared_error,
    "cross-entropy": lambda found: found.cross_entropy,
}


@dataclass(frozen=True)
class LossComparison:
    """One or two tables by several losses; `compare_losses` makes it.

    Attributes:
        tables: the losses of each.
        better: by the name of a loss, the name of the table that it says is better; "" where it
            sees no difference. Empty of one table.
        words: what they say together, in sentences.
    """

    tables: tuple[TableLosses, ...]
    better: dict[str, str]
    words: tuple[str, ...]

    @property
    def disagree(self) -> bool:
        """Whether the losses do not name the same table."""
        return len(set(self.better.values())) > 1

    def __str__(self) -> str:
        return self.as_text()

    def as_text(self, *, width: int = 80) -> str:
        """Write the losses beside each other, row by row, and what they say together.

        Args:
            width: characters that a line may have.
        """
        parts = [_means(self.tables).as_text(width)]
        if len(self.tables[0].rows) <= WORKED:
            parts.append(wrap("\n".join(_worked(self.tables)), width))
        parts += [_rows(self.tables).as_text(width), wrap("\n".join(self.words), width)]
        return "\n\n".join(parts)

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {
            "tables": [table.as_json() for table in self.tables],
            "better": self.better,
            "disagree": self.disagree,
            "words": list(self.words),
        }


def compare_losses(
    first: ProbabilityTable, second: ProbabilityTable | None = None
) -> LossComparison:
    """Work out what several losses say of one table of probabilities, or of two.

    Args:
        first: the answers of one network, with the targets.
        second: those of another, on the same images.

    Raises:
        SettingError: a table has no targets, or they do not speak of the same rows.

    >>> truth = [0, 1, 0]
    >>> nn1 = ProbabilityTable.of([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]], truth, name="NN1")
    >>> nn2 = ProbabilityTable.of([[0.6, 0.4], [0.3, 0.7], [0.1, 0.9]], truth, name="NN2")
    >>> found = compare_losses(nn1, nn2)
    >>> [(t.fraction, round(t.squared_error, 2), round(t.cross_entropy, 2)) for t in found.tables]
    [('1/3', 0.25, 0.38), ('1/3', 0.71, 1.06)]
    >>> found.better["classification error"], found.better["cross-entropy"], found.disagree
    ('', 'NN1', True)
    """
    tables = [first] if second is None else [first, second]
    if second is not None and first.probabilities.shape != second.probabilities.shape:
        raise SettingError(
            f"'{first.name}' has {first.probabilities.shape} probabilities and '{second.name}' "
            f"{second.probabilities.shape}; expected the same rows and classes"
        )
    found = tuple(measure_table(table) for table in tables)
    if len(found) == 1:
        return LossComparison(found, {}, tuple(_say_of_one(found[0])))
    better = {name: _better(found, measure) for name, measure in LOSSES.items()}
    return LossComparison(found, better, tuple(_say_of_two(found, better)))


def _better(found: Sequence[TableLosses], measure: Callable[[TableLosses], float]) -> str:
    one, other = map(measure, found)
    if one == other or abs(one - other) <= SAME * max(1.0, abs(one)):
        return ""
    return found[0].name if one < other else found[1].name


def _say_of_two(found: Sequence[TableLosses], better: dict[str, str]) -> Iterator[str]:
    error, squared, cross = better.values()
    if len(set(better.values())) == 1:
        yield f"They agree: {f'{error} is better' if error else 'no difference'} by all three."
        return
    told = "; ".join(
        f"{name} {f'prefers {which}' if which else 'sees no difference'}"
        for name, which in better.items()
    )
    yield f"They disagree: {told}."
    if not error:
        yield (
            "The error counts wrong answers, as many in both; the other two see how sure each "
            "answer was, where it is right and where it is wrong."
        )
    elif error not in (squared, cross):
        yield (
            f"{error} has fewer wrong answers, but is less sure where it is right, or surer where "
            "it is wrong."
        )
    if squared != cross:
        row = max((row for table in found for row in table.rows), key=lambda row: row.cross_entropy)
        yield (
            f"A sure mistake costs cross-entropy without bound (row {row.name}: the truth got "
            f"{format_number(row.truth_probability)}, which costs {_number(row.cross_entropy)}), "
            "the squared error at most 2."
        )


def _say_of_one(found: TableLosses) -> Iterator[str]:
    right = [row for row in found.rows if row.correct]
    wrong = [row for row in found.rows if not row.correct]
    if right and wrong:
        dear = max(right, key=lambda row: row.cross_entropy)
        cheap = min(wrong, key=lambda row: row.cross_entropy)
        if dear.cross_entropy > cheap.cross_entropy:
            yield (
                f"They disagree: row {dear.name} is right and row {cheap.name} wrong, yet by "
                f"cross-entropy {dear.name} costs more ({_number(dear.cross_entropy)} against "
                f"{_number(cheap.cross_entropy)}): its truth got less."
            )
        else:
            yield "They agree: every right answer costs less than every wrong one."
    worst = max(found.rows, key=lambda row: row.cross_entropy)
    yield (
        f"Row {worst.name} costs most: its truth, {worst.truth}, got "
        f"{format_number(worst.truth_probability)}."
    )


def _means(found: Sequence[TableLosses]) -> Table:
    """The losses of each table: a row for each loss."""
    lines: list[tuple[str, ...]] = [
        (
            "classification error",
            *(f"{t.fraction} = {_number(t.classification_error)}" for t in found),
        ),
        ("mean squared error", *(_number(t.squared_error) for t in found)),
    ]
    for what, nats in (
        ("cross-entropy", [t.cross_entropy for t in found]),
        ("entropy of the answers", [t.entropy for t in found]),
        ("entropy of the targets", [t.target_entropy for t in found]),
        ("KL divergence", [t.divergence for t in found]),
    ):
        lines.append((f"{what}, nats", *map(_number, nats)))
        lines.append((f"{what}, bits", *(_number(value / BIT) for value in nats)))
    names = [t.name for t in found]
    rows = len(found[0].rows)
    caption = f"means over {rows:,} row{'s' * (rows != 1)}"
    return Table(("loss", *names), tuple(lines), {*names}, caption=caption)


def _worked(found: Sequence[TableLosses]) -> Iterator[str]:
    """The means as sums, where there are few rows."""
    for table in found:
        for what, values, mean in (
            ("squared error", [row.squared_error for row in table.rows], table.squared_error),
            ("cross-entropy", [row.cross_entropy for row in table.rows], table.cross_entropy),
        ):
            told = " + ".join(map(_number, values))
            yield f"{table.name}, {what}: ({told})/{len(values)} = {_number(mean)}"


def _rows(found: Sequence[TableLosses]) -> Table:
    """What each answer costs; of many, those that differ or cost most."""
    count = len(found[0].rows)

    def weight(place: int) -> float:
        costs = [table.rows[place].cross_entropy for table in found]
        if len(costs) == 1 or math.inf in costs:
            return costs[0]
        return abs(costs[0] - costs[1])

    places = sorted(range(count), key=weight, reverse=True)[:SHOWN]
    header = ["row", "truth"]
    right = set()
    for mark in ("",) if len(found) == 1 else (" 1", " 2"):
        header += [f"answer{mark}", f"squared{mark}", f"-t ln y{mark}"]
        right |= {f"squared{mark}", f"-t ln y{mark}"}
    rows = []
    for place in sorted(places):
        cells = [found[0].rows[place].name, found[0].rows[place].truth]
        for table in found:
            cells += _costs(table.rows[place])
        rows.append(tuple(cells))
    caption = "row by row" if count <= SHOWN else f"{SHOWN} of {count:,} rows, the most telling"
    return Table(tuple(header), tuple(rows), right, caption=caption)


def _costs(row: RowLoss) -> list[str]:
    told = row.answer if row.correct else f"{row.answer} (wrong)"
    return [told, _number(row.squared_error), _number(row.cross_entropy)]


def _number(value: float) -> str:
    if math.isinf(value):
        return "infinite"
    return str(int(value)) if value == int(value) else f"{value:.4g}"
