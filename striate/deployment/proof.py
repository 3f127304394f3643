"""The proof of a sealed file as it is made: its answers beside those of the classifier in torch.

The two share no arithmetic: images are resized here by Pillow and there by products of matrices,
the network is computed here by torch and there by ONNX Runtime. Where they part, it is said at
which layer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from striate.architecture.aspects.onnx_runtime import failures
from striate.backends.onnx.engines import session_of, torch_module
from striate.backends.onnx.graph import OUTPUT, PIXELS
from striate.deployment.golden_images import GoldenImage, fingerprint
from striate.deployment.sealed_answers import (
    CLASS,
    CONFIDENCE,
    DISTANCE,
    IMAGE,
    NODE,
    NODE_PROBABILITY,
    ORIENTATION,
    PROBABILITIES,
    TOLERANCE,
    Difference,
    SealedAnswer,
    compare_answers,
)
from striate.deployment.sealed_graph import SealedGraph, find_network
from striate.deployment.sealed_runtimes import LEVELS, open_onnx_runtime
from striate.errors import EngineError, ProofError
from striate.model.answering import give_answers
from striate.model.classifier import Classifier
from striate.model.decision import Answers, Decision

ONE_LEVEL, TWO_LEVELS = 1.0, 2.0  # of 255, that a pixel may differ by; two where it is enlarged
SHARE: Final = 1e-3  # of a layer's largest output, that its outputs may differ by

Tell = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Proof:
    """What was found when a file was made.

    Attributes:
        expected: what the file says of each golden image, in ONNX Runtime at the level "all".
        fingerprints: of each image's pixels.
        pixels: the largest difference of a pixel of the network's input, of 255.
        network: the largest difference of a probability from torch, on the same input.
        whole: the largest difference of a probability from the classifier, each with its own
            resizing.
        levels: the largest difference of a probability under other levels of optimisation.
    """

    expected: tuple[SealedAnswer, ...] = field(repr=False)
    fingerprints: tuple[str, ...] = field(repr=False)
    pixels: float
    network: float
    whole: float
    levels: dict[str, float]


def prove(
    classifier: Classifier,
    sealed: SealedGraph,
    golden: Sequence[GoldenImage],
    pixels: Sequence[np.ndarray],
    tell: Tell,
) -> Proof:
    """Compare a sealed graph with its classifier on the golden images.

    Args:
        classifier: that the graph was made of.
        sealed: the graph.
        golden: the images.
        pixels: of each, as `GoldenImage.pixels` gives them.
        tell: is told how many of how many images are done.

    Raises:
        ProofError: they part, and where.
        EngineError: ONNX Runtime does not take the graph.
    """
    plain = dataclasses.replace(classifier.preprocess, draft=False)
    watched = dataclasses.replace(
        sealed.model, outputs={**sealed.model.outputs, PIXELS: None, OUTPUT: None}
    )
    names = list(watched.outputs)
    session = session_of("ONNX Runtime", watched.to_bytes())
    oracle = _Oracle(classifier)
    expected, level_apart, network, whole = [], 0.0, 0.0, 0.0
    for number, (image, given) in enumerate(zip(golden, pixels, strict=True)):
        said = _run(session, names, given, image.orientation)
        own = plain.pixels(turn_upright(given, image.orientation))
        apart = np.abs(said[PIXELS][:1] - own[None]).max()
        limit = TWO_LEVELS if max(given.shape[:2]) < max(plain.shape[1:]) else ONE_LEVEL
        if not apart <= limit:
            raise ProofError(
                f"the graph resizes the golden image '{image.name}' otherwise than the classifier: "
                f"by {apart:g} of 255, expected {limit:g} at most"
            )
        on_same, on_own = oracle.answer(said[PIXELS][:1]), oracle.answer(own[None])
        answer = SealedAnswer.of(said)
        difference = compare_answers([image.name], [on_same], [answer])
        if not difference.holds:
            raise ProofError(
                f"the exported graph and the classifier part at the golden image '{image.name}': "
                f"probabilities differ by {difference.probability:.2g}, expected {TOLERANCE:g} at "
                f"most; {find_parting(sealed, classifier, said[PIXELS][:1])}"
            )
        level_apart = max(level_apart, float(apart))
        network = max(network, difference.probability)
        whole = max(whole, compare_answers([""], [on_own], [answer]).probability)
        expected.append(answer)
        tell(number + 1, len(golden))
    levels = compare_levels(sealed.model.to_bytes(), golden, pixels, expected)
    marks = tuple(map(fingerprint, pixels))
    apart = {level: difference.probability for level, difference in levels.items()}
    return Proof(tuple(expected), marks, level_apart, network, whole, apart)


def find_parting(sealed: SealedGraph, classifier: Classifier, pixels: np.ndarray) -> str:
    """Say at which layer ONNX Runtime and torch part.

    Args:
        sealed: the graph.
        classifier: that it was made of.
        pixels: float32 (1, channels, height, width), the network's input, values 0 to 255.
    """
    import torch

    from striate.backends.torch import normalize
    from striate.explanation.hooks import record

    addresses = [layer.address for layer in sealed.network.plan.layers()]
    known = {node.result for node in sealed.model.nodes if hasattr(node, "result")}
    watched = [address for address in addresses if address in known]
    inner = dataclasses.replace(
        sealed.model,
        inputs={PIXELS: (1, *classifier.preprocess.shape)},
        outputs=dict.fromkeys(watched),
        nodes=_network_nodes(sealed),
        types={},
    )
    try:
        found = session_of("ONNX Runtime", inner.to_bytes()).run(watched, {PIXELS: pixels})
    except failures() as error:
        raise EngineError(f"ONNX Runtime failed: {error}") from error
    module = sealed.network.module()
    values = normalize(torch.from_numpy(pixels), classifier.preprocess)
    passed = record(module, values)
    said = {call.name.partition("#")[0]: call.output.numpy() for call in passed.calls}
    for address, theirs in zip(watched, found, strict=True):
        if address not in said or said[address].shape != theirs.shape:
            continue
        ours = said[address]
        apart = np.abs(ours - theirs).max()
        if not apart <= SHARE * max(np.abs(ours).max(), 1e-6):
            return f"they part at the layer '{address}', by {apart:.2g}"
    return "every layer agrees, so they part behind the network"


def _network_nodes(sealed: SealedGraph) -> tuple[Any, ...]:
    """Return the nodes behind the network's input."""
    names = [getattr(node, "result", "") for node in sealed.model.nodes]
    return sealed.model.nodes[names.index(PIXELS) + 1 :]


class _Oracle:
    """The classifier in torch, which shares nothing with the exported graph."""

    def __init__(self, classifier: Classifier) -> None:
        network, decision = find_network(classifier), classifier.decision
        module = network.module()
        layer = None
        if decision.distance is not None:
            from striate.architecture.layer_table.feature_layer import find_feature_layer

            found = find_feature_layer(network.plan)
            layer = None if found is None else module.get_submodule(found.address)
        self._engine = torch_module(module, classifier.preprocess, features=layer)
        self._decision, self._classes = decision, len(classifier.classes)

    def answer(self, pixels: np.ndarray) -> SealedAnswer:
        """Return the answer to the network's input, (1, channels, height, width)."""
        said = give_answers(self._engine, self._decision, pixels, classes=self._classes)
        return take_answer(said, self._decision)


def take_answer(said: Answers, decision: Decision) -> SealedAnswer:
    """Return what a decision says of one image as a file's answer."""
    values = {PROBABILITIES: said.probabilities[0], CLASS: said.classes[0]}
    values[CONFIDENCE] = said.confidence[0]
    if decision.distance is not None:
        values[DISTANCE] = said.distance[0]
    if decision.taxonomy is not None:
        values |= {NODE: said.node[0], NODE_PROBABILITY: said.node_probability[0]}
    return SealedAnswer.of(values)


def compare_levels(
    model: bytes,
    golden: Sequence[GoldenImage],
    pixels: Sequence[np.ndarray],
    expected: Sequence[SealedAnswer],
) -> dict[str, Difference]:
    """Return how far answers are apart under other levels of optimisation."""
    small = [number for number, given in enumerate(pixels) if given.size < 2**20]
    names, wanted = [""] * len(small), [expected[number] for number in small]
    found = {}
    for level in LEVELS[:-1]:
        answer = open_onnx_runtime(model, level=level).answer
        said = [answer(pixels[number], golden[number].orientation) for number in small]
        found[level] = compare_answers(names, wanted, said)
    return found


def _run(
    session: Any, names: list[str], pixels: np.ndarray, orientation: int
) -> dict[str, np.ndarray]:
    feeds = {IMAGE: pixels, ORIENTATION: np.array(orientation, np.int64)}
    try:
        return dict(zip(names, session.run(names, feeds), strict=True))
    except failures() as error:
        raise EngineError(f"ONNX Runtime failed: {' '.join(str(error).split())[:200]}") from error


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Return an image as its EXIF orientation says: uint8 (rows, columns, 3)."""
    from PIL import Image

    from striate.data.images.exif_orientation import TURNS

    turn = TURNS.get(orientation)
    return pixels if turn is None else np.asarray(Image.fromarray(pixels).transpose(turn))
