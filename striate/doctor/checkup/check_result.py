"""What a check of a data set has found, as plain numbers and texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from striate.data import format_count
from striate.data.collection import quote_few
from striate.doctor.checkup.kinds import BY_NAME, CHECKS, Check
from striate.doctor.image_finding import ImageFinding
from striate.terminal.escape import escape_controls
from striate.terminal.units import format_percent
from striate.terminal.wrapping import find_prose_width, wrap

OF_CLASSES = ("shortcut", "names", "few", "unequal")  # what says more than one of the images
FEW = 3


@dataclass(frozen=True)
class LabelCheck:
    """By what labels were checked, and how well it knows the classes.

    Attributes:
        features: what was asked, in words: a last layer on which features, or a small network.
        images: how many were checked.
        accuracy: the share of these whose label it gives, 0 to 1.
        trusted: whether that is enough to hold it against labels.
    """

    features: str
    images: int
    accuracy: float
    trusted: bool


@dataclass(frozen=True)
class CheckResult:
    """What a check has found.

    Attributes:
        data: what was checked.
        images: how many there are, those that cannot be read among them.
        classes: images of each class that can be read.
        splits: images of each split, "" for none.
        findings: what is worth a look, the gravest kinds first.
        read: how many files were read now; the others have not changed since they were last.
        alike: correlation of details, 0 to 1, from which two images show the same.
        strangers: mean and highest correlation of random pairs of this data set.
        bits: by how many bits of 64 perceptual hashes of candidates differed at most.
        labels: how labels were checked; None where they were not.
        notes: what else there is to say.
    """

    data: str
    images: int
    classes: dict[str, int]
    splits: dict[str, int]
    findings: tuple[ImageFinding, ...]
    read: int
    alike: float
    strangers: tuple[float, float]
    bits: int
    labels: LabelCheck | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def grave(self) -> tuple[ImageFinding, ...]:
        """The findings that a person has to look at."""
        return tuple(each for each in self.findings if BY_NAME[each.kind].grave)

    def by_kind(self) -> tuple[tuple[Check, tuple[ImageFinding, ...]], ...]:
        """Return the kinds that something was found of, in their order, with what was found."""
        grouped = [
            (check, tuple(each for each in self.findings if each.kind == check.name))
            for check in CHECKS
        ]
        return tuple((check, mine) for check, mine in grouped if mine)

    def as_json(self) -> dict[str, object]:
        """Return plain values; `needs_a_person` is how many findings are grave."""
        return {
            **{name: value for name, value in asdict(self).items() if name != "findings"},
            "needs_a_person": len(self.grave),
            "findings": [
                {
                    "kind": each.kind,
                    "grave": BY_NAME[each.kind].grave,
                    "reason": each.reason,
                    "images": [asdict(image) for image in each.images],
                }
                for each in self.findings
            ],
        }

    def verdict(self) -> str:
        """Return what came out, in a sentence.

        >>> CheckResult("digits", 9, {"0": 9}, {"": 9}, (), 9, 0.5, (0.1, 0.2), 8).verdict()
        'nothing here needs a person'
        """
        grave = Counter(each.kind for each in self.grave)
        if not grave:
            rest = len(self.findings)
            return "nothing here needs a person" + (
                f"; {format_count(rest, 'smaller thing is', 'smaller things are')} told"
                if rest
                else ""
            )
        told = [
            format_count(count, BY_NAME[kind].one, BY_NAME[kind].many)
            for kind, count in grave.items()
        ]
        return f"look at {', '.join(told)}"

    def describe_labels(self) -> str:
        """Return how labels were checked, in a sentence; "" where they were not."""
        if self.labels is None:
            return ""
        if not self.labels.images:
            return "labels were not checked: each class needs images to learn it from and to check"
        share = format_percent(self.labels.accuracy)
        told = (
            f"labels were checked by {self.labels.features}, each image by one that has not "
            f"learnt from it, which gives the label of {share} of {self.labels.images:,}"
        )
        return told if self.labels.trusted else f"{told}; too few to hold it against any label"

    def __str__(self) -> str:
        width = find_prose_width()
        lines = [
            f"{self.data}: {format_count(self.images, 'image')} of "
            f"{format_count(len(self.classes), 'class', 'classes')}"
            f"{_describe_splits(self.splits)}",
            "",
        ]
        for check, mine in self.by_kind():
            mark = "!" if check.grave else " "
            which = _reasons(mine) if check.name in OF_CLASSES else quote_few(_names(mine))
            lines.append(f"{mark} {format_count(len(mine), check.one, check.many)}: {which}")
        if self.findings:
            lines.append("")
        lines.append(self.verdict())
        if said := self.describe_labels():
            lines.append(said)
        lines += self.notes
        return "\n".join(wrap(escape_controls(line), width) for line in lines)


def _reasons(findings: Sequence[ImageFinding]) -> str:
    """Say what was found of classes, in few words each."""
    short = [re.split(r" \(|[:;] ", each.reason)[0] for each in findings]
    rest = len(short) - FEW
    return "; ".join(short[:FEW]) + (f"; and {rest:,} more" if rest > 0 else "")


def _names(findings: Iterable[ImageFinding]) -> list[str]:
    return [each.images[0].name or each.reason for each in findings if each.images]


def _describe_splits(splits: dict[str, int]) -> str:
    told = [f"{count:,} in {name}" for name, count in splits.items() if name]
    return f" ({', '.join(told)})" if told else ""
