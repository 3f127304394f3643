"""Labels that another tool proposes, read from a list: shown as proposals, and nothing more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from striate.data import format_count
from striate.data.collection import quote_few
from striate.doctor.labelling.answers import check_label
from striate.doctor.labelling.folder_images import FolderImages
from striate.errors import DataError, SettingError
from striate.evaluation.comparison.outside_answers import ImageFinder, read_answer_list


@dataclass(frozen=True)
class Proposals:
    """What a list proposes.

    Attributes:
        labels: by the image's index.
        notes: what of the list is used, and what is not, a line each.
    """

    labels: Mapping[int, str] = field(repr=False)
    notes: tuple[str, ...]


def read_proposals(path: Path, images: FolderImages) -> Proposals:
    """Read a CSV with the columns file (or image, path) and label (or answer), as for `compare`.

    An image is found by its path below the folder, or by its name where one alone has it. Where a
    list gives an image two labels, neither is proposed.

    Args:
        path: of the list.
        images: of the folder.

    Raises:
        DataError: it cannot be read, lacks a column, or none of its rows is of an image here.
    """
    finder = ImageFinder(images.root, images.names)
    index = {name: place for place, name in enumerate(images.names)}
    told: dict[int, list[str]] = defaultdict(list)
    lost: list[str] = []
    for row in read_answer_list(path):
        name = finder.find(row.path, path)
        if name is None:
            lost.append(row.path)
            continue
        try:
            told[index[name]].append(check_label(row.answer))
        except SettingError as error:
            raise DataError(f"{row.place} of '{path}': {error}") from error
    if not told:
        raise DataError(
            f"no row of '{path}' is of an image in '{images.root}' ({quote_few(lost)}, where the "
            f"images are called {quote_few(images.names)})"
        )
    torn = [each for each, labels in told.items() if len(set(labels)) > 1]
    labels = {each: names[0] for each, names in told.items() if each not in set(torn)}
    notes = [f"{path.name} proposes labels of {len(labels):,} of {len(images.names):,} images"]
    if lost:
        which = format_count(len(lost), "row is", "rows are")
        notes.append(f"{which} of no image here and left out: {quote_few(lost, 5)}")
    if torn:
        which = format_count(len(torn), "image has", "images have")
        names = quote_few(images.names[each] for each in torn)
        notes.append(f"{which} two labels in it, of which neither is proposed: {names}")
    return Proposals(labels, tuple(notes))
