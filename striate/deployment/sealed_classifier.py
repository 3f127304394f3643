"""Prediction with an exported file: no torch, and nothing else that is heavy, is loaded for it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from striate.data.cores import count_cores
from striate.data.images import Decoded, hold_decoded
from striate.deployment.sealed_answers import SealedAnswer
from striate.deployment.sealed_file import SealedFile, measure_digest, read_sealed
from striate.deployment.sealed_runtimes import Answer, open_onnx_runtime
from striate.errors import ClassifierError, EngineError, ImageError
from striate.model.image_input import name_of, to_source
from striate.model.prediction import Prediction, Unreadable

if TYPE_CHECKING:
    from striate.model.image_input import ImageInput

AHEAD = 4  # images that wait for each thread, so that none of them is ever idle


@dataclass(frozen=True, eq=False)
class SealedClassifier:
    """A sealed file that is open for prediction.

    Attributes:
        file: what it says of itself.
        answer: what it says of an image.
        always: whether it names a class where the file says "I don't know".
    """

    file: SealedFile
    answer: Answer = field(repr=False)
    always: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        return self.file.classes

    def predict(self, source: ImageInput) -> Prediction:
        """Return which class an image shows.

        Args:
            source: one image, in any form that `Classifier.predict` takes.

        Raises:
            ImageError: it cannot be read.

        Example: ``open_sealed("photos.onnx").predict("cat.jpg").label``.
        """
        found = self._predict(1, source)
        if isinstance(found, Unreadable):
            raise ImageError(str(found))
        return found

    def predict_each(self, sources: Iterable[ImageInput]) -> Iterator[Prediction | Unreadable]:
        """Predict image by image, in order, in bounded memory however many there are.

        Each thread decodes an image and lets the runtime answer it, so that both go on at once.

        Example: ``list(open_sealed("photos.onnx").predict_each(["a.jpg", "b.jpg"]))``.
        """
        numbered = enumerate(sources, 1)
        first = list(itertools.islice(numbered, 2))
        if len(first) < 2:  # one image is answered sooner where it is asked for
            yield from (self._predict(*each) for each in first)
            return
        threads = count_cores()
        waiting: deque[Future[Prediction | Unreadable]] = deque()
        with ThreadPoolExecutor(threads, "striate-predict") as pool:
            try:
                for number, source in itertools.chain(first, numbered):
                    waiting.append(pool.submit(self._predict, number, source))
                    if len(waiting) > AHEAD * threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for left in waiting:  # whoever asked has gone, or Ctrl-C
                    left.cancel()

    def _predict(self, number: int, source: ImageInput) -> Prediction | Unreadable:
        name, preprocess = name_of(source, number), self.file.preprocess
        try:
            with hold_decoded(
                to_source(source),
                background=preprocess.background,
                reduction=self._reduction,
                ranges=preprocess.value_ranges,
            ) as image:
                remarks = image.remarks
                said = self.answer(self._given(image), 1)  # upright by now
        except ImageError as error:
            return Unreadable(name, str(error))
        values = dict(zip(self.classes, said.probabilities.tolist(), strict=True))
        refused = "" if self.always or said.label >= 0 else self._why(said)
        best = self.classes[int(said.probabilities.argmax())]
        label = None if refused else best
        return Prediction(
            name, label, said.confidence, values, remarks, refused, distance=said.distance
        )

    def _reduction(self, rows: int, columns: int) -> int:
        """Return by how much smaller a JPEG is decoded: as in training, but for broken pixels."""
        by = self.file.preprocess.reduction(rows, columns)
        placed_here = self.file.preprocess.crop_ratio == 1
        return by if placed_here or rows % by == columns % by == 0 else 1

    def _given(self, image: Decoded) -> np.ndarray:
        """Return what the graph is given: uint8 (rows, columns, 3)."""
        preprocess, size = self.file.preprocess, (image.image.height, image.image.width)
        if size == (image.rows, image.columns) or preprocess.crop_ratio != 1:
            return np.asarray(image.image.convert("RGB"))
        # of a JPEG that was decoded smaller the graph knows not where it was cut, nor that its last
        # pixels are there in part: it is made to fit here, and the graph leaves it as it is
        placed = preprocess.place(image).transpose(1, 2, 0)
        return np.ascontiguousarray(np.broadcast_to(placed, (*placed.shape[:2], 3)))

    def _why(self, said: SealedAnswer) -> str:
        """Return by which of its rules an image is refused."""
        rule = self.file.document.calibration.get("reject")
        limit = rule.get("distance") if isinstance(rule, dict) else None
        if said.distance is None or not isinstance(limit, (int, float)):
            return "unsure"
        return "unsure" if said.distance <= limit else "unlike"


def open_sealed(path: str | Path, *, always: bool = False) -> SealedClassifier:
    """Open a file that `export` wrote, for prediction in ONNX Runtime.

    Args:
        path: of the file.
        always: whether it names a class where the file says "I don't know".

    Raises:
        ClassifierError: it is missing, damaged, or takes batches.
        EngineError: ONNX Runtime cannot be loaded, or does not take it.
    """
    sealed = read_sealed(path)
    if sealed.form != "image":
        raise ClassifierError(
            f"'{path}' takes batches of images of the network's size; give the file beside it, "
            "which takes any image"
        )
    if measure_digest(sealed.path) != sealed.digest:
        raise ClassifierError(
            f"'{path}' is damaged: the graph is not the one that was written (its SHA-256 "
            "differs); copy it anew from where it was made, or export the classifier again"
        )
    try:
        answer = open_onnx_runtime(str(sealed.path)).answer
    except EngineError as error:
        raise EngineError(f"'{path}' cannot be used: {error}") from error
    return SealedClassifier(sealed, answer, always)
