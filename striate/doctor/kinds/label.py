"""Labels that the classifier contradicts most surely, on images that it has never learnt from.

A wrong label and a wrong answer look the same from here, so each comes with how often answers so
sure agree with the labels. Answers to images that were learnt from are no evidence: a network
learns wrong labels by heart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from striate.doctor.examination import Examination
from striate.doctor.image_finding import ImageFinding
from striate.terminal.units import format_percent

SURE = 0.95  # probability of an answer, at least
AGREED = 0.95  # of all answers at least as sure, that must agree with the label
MOST = 12


def find_labels(examination: Examination) -> Iterator[ImageFinding]:
    """Give the images whose label is most surely contradicted, the surest first."""
    places = {name: index for index, name in enumerate(examination.collection.names)}
    answers = sorted(examination.answers, key=lambda one: one.truth_probability)
    wrong = [one for one in answers if one.answer != one.truth and one.probability >= SURE]
    for one in wrong[:MOST]:
        surer = [other for other in answers if other.probability >= one.probability]
        agreed = sum(other.answer == other.truth for other in surer)
        if agreed < AGREED * len(surer) or one.name not in places:
            continue
        image = replace(
            examination.found(places[one.name]), answer=one.answer, probability=one.probability
        )
        reason = (
            f"labelled {one.truth!r}; the classifier, which has not learnt from it, says "
            f"{one.answer!r} with {format_percent(one.probability)}. Of {len(surer):,} answers at "
            f"least as sure {agreed:,} agree with the label"
        )
        yield ImageFinding("label", reason, (image,))
