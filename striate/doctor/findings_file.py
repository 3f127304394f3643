"""findings.csv: a row an image, so that a spreadsheet can read it and nothing is left out."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from striate.data.collection import write_rows
from striate.doctor.image_finding import FoundImage, ImageFinding
from striate.errors import RunError

HEADER = ("finding", "kind", "reason", "name", "class", "split", "answer", "probability")


def write_findings(path: Path, findings: Sequence[ImageFinding]) -> None:
    """Write findings.csv; the header alone says that nothing was found."""
    write_rows(path, HEADER, _rows(findings))


def read_findings(path: Path) -> tuple[ImageFinding, ...] | None:
    """Read what `write_findings` wrote; None where no such file is, as in runs of older versions.

    Raises:
        RunError: it is damaged.
    """
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            header, *rows = csv.reader(file)
        if tuple(header) != HEADER:
            raise ValueError(f"its columns are {','.join(header)}, not {','.join(HEADER)}")
        return tuple(_read(rows))
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise RunError(
            f"'{path}' cannot be used ({error}); take it away, and the report does without it"
        ) from error


def _read(rows: Sequence[Sequence[str]]) -> Iterator[ImageFinding]:
    for _, group in groupby(rows, key=lambda row: row[0]):
        mine = list(group)
        images = tuple(
            FoundImage(name, label, split, answer, float(probability) if probability else None)
            for _, _, _, name, label, split, answer, probability in mine
        )
        yield ImageFinding(mine[0][1], mine[0][2], images)


def _rows(findings: Sequence[ImageFinding]) -> Iterator[tuple[str, ...]]:
    for number, finding in enumerate(findings, 1):
        for one in finding.images:
            probability = "" if one.probability is None else f"{one.probability:.6g}"
            told = (one.name, one.label, one.split, one.answer, probability)
            yield str(number), finding.kind, finding.reason, *told
