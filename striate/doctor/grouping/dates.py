"""When photographs were taken, as the camera wrote it into their EXIF data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PIL import ExifTags, Image

from striate.data import Collection
from striate.data.images.damaged_files import UNREADABLE
from striate.data.images.source import open_source
from striate.errors import ImageError

ENDINGS = (".jpg", ".jpeg", ".jpe", ".heic", ".tif", ".tiff", ".webp")  # that cameras write
MOST = 2000  # files that are opened for it: half a second
TRIED = 20  # files, evenly spread, of which none has a date where no others are opened


def read_dates(collection: Collection) -> tuple[dict[int, float], bool]:
    """Return when photographs were taken, in seconds, of those that say it.

    Args:
        collection: the images.

    Returns:
        The seconds by index; and whether they are so few that all were opened.
    """
    if not isinstance(collection.content, Path):
        return {}, True
    root = collection.content
    files = [index for index, name in enumerate(collection.names) if name.lower().endswith(ENDINGS)]
    some = files[:: max(1, len(files) // TRIED)]
    if all(_read_date(root / collection.names[index]) is None for index in some):
        return {}, True  # photographs from the web have none
    if len(files) > MOST:
        return {}, False
    found = {index: _read_date(root / collection.names[index]) for index in files}
    return {index: seconds for index, seconds in found.items() if seconds is not None}, True


def _read_date(path: Path) -> float | None:
    try:
        with open_source(path) as opened:
            if not isinstance(opened.image, Image.Image):
                return None
            told = opened.image.getexif().get_ifd(ExifTags.IFD.Exif)
    except (ImageError, *UNREADABLE):
        return None
    taken = str(told.get(ExifTags.Base.DateTimeOriginal, "")).strip("\0 ")
    part = str(told.get(ExifTags.Base.SubsecTimeOriginal, "")).strip("\0 ")
    try:
        seconds = datetime.strptime(taken, "%Y:%m:%d %H:%M:%S").timestamp()
    except (ValueError, OverflowError, OSError):  # no date, or one that is none
        return None
    return seconds + (float(f"0.{part}") if part.isdecimal() else 0.0)
