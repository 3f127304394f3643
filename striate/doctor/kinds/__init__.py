"""What is looked for: a kind a file, and one line in `ALL`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from striate.data import format_count
from striate.data.collection import quote_few
from striate.doctor.examination import Examination
from striate.doctor.image_finding import ImageFinding
from striate.doctor.kinds.two_classes import find_two_classes


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


ALL = (  # the gravest first; an image that one kind has named is not named by those behind it
    Kind(
        "two classes",
        "image that stands in several classes",
        "images that stand in several classes",
        "The same image in several classes",
        "Leave it in the class where it belongs: with two labels it teaches nothing, and one of "
        "its answers is always counted as wrong.",
        find_two_classes,
    ),
)
KINDS = {kind.name: kind for kind in ALL}


def examine(examination: Examination) -> tuple[ImageFinding, ...]:
    """Return everything that is worth a look, the gravest first; each image once.

    >>> from striate.data import find, load, split_stratified
    >>> from striate.data.images import Preprocess
    >>> digits = find("digits")
    >>> images = load(digits, Preprocess(channels=1, height=8, width=8))
    >>> examine(Examination(digits, images, split_stratified(digits, images)))
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


def describe_findings(findings: Sequence[ImageFinding]) -> tuple[str, ...]:
    """Return what was found in words, a line a kind.

    >>> from striate.doctor.image_finding import FoundImage
    >>> both = (FoundImage("ant/1.png", "ant", "train"), FoundImage("bee/7.png", "bee", "val"))
    >>> describe_findings([ImageFinding("two classes", "the same pixels in 'ant', 'bee'", both)])
    ("look at first: 1 image that stands in several classes, 'ant/1.png'",)
    """
    lines = []
    for kind, mine in group_by_kind(findings):
        which = quote_few(each.images[0].name for each in mine)
        lines.append(f"look at first: {format_count(len(mine), kind.one, kind.many)}, {which}")
    return tuple(lines)
