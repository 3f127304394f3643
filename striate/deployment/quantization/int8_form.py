"""A classifier in int8: made by some images of a folder, measured on others, or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from striate.backends.onnx.engines import Engine, open_network_model
from striate.data import prefetch
from striate.deployment.quantization.activation_ranges import collect_ranges
from striate.deployment.quantization.calibration_images import (
    CalibrationImages,
    give_pixels,
    open_calibration_images,
    spread,
)
from striate.deployment.quantization.choice import Chosen, choose
from striate.deployment.quantization.processor import Processor, find_processor
from striate.deployment.quantization.quantized_network import fold
from striate.deployment.sealed_graph import (
    InnerNetwork,
    SealedGraph,
    build_sealed_graph,
    write_network,
)
from striate.errors import ProofError, SettingError
from striate.evaluation.comparison.comparison_tables import format_points
from striate.evaluation.comparison.tango import tango_interval
from striate.evaluation.metrics.wilson import wilson_interval
from striate.evaluation.test_uses import count_test_use
from striate.events import Callback, Note
from striate.model.answering import give_answers
from striate.model.decision import Answers
from striate.terminal.progress import ProgressReporter
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from striate.data import Data
    from striate.model.classifier import Classifier

BATCH: Final = 32


@dataclass(frozen=True)
class Int8Settings:
    """How a classifier is quantized.

    Attributes:
        calibrate: images of each class, as they will come in use.
        tolerate: the share of correct answers that may be lost, 0 to 1; more is refused.
        reduce_range: whether weights take 7 bits, so that no processor cuts off a sum; None lets
            this processor decide.
    """

    calibrate: Data
    tolerate: float = 0.01
    reduce_range: bool | None = None


@dataclass(frozen=True)
class Accuracy:
    """How good a form is on the measured images.

    Attributes:
        correct: how many it tells correctly, refused or not.
        refused: to how many it says "I don't know".
        n: of how many.
    """

    correct: int
    refused: int
    n: int

    @property
    def words(self) -> str:
        """Return it in words.

        >>> Accuracy(144, 3, 153).words
        '94.1 % (89.2 to 96.9)'
        """
        low, high = (100 * each for each in wilson_interval(self.correct, self.n))
        return f"{format_percent(self.correct / self.n)} ({low:.1f} to {high:.1f})"


@dataclass(frozen=True)
class Int8Form:
    """A classifier in int8, and what is lost by it.

    Attributes:
        sealed: its graphs.
        inner: its network.
        chosen: how that came about.
        reduced: whether its weights take 7 bits.
        processor: on which it was measured.
        calibrated: how many images set the ranges.
        measured: what it was measured on.
        full: how good float32 is.
        whole: how good int8 is.
        lost: images that float32 alone tells correctly.
        won: images that int8 alone does.
        same: images whose most probable class is the same.
    """

    sealed: SealedGraph = field(repr=False)
    inner: InnerNetwork = field(repr=False)
    chosen: Chosen
    reduced: bool
    processor: Processor
    calibrated: int
    measured: str
    full: Accuracy
    whole: Accuracy
    lost: int
    won: int
    same: int

    @property
    def loss(self) -> float:
        """The share of correct answers that is lost; below 0 where some were won."""
        return (self.lost - self.won) / self.whole.n

    @property
    def words(self) -> str:
        """Say what is lost, with its interval."""
        n, gained = self.whole.n, self.loss < 0
        low, high = tango_interval(self.won, self.lost, n)
        if gained:
            low, high = -high, -low
        return (
            f"accuracy in int8 {format_percent(self.whole.correct / n)}, in float32 "
            f"{format_percent(self.full.correct / n)}: a {'gain' if gained else 'loss'} of "
            f"{format_points(abs(self.loss), n)} points (95 % interval {format_points(low, n)} to "
            f"{format_points(high, n)}); the same class in {format_percent(self.same / n)} of "
            f"{self.measured}"
        )

    @property
    def proved_on(self) -> str:
        """Say on which processors its answers are proved."""
        if self.reduced:
            return f"{self.processor}; of its weights of 7 bits no processor cuts off a sum"
        return (
            f"{self.processor}; not on others, and not to be used where sums of 8-bit weights are "
            "cut off (AVX2 or AVX-512 without VNNI)"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as they stand in the file."""
        low, high = tango_interval(self.won, self.lost, self.whole.n)
        least, most = wilson_interval(self.whole.correct, self.whole.n)
        return {
            "format": "int8",
            "method": self.chosen.method,
            "methods": dict(self.chosen.apart),
            "reduce_range": self.reduced,
            "layers": self.chosen.layers,
            "float32_layers": list(self.chosen.left_out),
            "processor": self.processor.name,
            "instructions": self.processor.instructions,
            "calibration_images": self.calibrated,
            "measured_on": self.measured,
            "n": self.whole.n,
            "accuracy": self.whole.correct / self.whole.n,
            "accuracy_low": least,
            "accuracy_high": most,
            "float32_accuracy": self.full.correct / self.full.n,
            "lost": self.loss,
            "lost_low": low,
            "lost_high": high,
            "same_class": self.same / self.whole.n,
            "refused": self.whole.refused,
            "float32_refused": self.full.refused,
        }


def make_int8_form(
    classifier: Classifier, full: SealedGraph, settings: Int8Settings, callback: Callback
) -> Int8Form:
    """Quantize a classifier's network, and measure what is lost.

    Args:
        classifier: whose network it is.
        full: its graphs in float32.
        settings: how.
        callback: is told notes and progress.

    Raises:
        DataError: the images will not do.
        ClassifierError: there is nothing to quantize.
        ProofError: more is lost than is tolerated.
        SettingError: what is tolerated is no share.
    """
    if not 0 <= settings.tolerate < 1:
        raise SettingError(
            f"tolerate={settings.tolerate:g}: expected a share of correct answers from 0 to 1, as "
            "0.01 for one point of a hundred"
        )
    processor = find_processor()
    reduced = processor.saturates if settings.reduce_range is None else settings.reduce_range
    network = fold(write_network(classifier, full.network))
    with open_calibration_images(classifier, settings.calibrate, callback) as given:
        taken = spread(given.labels, given.ranges)
        proposed = collect_ranges(
            network, give_pixels(given.images.take, taken), len(taken), callback
        )

        def ask(inner: InnerNetwork, first: int | None) -> np.ndarray:
            engine, indices = open_form(classifier, inner), taken[:first]
            return answer(engine, given, indices).probabilities

        chosen = choose(
            network,
            proposed,
            ask,
            wanted=answer(classifier.decide, given, taken).probabilities,
            reduce_range=reduced,
            tolerate=settings.tolerate,
            callback=callback,
        )
        report = ProgressReporter("measuring what is lost", callback)
        indices = given.measured
        said = answer(open_form(classifier, chosen.network), given, indices, report)
        before = answer(classifier.decide, given, indices)
        said_of_tests = count_test_use(
            classifier,
            given.images.hashes[indices],
            by="export",
            accuracy=float((before.best == given.labels[indices]).mean()),
        )
        if said_of_tests:
            callback(Note(said_of_tests))
    labels = given.labels[indices]
    right, right_before = said.best == labels, before.best == labels
    form = Int8Form(
        sealed=build_sealed_graph(classifier, chosen.network),
        inner=chosen.network,
        chosen=chosen,
        reduced=reduced,
        processor=processor,
        calibrated=len(taken),
        measured=given.words,
        full=_count(before, right_before),
        whole=_count(said, right),
        lost=int((right_before & ~right).sum()),
        won=int((right & ~right_before).sum()),
        same=int((said.best == before.best).sum()),
    )
    callback(Note(form.words))
    if form.loss > settings.tolerate:
        raise ProofError(
            f"int8 loses {format_points(form.loss, len(indices))} points of accuracy ({form.lost} "
            f"images lost and {form.won} won of {len(indices):,}), and --tolerate allows "
            f"{100 * settings.tolerate:g}; nothing is written: allow more, or calibrate by more "
            "images"
        )
    return form


def open_form(classifier: Classifier, inner: InnerNetwork) -> Decide:
    """Return what answers preprocessed images by a network in int8, as `Classifier.decide` does."""
    features = classifier.decision.distance is not None
    engine: Engine = open_network_model(
        "int8 ONNX Runtime", inner.model.to_bytes(), features=features
    )
    classes = len(classifier.classes)
    return lambda pixels: give_answers(engine, classifier.decision, pixels, classes=classes)


Decide = Callable[[np.ndarray], Answers]


def answer(
    decide: Decide,
    given: CalibrationImages,
    indices: np.ndarray,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Answers:
    """Return the answers to some of the images, a batch after another."""
    parts: list[Answers] = []
    batches: Sequence[np.ndarray] = np.array_split(indices, -(-len(indices) // BATCH))
    done = 0
    for chosen, pixels in prefetch(given.images, batches):
        parts.append(decide(pixels))
        done += len(chosen)
        report(done, len(indices))
    return Answers.join(parts)


def _count(said: Answers, right: np.ndarray) -> Accuracy:
    return Accuracy(int(right.sum()), int(said.refused.sum()), len(right))
