"""What striate convolve is given: an image, a filter, sizes and places, read from text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from striate.cli.messages import say
from striate.errors import ImageError, SettingError
from striate.terminal.escape import escape_controls

if TYPE_CHECKING:
    import numpy as np

PAIR = re.compile(r"([0-9]{1,9})(?:[xX]([0-9]{1,9}))?")
PLACE = re.compile(r"(-?[0-9]{1,9})\s*,\s*(-?[0-9]{1,9})")
TEXTS = {".txt", ".csv", ".tsv"}
LARGEST_TEXT = 2**26  # bytes
LARGEST_SIDE = 2**27  # of a stride, a padding or a dilation, as the arithmetic takes it


def describe_kernel(text: str) -> str:
    """Describe where a filter was read as single digits; empty where it was not.

    >>> describe_kernel("10/16")
    '10/16: read as single digits, 2x2; numbers need blanks or commas between them'
    """
    from striate.teaching.convolution.number_grids import explain_digits, split_kernel_rows

    told = [explain_digits(split_kernel_rows(part)) for part in text.split("|")]
    return next((f"{text[:40]}: {each}" for each in told if each), "")


def open_image(image: str) -> tuple[np.ndarray, str]:
    """Read an image: a file of pixels, a file of numbers, or a grid written out.

    What was odd about an image is said on the standard error; that numbers were read as single
    digits is given, to be said once all went well.
    """
    from striate.teaching import convolution
    from striate.teaching.convolution.number_grids import explain_digits, split_image_rows

    if not image.strip():
        raise ImageError("the image is empty; give a file or a grid such as '010/101'")
    path = Path(image)
    try:
        there = path.exists()
    except (OSError, ValueError):  # too long for a file's name, or what none can hold
        there = False
    if not there and convolution.is_grid(image):
        told = explain_digits(split_image_rows(image))
        return convolution.parse_image(image), told and f"{image[:80]}: {told}"
    if there and path.suffix.lower() in TEXTS:
        text, table = read_text(path), path.suffix.lower() != ".txt"
        told = "" if table else explain_digits(split_image_rows(text))
        return convolution.parse_image(text, digits=not table), told and f"{image}: {told}"
    import numpy as np

    from striate.data import images

    try:
        decoded = images.decode(path)
    except ImageError as error:
        raise ImageError(f"'{image}' cannot be read: {error}") from error
    for remark in decoded.remarks:
        say(escape_controls(f"{image}: {remark}"))
    return np.asarray(decoded.image), ""


def read_text(path: Path) -> str:
    """Read a file of numbers."""
    try:
        if path.stat().st_size > LARGEST_TEXT:
            raise ImageError(f"'{path}' is too large for a file of numbers, over 64 MiB")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ImageError(f"'{path}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ImageError(f"'{path}' is no text: {error}") from error


def parse_sides(text: str, option: str, least: int = 1) -> tuple[int, int]:
    """Read "2" or "2x1" as rows and columns.

    >>> parse_sides("2", "--stride"), parse_sides("2x1", "--stride")
    ((2, 2), (2, 1))
    """
    found = PAIR.fullmatch(text.strip())
    if found is None:
        raise SettingError(f"{option} is '{text[:40]}'; expected a whole number as 2, or 2x1")
    rows, columns = int(found[1]), int(found[2] or found[1])
    if not least <= min(rows, columns) <= max(rows, columns) <= LARGEST_SIDE:
        raise SettingError(
            f"{option} is '{text[:40]}'; expected whole numbers from {least} to {LARGEST_SIDE:,}"
        )
    return rows, columns


def parse_padding(text: str) -> tuple[int, int] | Literal["valid", "same", "end"]:
    """Read what --padding says.

    >>> parse_padding("same"), parse_padding("1")
    ('same', (1, 1))
    """
    if text in ("valid", "same", "end"):
        return cast("Literal['valid', 'same', 'end']", text)
    if not PAIR.fullmatch(text.strip()):
        raise SettingError(f"--padding is '{text[:40]}'; expected valid, same, end, or pixels as 1")
    return parse_sides(text, "--padding", 0)


def parse_place(text: str) -> tuple[int, int]:
    """Read "3,1" as row 3, column 1.

    >>> parse_place("3,1")
    (3, 1)
    """
    found = PLACE.fullmatch(text.strip())
    if found is None:
        raise SettingError(f"--at is '{text[:40]}'; expected ROW,COLUMN, counted from 0, as 3,1")
    return int(found[1]), int(found[2])
