"""The exact class activation maps of many images, as fast as the classifier answers.

Where a network ends in a mean over positions and one full connection, the score of a class is the
sum over positions of a weighted sum of the last maps: the class activation map (Zhou et al. 2016,
https://arxiv.org/abs/1512.04150). So the maps and the answers come out of one forward pass, which
ONNX Runtime computes; no gradient is needed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from striate.architecture.layer_table import Row, summary
from striate.architecture.notation import ExpandedNetwork, Join, Leaf
from striate.architecture.words import Dropout, Fc, Flatten, Gap
from striate.backends.onnx import Trained
from striate.backends.onnx.engines import session_of, share_out, threads
from striate.backends.onnx.graph import FEATURES, OUTPUT, PIXELS, graph
from striate.errors import EngineError, SettingError
from striate.explanation.cell_centers import AxisCenters, CellCenters
from striate.model.classifier import Classifier
from striate.model.decision import Answers

MIN_SIDE = 2  # rows or columns that a map must have to say where something is
WHY = (
    "the network does not end in a mean over positions and one full connection "
    "(gap > flatten > fc), so no class activation map of it is exact"
)


@dataclass(frozen=True, eq=False)
class MapSource:
    """The last maps of a network, and what of them each class is made of.

    Attributes:
        address: of the layer whose output they are.
        weight: float32 (classes, channels) of the full connection behind their mean; None where
            each class has a map of its own.
        centers: where their cells look; None where that is not known.
    """

    address: str
    weight: np.ndarray | None = field(repr=False)
    centers: CellCenters | None = field(repr=False)


def find_map_source(model: Classifier) -> MapSource:
    """Return the maps that the classes of a network are the mean of.

    Raises:
        SettingError: it has none, or is a torch module; the reason, in words.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> built = build("input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > dropout 0.5 > fc")
    >>> network = Trained.of(built.plan, built.state_dict())
    >>> find_map_source(Classifier(network, "", ("a", "b"), Preprocess(1, 8, 8)))
    MapSource(address='relu1')
    """
    if not isinstance(model.network, Trained):
        raise SettingError("the network was built in Python, so how it ends cannot be read")
    plan, weights = model.network.plan, model.network.weights
    layers = list(plan.layers())
    weight = None
    if _is(layers[-1], Fc):
        weight = np.asarray(weights[f"{layers.pop().address}.weight"], np.float32)
    while layers and _is(layers[-1], Dropout):
        layers.pop()
    for word in (Flatten, Gap):
        if not layers or not _is(layers.pop(), word):
            raise SettingError(WHY)
    if not layers or len(layers[-1].output) != 3 or max(layers[-1].output[1:]) < MIN_SIDE:
        raise SettingError(WHY)
    last = layers[-1]
    return MapSource(last.address, weight, _centers(plan, last))


def compute_class_maps(
    model: Classifier, source: MapSource, pixels: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Return what each cell speaks for each image's class, against the mean of the other classes.

    Args:
        model: the classifier.
        source: from `find_map_source`.
        pixels: uint8 (batch, channels, height, width), as `Preprocess.pixels` makes them.
        targets: int64 (batch,), the class asked about for each.

    Returns:
        float32 (batch, rows, columns); their sum is the difference of the logits, without biases.

    Raises:
        EngineError: ONNX Runtime does not take the network.

    Example: ``compute_class_maps(model, find_map_source(model), pixels, np.array([0]))``.
    """
    session, k = _open(model, source), len(model.classes)

    def part(few: np.ndarray, asked: np.ndarray) -> np.ndarray:
        (maps,) = session.run([source.address], {PIXELS: few})
        return _speak(source, maps, asked, k)

    number = threads()
    parts = share_out(np.asarray(pixels, np.float32, order="C"), number)
    asked = np.split(targets, np.cumsum([len(few) for few in parts])[:-1])
    with ThreadPoolExecutor(min(number, len(parts)), "striate-maps") as pool:
        return np.concatenate(list(pool.map(part, parts, asked)))


class AnswersWithMaps:
    """Answers as a classifier gives them; what each cell spoke for them is kept.

    Both come out of one forward pass: an answer takes no longer for its map.

    Args:
        model: the classifier.

    Raises:
        SettingError: it has no such maps; the reason, in words.
        EngineError: ONNX Runtime does not take the network.

    Example: ``AnswersWithMaps(model).decide(pixels).probabilities``.
    """

    def __init__(self, model: Classifier) -> None:
        if model.decision.mirrored:
            raise SettingError("an answer to an image and its mirror image has two maps")
        self.source, self.classes = find_map_source(model), model.classes
        self._session, self.decision = _open(model, self.source), model.decision
        self._maps: list[np.ndarray] = []

    def decide(self, pixels: np.ndarray) -> Answers:
        """Return what is answered, as `Classifier.decide` does."""
        measured = [FEATURES] if self.decision.distance is not None else []

        def part(few: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
            asked = [OUTPUT, self.source.address, *measured]
            logits, maps, *features = self._session.run(asked, {PIXELS: few})
            spoken = _speak(self.source, maps, logits.argmax(1), len(self.classes))
            return logits, spoken, features

        number = threads()
        parts = share_out(np.asarray(pixels, np.float32, order="C"), number)
        with ThreadPoolExecutor(min(number, len(parts)), "striate-engine") as pool:
            found = list(pool.map(part, parts))
        self._maps += [maps for _, maps, _ in found]
        features = np.concatenate([each[0] for *_, each in found]) if measured else None
        return self.decision.decide(np.concatenate([logits for logits, *_ in found]), features)

    @property
    def maps(self) -> np.ndarray:
        """float32 (answers, rows, columns), in the order of the answers; for each its own class."""
        return np.concatenate(self._maps)


def keep_class_maps(model: Classifier) -> AnswersWithMaps | None:
    """Return what answers for a classifier and keeps the maps; None where there are none."""
    try:
        return AnswersWithMaps(model)
    except (SettingError, EngineError):
        return None


def _open(model: Classifier, source: MapSource) -> Any:
    """Open the network in ONNX Runtime, with its last maps as a second output."""
    if not isinstance(model.network, Trained):
        raise SettingError(WHY)
    scales, trained = model.preprocess, model.network
    measured = model.decision.distance is not None
    whole = graph(
        trained.plan, trained.weights, mean=scales.mean, std=scales.std, features=measured
    )
    asked = replace(whole, outputs={**whole.outputs, source.address: None})
    return session_of("ONNX Runtime", asked.to_bytes())


def _speak(source: MapSource, maps: np.ndarray, targets: np.ndarray, k: int) -> np.ndarray:
    """Return what each cell speaks for a class, against the mean of the other classes."""
    contrast = np.full((len(maps), k), -1.0 / max(k - 1, 1), np.float32)
    contrast[np.arange(len(maps)), targets] = 1.0
    rows = contrast if source.weight is None else contrast @ source.weight
    cells = maps.shape[2] * maps.shape[3]
    return np.asarray(np.einsum("nk,nkrc->nrc", rows, maps) / cells, np.float32)


def _is(step: Leaf | Join, word: type) -> bool:
    return isinstance(step.layer, word)


def _centers(plan: ExpandedNetwork, step: Leaf | Join) -> CellCenters | None:
    """Return where the cells of a layer look, worked out from its line of the table."""
    line = next(each for each in summary(plan).layers if each.name == step.address)
    if line.stride is None or line.start is None:
        return None
    return CellCenters(*(_axis(line, axis, step.output[1 + axis]) for axis in (0, 1)))


def _axis(line: Row, axis: int, cells: int) -> AxisCenters:
    field, stride, start = (
        each if isinstance(each, int) else (each or (0, 0))[axis]
        for each in (line.receptive_field, line.stride, line.start)
    )
    places = start + (field - 1) / 2 + np.arange(cells, dtype=np.float64) * stride
    return AxisCenters(places, places, places, float(stride))
