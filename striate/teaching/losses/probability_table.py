"""Tables of probabilities with their targets, read from CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from striate.backends import numpy as reference
from striate.errors import SettingError

SLACK: Final = 0.02  # by which probabilities, which may be rounded, may miss the sum of 1
MOST: Final = 1_000_000  # rows of a table
EXPECTED: Final = (
    "expected rows of probabilities that sum to 1, then the targets (as many 0s and 1s, or the "
    "true class)"
)


@dataclass(frozen=True, eq=False)
class ProbabilityTable:
    """What a network says of some images, and what is true.

    Attributes:
        name: of the table, such as its file's.
        classes: their names, in the order of the columns.
        rows: the name of each row; its number from 1 where it has none.
        probabilities: float64 (rows, classes).
        targets: float64 (rows, classes); None where the table holds none.
    """

    name: str
    classes: tuple[str, ...]
    rows: tuple[str, ...]
    probabilities: np.ndarray
    targets: np.ndarray | None

    @staticmethod
    def of(
        probabilities: Sequence[Sequence[float]],
        targets: Sequence[Sequence[float]] | Sequence[int],
        *,
        classes: Sequence[str] = (),
        name: str = "table",
    ) -> ProbabilityTable:
        """Make a table of what is in memory.

        Args:
            probabilities: (rows, classes).
            targets: (rows, classes), or the number of the true class of each row, from 0.
            classes: their names; numbers from 0 where left out.
            name: of the table.

        Raises:
            SettingError: they do not fit together, or are no probabilities.

        >>> ProbabilityTable.of([[0.9, 0.1]], [0]).targets.tolist()
        [[1.0, 0.0]]
        """
        y, t = np.asarray(probabilities, dtype=np.float64), np.asarray(targets)
        if y.ndim != 2 or 0 in y.shape:
            raise SettingError(f"'{name}' has the shape {y.shape}; expected (rows, classes)")
        if t.ndim == 1:
            t = reference.one_hot(t, y.shape[1])
        t = t.astype(np.float64)
        if t.shape != y.shape:
            raise SettingError(
                f"'{name}' has probabilities of {y.shape} and targets of {t.shape}; expected a "
                "target for each probability, or a class for each row"
            )
        for which, values in (("probabilities", y), ("targets", t)):
            _check_shares(values, name, which)
        named = tuple(classes) or tuple(map(str, range(y.shape[1])))
        if len(named) != y.shape[1]:
            raise SettingError(f"'{name}' has {y.shape[1]} classes; {len(named)} names are given")
        return ProbabilityTable(name, named, tuple(map(str, range(1, len(y) + 1))), y, t)


def parse_table(text: str, name: str) -> ProbabilityTable:
    r"""Read a table from CSV: probabilities, then the targets, in each line.

    Targets are as many numbers as there are probabilities, or the true class in one column, by
    name (of the header) or by number from 0. A first line may name the columns, a first column
    the rows. One probability a row is that of the second of two classes.

    Args:
        text: the CSV; commas, semicolons or tabs divide.
        name: what it is called.

    Raises:
        SettingError: it is no such table; the message names the line.

    >>> table = parse_table("dog,cat,truth\n0.9,0.1,dog\n0.4,0.6,dog\n", "nn1.csv")
    >>> table.classes, table.targets.tolist()
    (('dog', 'cat'), [[1.0, 0.0], [1.0, 0.0]])
    >>> parse_table("0.9,0.1,1,0", "nn1.csv").probabilities.tolist()
    [[0.9, 0.1]]
    """
    lines = _read_lines(text, name)
    header: tuple[str, ...] = ()
    # names of the columns: their first line has no number but in the names of classes
    if len(lines) > 1 and not any(map(_is_number, lines[0][1])):
        header = tuple(lines[0][1])
        lines = lines[1:]
    named = not any(_is_number(cells[0]) for _, cells in lines) and len(lines[0][1]) > 1
    rows = tuple(cells[0] for _, cells in lines) if named else ()
    if named:
        lines = [(number, cells[1:]) for number, cells in lines]
        header = header[1:]
    labels = [cells[-1] for _, cells in lines]
    if all(map(_is_number, labels)):
        values = _to_numbers(lines, name)
        y, t = _split(values, name, [number for number, _ in lines])
    else:
        lines = [(number, cells[:-1]) for number, cells in lines]
        y = _to_numbers(lines, name)
        y = np.hstack([1 - y, y]) if y.shape[1] == 1 else y
        t = reference.one_hot(_find(labels, header[: y.shape[1]], name, lines), y.shape[1])
    classes = header[: y.shape[1]] if len(header) >= y.shape[1] else ()
    table = ProbabilityTable(
        name,
        classes or tuple(map(str, range(y.shape[1]))),
        rows or tuple(map(str, range(1, len(y) + 1))),
        y,
        t,
    )
    numbers = [number for number, _ in lines]
    _check_shares(y, name, "probabilities", numbers)
    if t is not None:
        _check_shares(t, name, "targets", numbers)
    return table


def read_tables(texts: Sequence[tuple[str, str]]) -> tuple[ProbabilityTable, ...]:
    """Read one or two tables; where they hold no targets, the last of the texts holds them.

    Args:
        texts: (name, CSV) of each.

    Raises:
        SettingError: one cannot be read, or they do not go together.

    >>> [found] = read_tables([("a", "0.9,0.1"), ("truth", "1,0")])
    >>> found.name, found.targets.tolist()
    ('a', [[1.0, 0.0]])
    """
    found = [parse_table(text, name) for name, text in texts]
    if not all(table.targets is not None for table in found):
        if len(found) < 2:
            raise SettingError(
                f"'{found[0].name}' holds probabilities but no targets; {EXPECTED}, or give a "
                "table of the targets behind it"
            )
        *found, truth = found
        found = [_with_targets(table, truth) for table in found]
    if len(found) > 2:
        raise SettingError(f"{len(found)} tables are given; expected one or two to be compared")
    first = found[0]
    for table in found[1:]:
        if table.probabilities.shape != first.probabilities.shape:
            raise SettingError(
                f"'{first.name}' has {_size(first)} and '{table.name}' {_size(table)}; expected "
                "the same rows and classes in both"
            )
        if not np.array_equal(table.targets, first.targets):  # type: ignore[arg-type]
            raise SettingError(
                f"the targets of '{table.name}' are not those of '{first.name}'; expected both "
                "to speak of the same images, in the same order"
            )
    return tuple(found)


def _with_targets(table: ProbabilityTable, truth: ProbabilityTable) -> ProbabilityTable:
    if table.targets is not None:
        return table
    if truth.probabilities.shape != table.probabilities.shape or truth.targets is not None:
        raise SettingError(
            f"'{table.name}' holds {_size(table)} without targets, and '{truth.name}', the last, "
            f"{_size(truth)}; expected a table of the targets behind it, of the same size"
        )
    return replace(table, targets=truth.probabilities)


def _size(table: ProbabilityTable) -> str:
    rows, classes = table.probabilities.shape
    return f"{rows} row{'s' * (rows != 1)} of {classes} classes"


def _read_lines(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Split a text into (line, cells), without empty lines."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    divider = next((mark for mark in "\t;," if mark in first), ",")
    lines = []
    for number, cells in enumerate(
        csv.reader(io.StringIO(text.replace("\ufeff", "")), delimiter=divider), start=1
    ):
        if any(cell.strip() for cell in cells):
            lines.append((number, [cell.strip() for cell in cells]))
    if not lines:
        raise SettingError(f"'{name}' is empty; {EXPECTED}")
    if len(lines) > MOST:
        raise SettingError(f"'{name}' has {len(lines):,} rows; expected at most {MOST:,}")
    for number, cells in lines:
        if len(cells) != len(lines[0][1]):
            raise SettingError(
                f"line {number} of '{name}' has {len(cells)} columns, but line {lines[0][0]} has "
                f"{len(lines[0][1])}; give each as many"
            )
    return lines


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _to_numbers(lines: list[tuple[int, list[str]]], name: str) -> np.ndarray:
    for number, cells in lines:
        for column, cell in enumerate(cells, start=1):
            if not _is_number(cell) or not np.isfinite(float(cell)):
                raise SettingError(
                    f"line {number}, number {column} of '{name}' is '{cell[:40]}'; expected a "
                    "probability from 0 to 1, such as 0.25"
                )
    if not lines or not lines[0][1]:
        raise SettingError(f"'{name}' holds no numbers; {EXPECTED}")
    return np.array([[float(cell) for cell in cells] for _, cells in lines])


def _split(
    values: np.ndarray, name: str, numbers: Sequence[int]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Tell probabilities from targets by what sums to 1."""
    rows, columns = values.shape
    half = columns // 2
    even = columns % 2 == 0 and half > 1
    if even and _are_shares(values[:, :half]) and _are_shares(values[:, half:]):
        return values[:, :half], values[:, half:]
    labels = values[:, -1]
    if columns > 2 and _are_shares(values[:, :-1]) and _are_numbers_of(labels, columns - 1):
        return values[:, :-1], reference.one_hot(labels.astype(int), columns - 1)
    if columns > 1 and _are_shares(values):
        return values, None
    if columns == 2 and _are_numbers_of(labels, 2):
        y = np.column_stack([1 - values[:, 0], values[:, 0]])
        return y, reference.one_hot(labels.astype(int), 2)
    part = values[:, :half] if even else values
    off = np.flatnonzero(np.abs(part.sum(axis=1) - 1) > SLACK)
    told = ""
    if off.size:
        told = f"line {numbers[off[0]]} of '{name}' sums to {part[off[0]].sum():.4g}; "
    raise SettingError(f"{told or f'{name!r} cannot be told apart; '}{EXPECTED}")


def _are_shares(values: np.ndarray) -> bool:
    inside = bool(((values >= 0) & (values <= 1)).all())
    return inside and bool((np.abs(values.sum(axis=1) - 1) <= SLACK).all())


def _are_numbers_of(labels: np.ndarray, classes: int) -> bool:
    whole = bool((labels == np.rint(labels)).all())
    return whole and bool(((labels >= 0) & (labels < classes)).all())


def _find(
    labels: Sequence[str], classes: Sequence[str], name: str, lines: list[tuple[int, list[str]]]
) -> np.ndarray:
    """Return the numbers of the true classes by their names."""
    found = []
    for (number, _), label in zip(lines, labels, strict=True):
        if label in classes:
            found.append(classes.index(label))
        elif not classes:
            raise SettingError(
                f"'{name}' names the true class ({label[:40]}), but not its columns; put a first "
                "line above, as dog,cat,truth"
            )
        else:
            known = ", ".join(classes[:8])
            raise SettingError(
                f"line {number} of '{name}' says '{label[:40]}'; expected one of the columns "
                f"{known}"
            )
    return np.array(found)


def _check_shares(
    values: np.ndarray, name: str, which: str, numbers: Sequence[int] | None = None
) -> None:
    """Make sure that rows are probabilities: from 0 to 1, and 1 in all."""
    for row, each in enumerate(values):
        place = f"line {numbers[row]}" if numbers else f"row {row + 1}"
        outside = each[(each < 0) | (each > 1) | ~np.isfinite(each)]
        if outside.size:
            raise SettingError(
                f"{place} of '{name}' holds {outside[0]:g} among its {which}; expected 0 to 1"
            )
        if abs(each.sum() - 1) > SLACK:
            raise SettingError(
                f"the {which} in {place} of '{name}' sum to {each.sum():.4g}; expected 1"
            )
