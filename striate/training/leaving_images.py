"""The images that are to leave a run: which they are, what they are known by, what they leave."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from striate.data import Collection, digest_pixels
from striate.data.split_file import SplitRow
from striate.errors import ImageError, RunError
from striate.model.run_folder import RunFolder
from striate.training.plan import Plan


def find_name(given: str, rows: Sequence[SplitRow], found: Collection, plan: Plan) -> str:
    """Return the name in the run of an image that is given by it, or by its file.

    Raises:
        RunError: it is none of the run's.
    """
    names = {row.name for row in rows}
    if given in names:
        return given
    path = Path(given)
    if isinstance(found.content, Path):
        with suppress(ValueError, OSError):
            name = path.resolve().relative_to(found.content.resolve()).as_posix()
            if name in names:
                return name
    hashes = {row.content_hash: row.name for row in rows if row.content_hash}
    with suppress(ImageError):
        own = f"{digest_pixels(plan.preprocess.pixels(path)):016x}"
        if own in hashes:
            return hashes[own]
    raise RunError(
        f"'{given}' is no image of the run; expected a name as in its split.csv, such as "
        f"'{rows[0].name}', or the file of one"
    )


def hash_images(found: Collection, names: set[str], plan: Plan) -> np.ndarray:
    """Return the hashes of images, of those that are still there: uint64."""
    hashes = []
    for index, name in enumerate(found.names):
        if name in names:
            with suppress(ImageError):
                hashes.append(digest_pixels(plan.preprocess.pixels(found.open(index))))
    return np.array(hashes, np.uint64)


def check_left(folder: RunFolder, rows: Sequence[SplitRow], plan: Plan) -> None:
    """Refuse to take the last image of a class that is learnt from, or the last to validate on.

    Raises:
        RunError: one would be gone.
    """
    learnt = {row.label for row in rows if row.split == "train"}
    if lost := [name for name in plan.data.classes if name not in learnt]:
        raise RunError(
            f"'{lost[0]}' would have no image left in '{folder.path}' to learn from; a classifier "
            "of the other classes is a new run: striate train DATA"
        )
    if not any(row.split == "val" for row in rows):
        raise RunError(
            f"no validation image would be left in '{folder.path}'; start a new run: striate train "
            "DATA"
        )
