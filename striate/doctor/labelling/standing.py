"""How far labelling has come, and whether it may end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from striate.doctor.labelling.audit import AuditCount

STEADY: Final = 0.02  # share of all images whose guess a round may change where the head stands
ROUNDS: Final = 2  # one after the other that change no more


@dataclass(frozen=True)
class Standing:
    """What has been reached.

    Attributes:
        images: in the folder.
        labelled: of them, near copies of labelled ones among them.
        answers: that were given.
        done: whether every image has one, and nothing is left to ask.
        counts: labelled images of each class.
        accuracy: of the head, on the images drawn at random; None before there is one.
        drawn: images that are drawn at random.
        to_draw: images drawn at random that are still to be labelled.
        changed: share of all images whose guess each of the last rounds changed; none while drawn
            images are left.
        clusters: drawn images that were named with their cluster before, and whether rightly.
        proposals: drawn images with another tool's label, and whether rightly.
    """

    images: int
    labelled: int
    answers: int
    done: bool
    counts: Mapping[str, int]
    accuracy: AuditCount | None
    drawn: int
    to_draw: int
    changed: tuple[float, ...]
    clusters: AuditCount | None
    proposals: AuditCount | None

    @property
    def stands(self) -> bool:
        """Whether further answers would hardly change the head.

        All drawn images are labelled, and two rounds one after the other have changed the guess of
        at most 2 % of the images; or nothing is left to ask. The accuracy has no say in it:
        stopping where it looks good would make its interval too good.
        """
        return self.done or (len(self.changed) == ROUNDS and max(self.changed) <= STEADY)

    @property
    def is_trainable(self) -> bool:
        """Whether images of two classes have a label, as training needs."""
        return sum(count > 0 for count in self.counts.values()) > 1
