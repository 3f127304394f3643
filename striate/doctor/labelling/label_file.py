"""labels.csv: a row an image that has a label, as `striate train` reads it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from striate.data import Skipped, format_count, write_skipped
from striate.data.collection import write_rows
from striate.data.digests import digest_source
from striate.doctor.labelling.session import Session
from striate.errors import ImageError
from striate.files.atomic_write import write_atomically

NAMED: Final = 5  # files that are left out and named on the screen
HEADER: Final = ("path", "label", "by", "probability", "digest", "drawn")


def name_skipped(skipped: Sequence[Skipped], path: Path) -> tuple[str, ...]:
    """Write beside the labels what cannot be read; return the line that says it, none for none.

    Args:
        skipped: names and reasons.
        path: of the labels; NAME.skipped.csv stands beside it.
    """
    if not skipped:
        return ()
    beside = path.with_name(f"{path.stem}.skipped.csv")
    with write_atomically(beside) as partial:
        write_skipped(partial, skipped)
    few = "; ".join(f"{each.name!r}: {each.reason}" for each in skipped[:NAMED])
    more = f"; all in {beside}" if len(skipped) > NAMED else ""
    return (f"{format_count(len(skipped), 'file is', 'files are')} left out: {few}{more}",)


class LabelFile:
    """The labels of a session in a file, whole at any time.

    The columns: `path`, relative to the file; `label`; `by`, who said it: `person`, `proposal`
    (another tool's, which a person confirmed), `cluster` (named with others), `copy` (of an image
    that has a label), `classifier` (the head's guess, where these are asked for); `probability` of
    a guess; `digest` of the image's file; `drawn`, yes for those drawn at random.

    Args:
        path: of the file.
        least: probability from which guesses of the head are written, too; None writes none.
    """

    def __init__(self, path: Path, *, least: float | None = None) -> None:
        self.path, self._least = path, least
        self._digests: dict[int, str] = {}

    def write(self, session: Session) -> None:
        """Write all labels.

        Raises:
            OSError: the file cannot be written.
        """
        images = session.images
        rows: dict[int, tuple[str, str, str, str]] = {}
        for index, label in session.labels().items():
            alone = images.groups[index] == index
            by = label.by if alone else "copy"
            rows[index] = label.name, by, "", "yes" if label.drawn and alone else "no"
        guesses = {} if self._least is None else session.guesses()
        for index, (name, sure) in guesses.items():
            if self._least is not None and sure >= self._least:
                rows[index] = name, "classifier", f"{sure:.4f}", "no"
        with write_atomically(self.path) as partial:
            write_rows(
                partial,
                HEADER,
                (
                    (self._place(images.root / images.names[index]), name, by, sure, digest, drawn)
                    for index, (name, by, sure, drawn) in sorted(rows.items())
                    if (digest := self._digest(index, images.root / images.names[index]))
                ),
            )

    def _place(self, image: Path) -> str:
        """Return the path relative to the file, so that both may be moved together."""
        try:
            place = os.path.relpath(image.absolute(), self.path.absolute().parent)
        except ValueError:  # on another drive of Windows
            place = str(image.absolute())
        return place.replace(os.sep, "/")

    def _digest(self, index: int, image: Path) -> str:
        """Return the digest of an image's file; "" where it has gone meanwhile."""
        if index not in self._digests:
            try:
                self._digests[index] = digest_source(image).hexdigest()
            except ImageError:
                return ""
        return self._digests[index]
