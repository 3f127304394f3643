"""answers.csv: what was answered for every image of an evaluation, a row an image."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from striate.data.collection import write_rows
from striate.errors import RunError
from striate.evaluation.metrics import EvaluatedImage
from striate.files.atomic_write import write_atomically

HEADER = (
    "image",
    "class",
    "answer",
    "probability",
    "class_probability",
    "runner_up",
    "runner_up_probability",
    "refused",
    "node",
)
OLD_HEADERS = HEADER[:-1], HEADER[:-2]  # without a taxonomy, and until November 2026


def write_answers(path: Path, images: Sequence[EvaluatedImage]) -> None:
    """Write answers.csv, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    with write_atomically(path) as partial:
        write_rows(partial, HEADER, _rows(images, repr))


def read_answers(path: Path) -> tuple[EvaluatedImage, ...]:
    """Read what `write_answers` wrote; nothing where no such file is, as in older runs.

    Raises:
        RunError: it is damaged.
    """
    if not path.is_file():
        return ()
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            header, *rows = csv.reader(file)
        if tuple(header) not in (HEADER, *OLD_HEADERS):
            raise ValueError(f"its columns are {','.join(header)}, not {','.join(HEADER)}")
        return tuple(
            EvaluatedImage(
                name, truth, answer, float(sure), float(own), i, second, float(behind), *rest
            )
            for i, (name, truth, answer, sure, own, second, behind, *rest) in enumerate(rows)
        )
    except (OSError, ValueError, csv.Error) as error:
        raise RunError(
            f"'{path}' cannot be used ({error}); take it away, and the report does without it"
        ) from error


def answers_text(images: Iterable[EvaluatedImage]) -> str:
    """Return the same as a text for spreadsheets, probabilities in four digits.

    >>> one = EvaluatedImage("a.jpg", "ant", "bee", 0.71234, 0.2, 0, "ant", 0.2)
    >>> answers_text([one]).splitlines()[1]
    'a.jpg,ant,bee,0.7123,0.2,ant,0.2,,'
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    writer.writerows(_rows(images, "{:.4g}".format))
    return out.getvalue()


def _rows(
    images: Iterable[EvaluatedImage], form: Callable[[float], str]
) -> Iterator[tuple[str, ...]]:
    for one in images:
        sure, own, behind = map(
            form, (one.probability, one.truth_probability, one.runner_up_probability)
        )
        first = one.name, one.truth, one.answer, sure, own
        yield (*first, one.runner_up, behind, one.refused, one.node)
