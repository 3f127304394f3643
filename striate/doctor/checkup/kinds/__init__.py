"""What is looked for in a data set: a kind a file, and one line in `CHECKS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from striate.doctor.checkup.checkup import Checkup
from striate.doctor.checkup.kinds.classes import find_few, find_names, find_unequal
from striate.doctor.checkup.kinds.copies import find_in_classes, find_in_splits, find_within
from striate.doctor.checkup.kinds.files import (
    find_lost,
    find_odd_modes,
    find_odd_sizes,
    find_turned,
    find_unreadable,
    find_wrong_endings,
)
from striate.doctor.checkup.kinds.labels import find_labels
from striate.doctor.checkup.kinds.shortcut import find_shortcuts
from striate.doctor.image_finding import ImageFinding
from striate.doctor.kinds.blank import find_blank
from striate.doctor.kinds.placeholder import find_placeholders


@dataclass(frozen=True)
class Check:
    """A kind of finding.

    Attributes:
        name: as findings have it.
        title: a heading over several.
        one: what one is called.
        many: what several are called.
        advice: what to do, in a sentence.
        find: finds them, the gravest first.
        grave: whether a person has to look.
        action: what is proposed for images but the first of a finding, or for the first where it
            has one alone: "drop", "relabel"; "" leaves it open.
    """

    name: str
    title: str
    one: str
    many: str
    advice: str
    find: Callable[[Checkup], Iterable[ImageFinding]]
    grave: bool = False
    action: str = ""


CHECKS: Final = (  # an image that one kind has named is not named by those after it
    Check(
        "unreadable",
        "Files that cannot be read",
        "file that cannot be read",
        "files that cannot be read",
        "Training leaves them out. Fetch them anew, or take them away.",
        find_unreadable,
        grave=True,
    ),
    Check(
        "blank",
        "Blank images",
        "blank image",
        "blank images",
        "Take them out: there is nothing on them to learn.",
        find_blank,
        grave=True,
        action="drop",
    ),
    Check(
        "placeholder",
        "Placeholder images",
        "placeholder image",
        "placeholder images",
        "Take them out, or fetch the real ones: a class that has them learns to answer to an error "
        "message.",
        find_placeholders,
        grave=True,
        action="drop",
    ),
    Check(
        "two classes",
        "The same image in several classes",
        "image that stands in several classes",
        "images that stand in several classes",
        "Keep it in the class where it belongs: two labels teach the opposite of each other, and "
        "one of them is always counted as wrong.",
        find_in_classes,
        grave=True,
    ),
    Check(
        "two splits",
        "The same image to learn from and to be tested on",
        "image that stands in several splits",
        "images that stand in several splits",
        "Keep one of each: the network knows the other by heart, so accuracy on it flatters.",
        find_in_splits,
        grave=True,
    ),
    Check(
        "label",
        "Labels that are probably wrong",
        "label that is probably wrong",
        "labels that are probably wrong",
        "Look at each: where the label is wrong, relabel it; where it is right, keep it, and more "
        "images like it would help.",
        find_labels,
        grave=True,
    ),
    Check(
        "shortcut",
        "Classes told apart without looking at the image",
        "shortcut",
        "shortcuts",
        "Bring the classes to one size, format and light, or add images of each class made like "
        "those of the others: a network learns whatever tells the folders apart.",
        find_shortcuts,
        grave=True,
    ),
    Check(
        "names",
        "Classes whose names are nearly the same",
        "pair of class names that may be one",
        "pairs of class names that may be one",
        "Where they are one class, put their images into one folder.",
        find_names,
        grave=True,
    ),
    Check(
        "few",
        "Classes with few images",
        "class with few images",
        "classes with few images",
        "Add images: below ten, neither can a network learn the class nor can its labels be "
        "checked.",
        find_few,
        grave=True,
    ),
    Check(
        "copies",
        "The same image more than once in a class",
        "image that is there more than once",
        "images that are there more than once",
        "Splitting keeps equal files on one side; copies that were saved again it does not know. "
        "Keep the largest of each.",
        find_within,
        action="drop",
    ),
    Check(
        "unequal",
        "Classes of very unequal size",
        "large imbalance",
        "large imbalances",
        "Look at the recall of each class, not at accuracy alone; --class-weight full makes "
        "small classes count as much as large ones.",
        find_unequal,
    ),
    Check(
        "cropped",
        "Images that lose most when they are cropped",
        "image that loses much",
        "images that lose much",
        "--fit pad keeps all of them, with a border; or crop them by hand to what matters.",
        find_lost,
    ),
    Check(
        "tiny",
        "Very small images",
        "very small image",
        "very small images",
        "Thumbnails among photographs: fetch the originals.",
        find_odd_sizes,
    ),
    Check(
        "huge",
        "Very large images",
        "very large image",
        "very large images",
        "They take long to decode; a smaller copy serves as well.",
        lambda checkup: (),
    ),
    Check(
        "ending",
        "Files with the ending of another format",
        "file with the ending of another format",
        "files with the ending of another format",
        "Striate reads them by their content; other programs may refuse them. Rename them.",
        find_wrong_endings,
    ),
    Check(
        "mode",
        "Images stored otherwise than the rest",
        "image stored otherwise than the rest",
        "images stored otherwise than the rest",
        "They are brought to the same form when they are read; look whether they came out right.",
        find_odd_modes,
    ),
    Check(
        "turned",
        "Images that are turned when they are read",
        "image that is turned when it is read",
        "images that are turned when they are read",
        "Striate does what EXIF says; some programs do not, and show them lying on their side.",
        find_turned,
    ),
    Check(
        "unused",
        "Files that are not used",
        "file that is not used",
        "files that are not used",
        "They are no images of a class.",
        lambda checkup: (),
    ),
)
BY_NAME: Final = {check.name: check for check in CHECKS}


def examine(checkup: Checkup) -> tuple[ImageFinding, ...]:
    """Return everything that is worth a look, in the order of `CHECKS`."""
    order = {check.name: place for place, check in enumerate(CHECKS)}
    named: set[str] = set()
    found: list[ImageFinding] = []
    for check in CHECKS:
        for each in check.find(checkup):
            own = {image.name for image in each.images}
            if each.kind in ALONE and own <= named:
                continue
            if each.kind in ALONE:
                named |= own
            found.append(each)
    return tuple(sorted(found, key=lambda each: order[each.kind]))


ALONE: Final = frozenset({"blank", "placeholder", "two classes", "two splits", "label", "copies"})
"""Kinds of which an image is named by the first alone."""
