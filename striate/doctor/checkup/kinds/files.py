"""Files that cannot be read, or are not what they seem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

import numpy as np
from PIL import Image

from striate.doctor.checkup.checkup import Checkup
from striate.doctor.image_finding import FoundImage, ImageFinding
from striate.terminal.units import format_percent

SAME: Final = {"MPO": "JPEG", "JPEG2000": "JPEG 2000"}  # formats with endings of another
PLAIN: Final = ("L", "RGB")
SPOKEN: Final = {
    "1": "black and white, 1 bit",
    "P": "a palette",
    "PA": "a palette with transparency",
    "LA": "grey with transparency",
    "RGBA": "colour with transparency",
    "CMYK": "CMYK, for print",
    "YCbCr": "YCbCr",
    "LAB": "LAB",
    "I;16": "grey of 16 bits",
    "I;16B": "grey of 16 bits",
    "I": "grey of 32 bits",
    "F": "grey of floats",
}
RARE: Final = 0.1  # of all images, up to which a mode is odd
TINY, QUARTER = 32, 4  # pixels of the shorter side, and of what share of the middle one
HUGE: Final = 40_000_000  # pixels
TIMES: Final = 4  # so much larger, each way, than the middle one


def find_unreadable(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give each file that cannot be read, with the reason; also those that find() left out."""
    known = {name: index for index, name in enumerate(checkup.collection.names)}
    for each in checkup.scan.unreadable:
        yield ImageFinding("unreadable", each.reason, (checkup.found(known[each.name]),))
    for each in checkup.collection.skipped:
        if each.name not in known:
            yield ImageFinding("unused", each.reason, (FoundImage(each.name, ""),))


def find_wrong_endings(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give each file whose ending names another format than the one it has."""
    endings = Image.registered_extensions()
    for index in checkup.there.tolist():
        kind = str(checkup.measured["format"][index])
        ending = PurePath(checkup.collection.names[index]).suffix.lower()
        meant = endings.get(ending, "")
        if not kind or not ending or SAME.get(kind, kind) == SAME.get(meant, meant):
            continue
        told = f"its ending {ending!r} means {meant}" if meant else f"{ending!r} is no image's"
        yield ImageFinding("ending", f"it is a {kind} file; {told}", (checkup.found(index),))


def find_odd_modes(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give the images whose way of storing colours few others have."""
    modes = checkup.measured["mode"][checkup.there]
    counts = Counter(modes.tolist())
    for mode, count in sorted(counts.items()):
        if not mode or mode in PLAIN or count > RARE * len(modes):
            continue
        for index in checkup.there[modes == mode].tolist():
            reason = f"its colours are stored as {SPOKEN.get(mode, mode)} (mode {mode})"
            yield ImageFinding("mode", reason, (checkup.found(index),))
    colours = counts["L"]
    if 0 < colours <= RARE * len(modes):
        for index in checkup.there[modes == "L"].tolist():
            reason = "it is grey, where nearly all others are in colour"
            yield ImageFinding("mode", reason, (checkup.found(index),))


def find_turned(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give each image that lies otherwise in its file than it is meant to be seen."""
    for index in checkup.there.tolist():
        orientation = int(checkup.measured["orientation"][index])
        if orientation > 1:
            reason = f"EXIF orientation {orientation}: it is turned when it is read"
            yield ImageFinding("turned", reason, (checkup.found(index),))


def find_odd_sizes(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give images that are much smaller or larger than the middle one."""
    signs = checkup.measured[checkup.there]
    if not len(signs):
        return
    shorter = np.minimum(signs["rows"], signs["columns"]).astype(np.int64)
    middle = float(np.median(shorter))
    for place in np.argsort(shorter, kind="stable").tolist():
        rows, columns = int(signs["rows"][place]), int(signs["columns"][place])
        size = f"{rows:,} x {columns:,} pixels"
        image = (checkup.found(int(checkup.there[place])),)
        if shorter[place] < TINY and QUARTER * shorter[place] <= middle:
            told = f"{size}, where the middle image has {middle:,.0f} on its shorter side"
            yield ImageFinding("tiny", told, image)
        elif rows * columns > HUGE and shorter[place] >= TIMES * middle:
            told = f"{size}, where the middle image has {middle:,.0f} on its shorter side"
            yield ImageFinding("huge", told, image)


def find_lost(checkup: Checkup) -> Iterator[ImageFinding]:
    """Give the images of which fitting them to the network would lose most.

    What is lost is told by details: the share of all differences between neighbouring cells that
    lies in what the crop cuts away.
    """
    if checkup.fit.fit != "crop":
        return
    shares = np.array([_lost(checkup, index) for index in checkup.there.tolist()])
    for place in np.argsort(-shares, kind="stable").tolist()[:WORST]:
        if shares[place] < LOST:
            return
        index = int(checkup.there[place])
        rows, columns = (int(checkup.measured[side][index]) for side in ("rows", "columns"))
        where = checkup.fit.placement(rows, columns)
        top, left, bottom, right = where.box
        area = (bottom - top) * (right - left) / (rows * columns)
        reason = (
            f"of its {rows:,} x {columns:,} pixels the crop keeps {format_percent(area)} of the "
            f"area; {format_percent(float(shares[place]))} of its details lie outside"
        )
        yield ImageFinding("cropped", reason, (checkup.found(index),))


LOST: Final = 0.5  # of the details, from which a loss is named
WORST: Final = 12


def _lost(checkup: Checkup, index: int) -> float:
    rows, columns = (int(checkup.measured[side][index]) for side in ("rows", "columns"))
    top, left, bottom, right = checkup.fit.placement(rows, columns).box
    thumb = checkup.measured["thumb"][index].astype(np.float32)
    side = len(thumb)
    details = np.zeros_like(thumb)
    details[1:] += np.abs(np.diff(thumb, axis=0))
    details[:, 1:] += np.abs(np.diff(thumb, axis=1))
    total = float(details.sum())
    down = slice(round(top / rows * side), round(bottom / rows * side))
    across = slice(round(left / columns * side), round(right / columns * side))
    return 1 - float(details[down, across].sum()) / total if total else 0.0
