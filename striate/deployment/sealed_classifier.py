"""Prediction with an exported file: no torch, and nothing else that is heavy, is loaded for it."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from striate.data.cores import count_cores
from striate.data.images import Decoded, hold_decoded
from striate.deployment.engine_choice import LARGEST, SAMPLES, WAIT, choose_engine
from striate.deployment.sealed_answers import SealedAnswer
from striate.deployment.sealed_file import SealedFile
from striate.deployment.sealed_runtimes import Answer, Runtime, open_openvino
from striate.errors import ImageError
from striate.model.decision import Taxonomy
from striate.model.image_input import name_of, to_source
from striate.model.prediction import Ancestor, Prediction, Unreadable

if TYPE_CHECKING:
    from striate.events import Callback
    from striate.model.image_input import ImageInput

AHEAD = 4  # images that wait for each thread, so that none of them is ever idle


@dataclass(frozen=True, eq=False)
class SealedClassifier:
    """A sealed file that is open for prediction.

    Attributes:
        file: what it says of itself.
        runtime: what answers, at first.
        always: whether it names a class where the file says "I don't know".
        callback: is told where another runtime goes on; None tells nobody.
    """

    file: SealedFile
    runtime: Runtime = field(repr=False)
    always: bool = False
    callback: Callback | None = field(default=None, repr=False)

    @property
    def answer(self) -> Answer:
        """What the file says of an image."""
        return self.runtime.answer

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        return self.file.classes

    @cached_property
    def taxonomy(self) -> Taxonomy | None:
        """What stands above the classes, which an unsure answer climbs to; None: nothing does."""
        return Taxonomy.from_json(self.file.document.calibration.get("taxonomy"))

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

        Each thread decodes an image and lets the runtime answer it, so that both go on at once. Of
        many images the rest is answered by OpenVINO, where that is installed, timed as faster, and
        answers the same.

        Example: ``list(open_sealed("photos.onnx").predict_each(["a.jpg", "b.jpg"]))``.
        """
        numbered = enumerate(sources, 1)
        first = list(itertools.islice(numbered, 2))
        if len(first) < 2:  # one image is answered sooner where it is asked for
            yield from (self._predict(*each) for each in first)
            return
        threads, begun, runtime, tried = count_cores(), time.perf_counter(), self.runtime, False
        waiting: deque[Future[Prediction | Unreadable]] = deque()
        with ThreadPoolExecutor(threads, "striate-predict") as pool:
            try:
                for number, source in itertools.chain(first, numbered):
                    waiting.append(pool.submit(self._predict, number, source, runtime.answer))
                    if len(waiting) > AHEAD * threads:
                        yield waiting.popleft().result()
                    if not tried and time.perf_counter() - begun > WAIT:
                        tried = True
                        sample: list[np.ndarray] = []
                        for number, source in itertools.islice(numbered, SAMPLES):
                            taken = partial(self._keep, sample)
                            waiting.append(pool.submit(self._predict, number, source, taken))
                        while waiting:
                            yield waiting.popleft().result()
                        runtime = self._choose(sample, pool) if sample else runtime
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for left in waiting:  # whoever asked has gone, or Ctrl-C
                    left.cancel()

    def _keep(self, sample: list[np.ndarray], pixels: np.ndarray, orientation: int) -> SealedAnswer:
        if pixels.size <= 3 * LARGEST:
            sample.append(pixels)
        return self.answer(pixels, orientation)

    def _choose(self, sample: list[np.ndarray], pool: ThreadPoolExecutor) -> Runtime:
        """Return what answers fastest, and tell where that is another runtime."""
        content = self.file.path.read_bytes()
        others = (lambda: open_openvino(content),)
        allowed = self.file.proof.tolerance
        found = choose_engine(self.runtime, others, sample, pool=pool, allowed=allowed)
        if found is not self.runtime and self.callback is not None:
            from striate.events import Note

            self.callback(Note(f"{found.name} answers faster here than {self.runtime.name}"))
        return found

    def _predict(
        self, number: int, source: ImageInput, answer: Answer | None = None
    ) -> Prediction | Unreadable:
        name, preprocess = name_of(source, number), self.file.preprocess
        try:
            with hold_decoded(
                to_source(source),
                background=preprocess.background,
                reduction=self._reduction,
                ranges=preprocess.value_ranges,
            ) as image:
                remarks = image.remarks
                # upright by now
                said = (answer or self.answer)(self._given(image), 1)
        except ImageError as error:
            return Unreadable(name, str(error))
        values = dict(zip(self.classes, said.probabilities.tolist(), strict=True))
        best = self.classes[int(said.probabilities.argmax())]
        ancestor = None if self.always else self._find_ancestor(said)
        answered = self.always or said.label >= 0 or ancestor is not None
        return Prediction(
            name,
            best if self.always or said.label >= 0 else None,
            said.confidence,
            values,
            remarks,
            "" if answered else self._why(said),
            distance=said.distance,
            ancestor=ancestor,
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

    def _find_ancestor(self, said: SealedAnswer) -> Ancestor | None:
        """Return the node above the classes that is answered, if it is one."""
        tree = self.taxonomy
        if tree is None or said.node is None or said.node < len(self.classes):
            return None
        name = tree.name_nodes(self.classes)[said.node]
        return Ancestor(name, said.node_probability or 0.0, tree.find_level(said.node))

    def _why(self, said: SealedAnswer) -> str:
        """Return by which of its rules an image is refused."""
        rule = self.file.document.calibration.get("reject")
        limit = rule.get("distance") if isinstance(rule, dict) else None
        if said.distance is None or not isinstance(limit, (int, float)):
            return "unsure"
        return "unsure" if said.distance <= limit else "unlike"
