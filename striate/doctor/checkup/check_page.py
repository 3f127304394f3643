"""The page of a check: the verdict, then each kind of finding with its images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from striate.data import Collection
from striate.data.images import hold_decoded
from striate.doctor.checkup.check_result import CheckResult
from striate.doctor.checkup.kinds import Check
from striate.doctor.image_finding import FoundImage, ImageFinding
from striate.errors import ImageError
from striate.files.atomic_write import write_atomically
from striate.render.page import page
from striate.terminal.escape import escape_controls

SHOWN: Final = 12  # findings of a kind with their images
TOLD: Final = 200  # findings of a kind with their names
TWINS: Final = 4  # images of one finding
SIDE: Final = 176  # pixels on the longer side; twice as many as it is shown at

SECTIONS: Final = {"found": "What was found", "classes": "Classes", "how": "How it was found"}


def write_check_page(result: CheckResult, collection: Collection, path: Path) -> None:
    """Write a check as a page: one file that loads nothing and runs no script.

    Args:
        result: from `check_data`.
        collection: the images that it was made of.
        path: the file; one that is there is replaced.

    Raises:
        OSError: it cannot be written.
    """
    view = View(result, _thumbnails(result, collection))
    text = page(view.title, "doctor/checkup/templates/opening.html", SECTIONS, view)
    with write_atomically(path) as partial:
        partial.write_text(text, "utf-8")


@dataclass(frozen=True)
class View:
    """A check, and what the templates need besides.

    Attributes:
        result: the check.
        pixels: of the images that are shown, uint8 (rows, columns, channels), by name.
    """

    result: CheckResult
    pixels: Mapping[str, np.ndarray]

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"Check of {escape_controls(self.result.data)}"

    @property
    def verdict(self) -> str:
        """What came out, in a sentence."""
        return self.result.verdict()

    @property
    def groups(self) -> Sequence[tuple[Check, Sequence[ImageFinding]]]:
        """The kinds with their findings."""
        return self.result.by_kind()

    @property
    def figures(self) -> list[tuple[str, str]]:
        """The numbers of the first screen: value, label."""
        return [
            (f"{self.result.images:,}", "images"),
            (f"{len(self.result.classes):,}", "classes"),
            (f"{len(self.result.grave):,}", "need a person"),
            (f"{len(self.result.findings) - len(self.result.grave):,}", "smaller things"),
        ]

    @property
    def widest(self) -> int:
        """The images of the largest class."""
        return max(self.result.classes.values(), default=1) or 1

    def shown(self, finding: ImageFinding) -> list[FoundImage]:
        """Return the images of a finding that the page has."""
        return [one for one in finding.images[:TWINS] if one.name in self.pixels]


def _thumbnails(result: CheckResult, collection: Collection) -> dict[str, np.ndarray]:
    """Read the images that the page shows, small; those that cannot be read have none."""
    places = {name: place for place, name in enumerate(collection.names)}
    wanted = {
        one.name
        for _, findings in result.by_kind()
        for finding in findings[:SHOWN]
        for one in finding.images[:TWINS]
        if one.name in places
    }
    found = {}
    for name in sorted(wanted):
        try:
            with hold_decoded(
                collection.open(places[name]),
                reduction=lambda rows, columns: next(
                    (by for by in (8, 4, 2) if max(rows, columns) >= SIDE * by), 1
                ),
            ) as decoded:
                image = decoded.image
                if max(image.size) > SIDE:
                    image = image.copy()
                    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
                found[name] = np.atleast_3d(np.asarray(image))
        except ImageError:
            continue
    return found
