"""Sets of classes that hold the true one as often as is asked for: split conformal prediction.

Sadinle, Lei and Wasserman 2019, https://arxiv.org/abs/1609.00451 (LAC: the smallest sets on
average); Angelopoulos and Bates 2021, https://arxiv.org/abs/2107.07511, section 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from striate.data import Data
from striate.errors import SettingError
from striate.evaluation.classifier_evaluation import evaluate
from striate.evaluation.metrics import wilson_interval
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.units import format_percent


@dataclass(frozen=True)
class PredictionSets:
    """Which classes an image may be of, so that the true one is among them as often as asked.

    An empty set is no error: the classifier is less sure of any class than it was of the true one
    in all but the allowed share of the images that chose the threshold. Of a good classifier about
    the share that may be missed (a tenth at 90 %) has an empty set: these are its hard or odd
    images. `at_least_one` puts the most probable class into them, which only raises the coverage.

    Attributes:
        classes: their names.
        coverage: how often the true class is to be in the set, on average over images.
        threshold: a class is in the set from this probability on.
        n: images that chose the threshold.
        empty: of these, the share whose set is empty.
        mean_size: of their sets.
    """

    classes: tuple[str, ...]
    coverage: float
    threshold: float
    n: int
    empty: float
    mean_size: float

    def of(self, probabilities: np.ndarray, *, at_least_one: bool = False) -> list[tuple[str, ...]]:
        """Return the set of each image, the most probable class first.

        Args:
            probabilities: float (n, classes), from `Classifier.predict_proba`.
            at_least_one: whether the most probable class is always in it.

        >>> sets = PredictionSets(("ant", "bee"), 0.9, 0.3, 100, 0.0, 1.2)
        >>> sets.of(np.array([[0.9, 0.1], [0.6, 0.4]]))
        [('ant',), ('ant', 'bee')]
        """
        found = []
        for row in np.asarray(probabilities, np.float64):
            order = np.argsort(-row, kind="stable")
            kept = [int(c) for c in order if row[c] >= self.threshold]
            kept = kept or [int(order[0])] * at_least_one
            found.append(tuple(self.classes[c] for c in kept))
        return found

    def __str__(self) -> str:
        return (
            f"sets that hold the true class {format_percent(self.coverage)} of the time: classes "
            f"from {format_percent(self.threshold)} on; of {self.n:,} images "
            f"{format_percent(self.empty)} have an empty set, the mean is {self.mean_size:.2f} "
            "classes"
        )


def prediction_sets(
    model: ClassifierLike, data: Data, *, coverage: float = 0.9, split: str | None = None
) -> PredictionSets:
    """Choose from which probability on a class is in the set of an image.

    Args:
        model: a classifier, its file, the folder of its run, or a training's result.
        data: images of known classes that nothing was fitted on; which of them are taken is
            decided as in `evaluate`.
        coverage: how often the true class is to be in the set, above 0 and below 1. It holds on
            average over such choices and images, not for each class.
        split: as for `evaluate`.

    Raises:
        SettingError: the coverage is no share, or there are too few images for it.
        DataError: no image is left.

    Example: ``sets = st.evaluation.prediction_sets("runs/photos", "photos"); print(sets)``.
    """
    classifier = open_classifier(model)
    result = evaluate(classifier, data, split=split, progress=False)
    own = np.array([image.truth_probability for image in result.images])
    threshold = choose_threshold(own, coverage)
    sizes = (np.asarray(result.probabilities) >= threshold).sum(1)
    return PredictionSets(
        classifier.classes,
        coverage,
        threshold,
        len(own),
        float((sizes == 0).mean()),
        float(sizes.mean()),
    )


def choose_threshold(truth_probabilities: np.ndarray, coverage: float) -> float:
    """Return the probability from which on a class is in the set.

    Args:
        truth_probabilities: float (n,), what each true class was given.
        coverage: how often the true class is to be in the set.

    Raises:
        SettingError: the coverage is no share, or there are too few images for it.

    >>> choose_threshold(np.arange(1, 20) / 20, 0.9)  # 18 of 19, so that a 20th is no exception
    0.1
    >>> choose_threshold(np.ones(5), 0.9)
    Traceback (most recent call last):
    striate.errors.SettingError: 5 images cannot choose sets of 90.0 % coverage; at least 9 can
    """
    if not 0 < coverage < 1:
        raise SettingError(f"the coverage is {coverage:g}; expected above 0 and below 1, as 0.9")
    n = len(truth_probabilities)
    missed = math.floor((n + 1) * (1 - coverage) + 1e-9)  # that lie below the threshold, and it
    if missed < 1:
        fewest = math.ceil(1 / (1 - coverage) - 1 - 1e-9)
        raise SettingError(
            f"{n:,} images cannot choose sets of {format_percent(coverage)} coverage; at least "
            f"{fewest:,} can"
        )
    return float(np.sort(truth_probabilities)[missed - 1])


def measure_coverage(sets: list[tuple[str, ...]], truths: list[str]) -> tuple[float, float, float]:
    """Return how often the true class is in the set, and its 95 % Wilson interval.

    >>> measure_coverage([("ant",), ()], ["ant", "bee"])[0]
    0.5
    """
    held = sum(truth in found for found, truth in zip(sets, truths, strict=True))
    return held / len(sets), *wilson_interval(held, len(sets))
