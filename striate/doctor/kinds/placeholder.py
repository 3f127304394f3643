"""Images that a server sent instead of one: "image not found", a camera icon, an empty frame.

Two of three signs must hold: few colours, lines of text in two colours, the same content more than
once. No list of known images: each shop and each site has its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from striate.data import format_count
from striate.doctor.close_look import CloseLook
from striate.doctor.examination import Examined
from striate.doctor.image_finding import ImageFinding
from striate.doctor.image_signs import SMALLEST

FEW = 0.85  # of an image's sample, that six colours cover where it is looked at closely
USUAL = 0.25  # of all images; where so many have few colours, these say nothing
SHARE, LEAST, MOST = 0.05, 40, 500  # of all images, that are looked at; as a number; at most
SIDE = 48  # pixels a side, at least, of a file in which text can be read


def find_placeholders(examination: Examined) -> Iterator[ImageFinding]:
    """Give each image that looks like one that stands for another, with its copies."""
    if min(examination.preprocess.shape[1:]) < SMALLEST:
        return
    there, few = examination.there, examination.measured["few"]
    candidates = there[few[there] >= FEW]
    rare = len(candidates) < max(2, USUAL * len(there))
    copies = {index: group for group in examination.equal for index in group}
    looked = {group[0] for group in examination.equal}
    if rare:
        most = min(MOST, max(LEAST, int(SHARE * len(there))))
        flattest = candidates[np.argsort(-few[candidates], kind="stable")]
        looked |= {copies.get(index, (index,))[0] for index in flattest[:most].tolist()}
    for first in sorted(looked):
        look = examination.close(first)
        group = copies.get(first, (first,))
        if look is None or look.blank or min(look.rows, look.columns) < SIDE:
            continue
        images = tuple(examination.found(index) for index in group)
        signs = _describe(look, len(group), len({image.label for image in images}), rare=rare)
        if len(signs) >= 2:
            yield ImageFinding("placeholder", "; ".join(signs), images)


def _describe(look: CloseLook, copies: int, classes: int, *, rare: bool) -> list[str]:
    """Return the signs that hold, in words."""
    signs = []
    if look.shades and rare:
        colors = format_count(look.shades, "colour covers", "colours cover")
        signs.append(f"{colors} 95 % of its flat parts")
    if look.lines:
        signs.append(f"{format_count(look.lines, 'line')} as of text in two colours")
    if copies > 1:
        within = "one class" if classes == 1 else f"{classes} classes"
        signs.append(f"the same content stands here {copies:,} times, in {within}")
    return signs
