"""One thing about the images that a person should look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FoundImage:
    """An image that a finding names.

    Attributes:
        name: as the data has it: a path below its root, or a number.
        label: the class that the data gives it.
        split: "train", "val", "test", or "" where it is in none, as a copy that was left out.
        answer: what the classifier says instead; "" where that is not the point.
        probability: of the answer, 0 to 1; None where there is none.
    """

    name: str
    label: str
    split: str = ""
    answer: str = ""
    probability: float | None = None


@dataclass(frozen=True)
class ImageFinding:
    """Something about one image, or about several that belong together, that needs a look.

    Attributes:
        kind: a name in `striate.doctor.KINDS`, which has its title and its advice.
        reason: what was seen, in one line, with the figures.
        images: the image to look at, then those that it is held against: its copies, its twin.
    """

    kind: str
    reason: str
    images: tuple[FoundImage, ...]
