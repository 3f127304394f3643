"""One image under two labels: whichever is right, the other teaches the opposite."""

from __future__ import annotations

from collections.abc import Iterator

from striate.data.collection import quote_few
from striate.doctor.examination import Examination
from striate.doctor.image_finding import ImageFinding


def find_two_classes(examination: Examination) -> Iterator[ImageFinding]:
    """Give each group of images whose pixels are the same and whose classes are not."""
    for group in examination.equal:
        images = tuple(examination.found(index) for index in group)
        classes = sorted({image.label for image in images})
        if len(classes) > 1:
            reason = f"the same pixels stand in {len(classes)} classes: {quote_few(classes)}"
            yield ImageFinding("two classes", reason, images)
