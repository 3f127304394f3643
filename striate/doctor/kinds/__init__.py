"""What is looked for: a kind a file, and one line in `ALL`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from striate.data import format_count
from striate.data.collection import quote_few
from striate.doctor.examination import Examination
from striate.doctor.image_finding import ImageFinding
from striate.doctor.kinds.blank import find_blank
from striate.doctor.kinds.copy import describe_effect, find_copies
from striate.doctor.kinds.label import find_labels
from striate.doctor.kinds.placeholder import find_placeholders
from striate.doctor.kinds.two_classes import find_two_classes
from striate.evaluation.metrics import EvaluatedImage


@dataclass(frozen=True)
class Kind:
    """A kind of finding.

    Attributes:
        name: as findings have it.
        one: what one such image is called.
        many: what several are called.
        title: a heading over several.
        advice: what to do, in a sentence.
        find: finds them, the gravest first.
    """

    name: str
    one: str
    many: str
    title: str
    advice: str
    find: Callable[[Examination], Iterable[ImageFinding]]


ALL = (  # an image that one kind has named is not named by those after it
    Kind(
        "blank",
        "blank image",
        "blank images",
        "Blank images",
        "Take them out of the folder: there is nothing on them to learn.",
        find_blank,
    ),
    Kind(
        "placeholder",
        "placeholder image",
        "placeholder images",
        "Placeholder images",
        "Take them out of the folder, or fetch the real ones: a class that has them learns to "
        "answer to an error message.",
        find_placeholders,
    ),
    Kind(
        "copy",
        "held-out image that is a training image saved again",
        "held-out images that are training images saved again",
        "Held-out images that are training images saved again",
        "Keep one of each pair: the network knows the other by heart, so accuracy on it flatters.",
        find_copies,
    ),
    Kind(
        "two classes",
        "image that stands in several classes",
        "images that stand in several classes",
        "The same image in several classes",
        "Leave it in the class where it belongs: two labels teach the opposite of each other, and "
        "one of them is always counted as wrong.",
        find_two_classes,
    ),
    Kind(
        "label",
        "label that the classifier contradicts",
        "labels that the classifier contradicts",
        "Labels that the classifier contradicts",
        "One of the two is wrong. Where it is the label, move the image to its class; where it is "
        "the classifier, more images like this one would help.",
        find_labels,
    ),
)
KINDS = {kind.name: kind for kind in ALL}


def examine(examination: Examination) -> tuple[ImageFinding, ...]:
    """Return everything that is worth a look, the gravest first; each image once.

    >>> from striate.data import find, load, split_stratified
    >>> from striate.data.images import Preprocess
    >>> from striate.doctor.image_signs import ImageSigns
    >>> digits = find("digits")
    >>> preprocess = Preprocess(channels=1, height=8, width=8)
    >>> images = load(digits, preprocess)
    >>> split = split_stratified(digits, images)
    >>> examine(Examination(digits, images, split, preprocess, ImageSigns(len(digits))))
    ()
    """
    named: set[str] = set()
    found: list[ImageFinding] = []
    for kind in ALL:
        fresh = [each for each in kind.find(examination) if each.images[0].name not in named]
        named.update(image.name for each in fresh for image in each.images)
        found += fresh
    return tuple(found)


def group_by_kind(
    findings: Iterable[ImageFinding],
) -> tuple[tuple[Kind, tuple[ImageFinding, ...]], ...]:
    """Return the kinds that something was found of, in their order, each with what was found."""
    given = list(findings)
    grouped = [(kind, tuple(f for f in given if f.kind == kind.name)) for kind in ALL]
    return tuple((kind, mine) for kind, mine in grouped if mine)


def describe_findings(
    findings: Sequence[ImageFinding], answers: Sequence[EvaluatedImage] = ()
) -> tuple[str, ...]:
    """Return what was found in words, a line a kind, and what copies do to accuracy.

    Args:
        findings: from `examine`.
        answers: that accuracy was measured on.

    >>> from striate.doctor.image_finding import FoundImage
    >>> both = (FoundImage("ant/1.png", "ant", "train"), FoundImage("bee/7.png", "bee", "val"))
    >>> describe_findings([ImageFinding("two classes", "the same pixels in 'ant', 'bee'", both)])
    ("look at first: 1 image that stands in several classes, 'ant/1.png'",)
    """
    lines = []
    for kind, mine in group_by_kind(findings):
        which = quote_few(each.images[0].name for each in mine)
        lines.append(f"look at first: {format_count(len(mine), kind.one, kind.many)}, {which}")
    copies = [each for each in findings if each.kind == "copy"]
    return (*lines, *describe_effect(copies, answers))
