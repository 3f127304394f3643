"""Labels that are contradicted by answers to images that were not learnt from.

An answer counts where it is at least as probable as it is, on average, for the images that are
labelled so (`striate.evaluation.metrics.confident_learning`).

A wrong label and a wrong answer look the same from here, so each comes with how often such answers
agree with the labels. Answers to images that were learnt from are no evidence: a network learns
wrong labels by heart. Nor are those of a classifier that is right no more often than by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from striate.doctor.examination import Examination
from striate.doctor.image_finding import ImageFinding
from striate.evaluation.metrics import EvaluatedImage, wilson_interval
from striate.evaluation.metrics.confident_learning import average_by_label
from striate.terminal.units import format_percent

LEAST = 5  # images of a class, below which its average says little
AGREED = 0.7  # of the answers that count, that must agree with the label
MOST = 200


def find_labels(examination: Examination) -> Iterator[ImageFinding]:
    """Give the images whose label is contradicted, the most surely contradicted first."""
    places = {name: index for index, name in enumerate(examination.collection.names)}
    usual = _usual_probabilities(examination.answers)
    counting = [one for one in examination.answers if one.probability >= usual.get(one.answer, 2.0)]
    alike = {name: [one for one in counting if one.answer == name] for name in usual}
    agreed = {name: sum(one.correct for one in mine) for name, mine in alike.items()}
    wrong = [
        one
        for one in counting
        if not one.correct
        and one.name in places
        and agreed[one.answer] >= AGREED * len(alike[one.answer])
    ]
    for one in sorted(wrong, key=lambda one: one.truth_probability)[:MOST]:
        image = replace(
            examination.found(places[one.name]), answer=one.answer, probability=one.probability
        )
        reason = (
            f"labelled {one.truth!r}; a classifier that has not learnt from it says {one.answer!r} "
            f"with {format_percent(one.probability)}. Of {len(alike[one.answer]):,} such answers "
            f"of {format_percent(usual[one.answer])} and more {agreed[one.answer]:,} agree with "
            "the label"
        )
        yield ImageFinding("label", reason, (image,))


def knows_labels(answers: Sequence[EvaluatedImage]) -> bool:
    """Say whether answers surely agree with the labels more often than by chance.

    By chance a label meets its own class as often as that class is answered, whatever the image
    (Cohen 1960, https://doi.org/10.1177/001316446002000104).
    """
    n = len(answers)
    if not n:
        return False
    labelled = Counter(one.truth for one in answers)
    chance = sum(labelled[one.answer] for one in answers) / n**2
    return wilson_interval(sum(one.correct for one in answers), n)[0] > chance


def _usual_probabilities(answers: Sequence[EvaluatedImage]) -> Mapping[str, float]:
    """Return how probable each class is, on average, for the images that are labelled so."""
    names, labels = np.unique([one.truth for one in answers], return_inverse=True)
    own = np.array([one.truth_probability for one in answers])
    usual = average_by_label(own, labels, classes=len(names), fewest=LEAST)
    return {str(name): each for name, each in zip(names, usual.tolist(), strict=True)}
