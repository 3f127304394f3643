"""Which images changed between a run and the one that goes on from it; changes.csv."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from striate.data import SplitRow
from striate.data.collection import write_rows
from striate.errors import RunError
from striate.evaluation.metrics import EvaluatedImage
from striate.files.atomic_write import write_atomically
from striate.training.dividing import Loaded
from striate.training.follow_up.follows import Follows

HEADER: Final = ("name", "change", "class", "earlier_class", "split", "earlier_name")
Change = Literal["added", "removed", "relabelled"]
CHANGES: Final[dict[str, Change]] = {
    "added": "added",
    "removed": "removed",
    "relabelled": "relabelled",
}


@dataclass(frozen=True)
class ImageChange:
    """One image that is not as it was.

    Attributes:
        name: as the data has it; of one that is removed, as it had it.
        change: what became of it.
        label: its class now; "" where it is removed.
        earlier_label: its class in the earlier run; "" where it is added.
        split: "train", "val" or "test": where it is, or was.
        earlier_name: its name then, where that was another one; "" otherwise.
    """

    name: str
    change: Change
    label: str = ""
    earlier_label: str = ""
    split: str = ""
    earlier_name: str = ""


def find_changes(
    rows: Sequence[SplitRow], matched: np.ndarray, loaded: Loaded
) -> tuple[ImageChange, ...]:
    """Return the images that are new, gone or relabelled, in this order.

    Args:
        rows: the split of the earlier run.
        matched: int64, which row each image is, -1 where it is new.
        loaded: the images as they are divided now.
    """
    kept, names = loaded.split.collection, loaded.collection.names
    added: list[ImageChange] = []
    relabelled: list[ImageChange] = []
    there: set[int] = set()
    for side, indices in loaded.split.by_name().items():
        for index in indices.tolist():
            label = kept.classes[kept.labels[index]]
            if matched[index] < 0:
                added.append(ImageChange(names[index], "added", label, split=side))
                continue
            row = rows[matched[index]]
            there.add(int(matched[index]))
            if row.label != label:
                before = row.name if row.name != names[index] else ""
                relabelled.append(
                    ImageChange(names[index], "relabelled", label, row.label, side, before)
                )
    removed = [
        ImageChange(row.name, "removed", "", row.label, row.split)
        for number, row in enumerate(rows)
        if number not in there
    ]
    return (*added, *removed, *relabelled)


def count_changes(
    changes: Sequence[ImageChange], run: str, *, images: int, new_classes: tuple[str, ...]
) -> Follows:
    """Return how many images changed, for the record.

    Args:
        changes: from `find_changes`.
        run: the folder of the earlier run.
        images: how many are used now.
        new_classes: that the earlier run did not know.
    """
    number = Counter(each.change for each in changes)
    return Follows(
        run=run,
        kept=images - number["added"],
        added=number["added"],
        removed=number["removed"],
        relabelled=number["relabelled"],
        new_classes=new_classes,
    )


def write_changes(path: Path, changes: Sequence[ImageChange]) -> None:
    """Write changes.csv, a row an image.

    Raises:
        OSError: it cannot be written.
    """
    rows = (
        (one.name, one.change, one.label, one.earlier_label, one.split, one.earlier_name)
        for one in changes
    )
    with write_atomically(path) as partial:
        write_rows(partial, HEADER, rows)


def read_changes(path: Path) -> tuple[ImageChange, ...]:
    """Read what `write_changes` wrote.

    Raises:
        RunError: it cannot be read, or is no such file.
    """
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            header, *rows = csv.reader(file)
        if tuple(header) != HEADER:
            raise ValueError(f"its columns are {','.join(header)}, not {','.join(HEADER)}")
        return tuple(ImageChange(name, CHANGES[change], *others) for name, change, *others in rows)
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise RunError(f"'{path}' cannot be used: {error}") from error


def carry_answers(
    answers: Sequence[EvaluatedImage],
    rows: Sequence[SplitRow],
    matched: np.ndarray,
    loaded: Loaded,
) -> tuple[EvaluatedImage, ...]:
    """Return what the earlier run answered to images that are still held out.

    Under their names and classes of now, so that a relabelled one counts by its new class.
    """
    known = {one.name: one for one in answers}
    kept, split = loaded.split.collection, loaded.split
    found: list[EvaluatedImage] = []
    for index in (*split.val.tolist(), *split.test.tolist()):
        one = known.get(rows[matched[index]].name) if matched[index] >= 0 else None
        if one is not None:
            label, name = kept.classes[kept.labels[index]], loaded.collection.names[index]
            known_of = {one.runner_up: one.runner_up_probability, one.answer: one.probability}
            own = one.truth_probability if label == one.truth else known_of.get(label, 0.0)
            found.append(
                replace(one, name=name, truth=label, truth_probability=own, index=len(found))
            )
    return tuple(found)
