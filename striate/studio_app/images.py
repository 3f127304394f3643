"""The images that the page can look at: digits, drawn ones, photographs, the user's own files.

An image has an address, which stands in links: ``digits/0042``, ``drawn/rings``,
``photographs/flower``, ``here/cats/tom.jpg``, ``upload/3f2a...``.
"""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from striate.data.images import read
from striate.data.sources.digits import find_digits
from striate.errors import ImageError, SettingError
from striate.serving.confined_paths import ConfinedFolders

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
SIDE = 96  # of the drawn images, in pixels
THUMB = 96
KEPT = 48  # uploads that are remembered, the latest
SHRUNK = 8  # images that are kept small


@dataclass(frozen=True)
class ImageEntry:
    """An image in the page's list.

    Attributes:
        address: in links.
        title: as people read it.
        group: "digits", "drawn", "photographs", "files" or "uploads".
    """

    address: str
    title: str
    group: str


class Images:
    """Lists and opens images.

    >>> found = Images(ConfinedFolders([]))
    >>> found.open("digits/0000").shape, found.open("drawn/rings").shape
    ((8, 8, 1), (96, 96, 3))
    """

    def __init__(self, folders: ConfinedFolders) -> None:
        self._folders = folders
        self._uploads: OrderedDict[str, tuple[str, np.ndarray]] = OrderedDict()
        self._shrunk: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()

    @cached_property
    def digits(self) -> np.ndarray:
        """Scikit-learn's handwritten digits: uint8 (1797, 8, 8)."""
        content = find_digits().content
        if not isinstance(content, np.ndarray):
            raise AssertionError("the digits come as an array")
        return content

    def entries(self, *, most_digits: int = 200) -> list[ImageEntry]:
        """Return all of them, digits up to a number; the others have addresses, too."""
        found = [
            ImageEntry(f"digits/{number:04d}", f"digit {number}", "digits")
            for number in range(most_digits)
        ]
        found += [ImageEntry(f"drawn/{name}", name, "drawn") for name in DRAWN]
        found += [ImageEntry(f"photographs/{name}", name, "photographs") for name in _photographs()]
        found += [ImageEntry(each, each, "files") for each in self._folders.walk(ENDINGS)]
        found += [
            ImageEntry(address, name, "uploads") for address, (name, _) in self._uploads.items()
        ]
        return found

    def open(self, address: str) -> np.ndarray:
        """Return an image: uint8 (rows, columns, 1 or 3).

        Raises:
            SettingError: there is none of this address; the message says which is missing.
            ImageError: its file cannot be read.
        """
        group, _, name = address.partition("/")
        if group == "digits":
            if name.isdecimal() and int(name) < len(self.digits):
                return np.asarray(self.digits[int(name)][:, :, None])
            raise SettingError(f"there are {len(self.digits)} digits and no '{address[:80]}'")
        if group == "drawn" and name in DRAWN:
            return DRAWN[name]()
        if group == "photographs" and name in _photographs():
            return read(_photographs()[name])
        if group == "upload":
            if address not in self._uploads:
                raise SettingError(
                    "the image of this link was uploaded to another studio, or is forgotten; "
                    "upload it here, and the link's address is the same"
                )
            return self._uploads[address][1]
        path = self._folders.find(address)
        try:
            return read(path)
        except ImageError as error:
            raise ImageError(f"'{address}' cannot be read: {error}") from error

    def upload(self, name: str, content: bytes) -> ImageEntry:
        """Remember an image that the page sent; its address follows from its bytes alone.

        Raises:
            ImageError: it cannot be read.
        """
        return self._remember(content, Path(name).name[:80] or "image", read(content))

    def keep(self, name: str, pixels: np.ndarray) -> ImageEntry:
        """Remember an image that was made here: uint8 (rows, columns, 1 or 3)."""
        content = repr(pixels.shape).encode() + pixels.tobytes()
        return self._remember(content, name, pixels)

    def _remember(self, content: bytes, name: str, pixels: np.ndarray) -> ImageEntry:
        address = f"upload/{hashlib.sha256(content).hexdigest()[:16]}"
        self._uploads[address] = (name, pixels)
        self._uploads.move_to_end(address)
        while len(self._uploads) > KEPT:
            self._uploads.popitem(last=False)
        return ImageEntry(address, name, "uploads")

    def shrink(self, address: str, side: int) -> np.ndarray:
        """Return an image whose longer side has at most so many pixels, the mean of those before.

        Raises:
            SettingError: there is none of this address.
            ImageError: its file cannot be read.
        """
        key = (address, side)
        if key not in self._shrunk:
            pixels = self.open(address)
            image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
            image.thumbnail((side, side), Image.Resampling.BOX)
            found = np.asarray(image)
            self._shrunk[key] = found if found.ndim == 3 else found[:, :, None]
            while len(self._shrunk) > SHRUNK:
                self._shrunk.popitem(last=False)
        return self._shrunk[key]

    def thumbnail(self, address: str) -> bytes:
        """Return a small PNG of an image.

        Raises:
            SettingError: there is none of this address.
            ImageError: its file cannot be read.
        """
        pixels = self.open(address)
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        image.thumbnail((THUMB, THUMB))
        kept = io.BytesIO()
        image.save(kept, "PNG")
        return kept.getvalue()


def _photographs() -> dict[str, Path]:
    """Return the two that come with scikit-learn, without loading it."""
    spec = find_spec("sklearn")
    places = [] if spec is None else spec.submodule_search_locations or []
    return {
        name: path
        for place in places
        for name in ("flower", "china")
        if (path := Path(place) / "datasets" / "images" / f"{name}.jpg").is_file()
    }


def _draw(paint: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[], np.ndarray]:
    """Paint with rows and columns from -1 to 1: values 0 to 1, (rows, columns, 3) or one shade."""

    def drawn() -> np.ndarray:
        rows, columns = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
        values = paint(rows, columns)
        three = values if values.ndim == 3 else np.repeat(values[:, :, None], 3, axis=2)
        return np.asarray(np.rint(three.clip(0, 1) * 255), np.uint8)

    return drawn


def _house(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A red house under a blue sky on a meadow."""
    image = np.stack([0.55 - 0.2 * rows, 0.75 - 0.1 * rows, np.full_like(rows, 0.95)], axis=2)
    image[rows > 0.45] = (0.35, 0.62, 0.25)
    image[(np.abs(columns) < 0.5) & (rows > -0.1) & (rows < 0.7)] = (0.8, 0.3, 0.2)
    image[(np.abs(columns) < 0.62 * (rows + 0.65) / 0.55) & (rows > -0.65) & (rows < -0.1)] = 0.25
    image[(np.abs(columns) < 0.13) & (rows > 0.25) & (rows < 0.7)] = (0.35, 0.2, 0.1)
    image[(np.abs(np.abs(columns) - 0.31) < 0.1) & (np.abs(rows - 0.08) < 0.1)] = (1, 0.95, 0.6)
    return image


DRAWN: dict[str, Callable[[], np.ndarray]] = {
    "rings": _draw(lambda r, c: 0.5 + 0.5 * np.cos(14 * np.hypot(r, c))),
    "bars": _draw(lambda r, c: (np.sin(9 * c + 3 * r) > 0).astype(float)),
    "corner": _draw(lambda r, c: ((r > -0.3) & (c > -0.3)).astype(float)),
    "house": _draw(_house),
    "colours": _draw(lambda r, c: np.stack([0.5 + 0.5 * r, 0.5 + 0.5 * c, 0.5 - 0.5 * r], axis=2)),
}
"""Images that every studio has, the same to the pixel."""
