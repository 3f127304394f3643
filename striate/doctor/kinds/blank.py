"""Images with nothing on them: all black, all white, all of one colour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from striate.doctor.examination import Examined
from striate.doctor.image_finding import ImageFinding

SPREAD = 24  # of the values of an image's middle, above which it is not looked at closely
MOST = 500  # that are looked at


def find_blank(examination: Examined) -> Iterator[ImageFinding]:
    """Give each image that is of one colour, but for what noise and JPEG change."""
    there = examination.there
    spread = examination.measured["spread"][there]
    candidates = there[np.argsort(spread, kind="stable")][: int((spread <= SPREAD).sum())]
    for index in candidates[:MOST].tolist():
        look = examination.close(index)
        if look is not None and look.blank:
            yield ImageFinding(
                "blank",
                f"all of its {look.rows:,} x {look.columns:,} pixels are of one colour",
                (examination.found(index),),
            )
