"""The graph of a sealed file: image in, answer out; and the form of it that takes batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from striate.architecture.notation import expand
from striate.architecture.words import Fc
from striate.backends.onnx import Trained
from striate.backends.onnx.graph import FEATURES, OUTPUT, PIXELS, graph
from striate.backends.onnx.graph_builder import Building
from striate.backends.onnx.model_file import Model
from striate.deployment.choice_graph import Said, add_choice
from striate.deployment.graph_scope import Scope, Value
from striate.deployment.resize_graph import add_gray, add_image_input
from striate.deployment.sealed_answers import (
    CLASS,
    CONFIDENCE,
    DISTANCE,
    IMAGE,
    IMAGES,
    MAP,
    NODE,
    NODE_PROBABILITY,
    ORIENTATION,
    PROBABILITIES,
)
from striate.errors import ClassifierError, NotationError, SettingError
from striate.model.classifier import Classifier
from striate.model.decision import FeatureDistance
from striate.model.decision.feature_distance import SHORTEST


@dataclass(frozen=True)
class MapPlace:
    """Where the cells of the class map look, in pixels of the network's input.

    Attributes:
        offset: down and across, the centre of the first cell; pixel 0 is the middle of the first.
        stride: from one cell to the next.
    """

    offset: tuple[float, float]
    stride: tuple[float, float]


@dataclass(frozen=True)
class SealedGraph:
    """The graphs of a classifier.

    Attributes:
        model: takes one image as it is stored, and its orientation.
        network: what of it is the network, from which layers can be compared.
        map_place: where the class map looks; None where there is no map, or that is not known.
    """

    model: Model
    network: Trained
    map_place: MapPlace | None


@dataclass(frozen=True)
class InnerNetwork:
    """A network that stands in a sealed graph in place of the one in float32.

    Attributes:
        model: from the network's input to its logits and, where they are asked for, features.
        names: of results that the rest of the graph is to take by another name.
        results: names of all results and constants.
    """

    model: Model
    names: Mapping[str, str]
    results: frozenset[str]

    def name(self, result: str) -> str:
        """Return what a result of the network is called here; "" where it is not there."""
        name = self.names.get(result, result)
        return name if name in self.results else ""


def build_sealed_graph(classifier: Classifier, inner: InnerNetwork | None = None) -> SealedGraph:
    """Write everything from the stored image to the answer as one ONNX model.

    Args:
        classifier: whose network is one of the notation, or a torch module that can be written in
            it.
        inner: what computes in its network's place; None computes it in float32.

    Raises:
        ClassifierError: its network is a torch module that the notation has no words for.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc"
    >>> sealed = build_sealed_graph(Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8)))
    >>> sealed.model.inputs, list(sealed.model.outputs)
    ({'image': ('rows', 'columns', 3), 'orientation': ()},
     ['probabilities', 'class', 'confidence', 'map'])
    """
    network = find_network(classifier)
    building = Building({})
    op = Scope(building, "answer")
    if classifier.decision.mirrored:
        upright = add_image_input(building, classifier.preprocess, f"{IMAGE}/upright")
        _mirror(op, upright, classifier.preprocess.width)
    else:
        add_image_input(building, classifier.preprocess, PIXELS)
    before = len(building.nodes)
    _answer(op, classifier, one=True)
    address, place = _find_map(classifier, network)
    if inner is not None and not inner.name(address or ""):
        address = place = None  # the layer was merged with another
    k = len(classifier.classes)
    outputs: dict[str, Sequence[int | str]] = {PROBABILITIES: (k,), CLASS: (), CONFIDENCE: ()}
    if classifier.decision.distance is not None:
        outputs[DISTANCE] = ()
    if classifier.decision.taxonomy is not None:
        outputs |= {NODE: (), NODE_PROBABILITY: ()}
    if address is not None:
        outputs[MAP] = (k, *_add_map(op, classifier, network, address, inner))
    model = _join(
        inner.model if inner else write_network(classifier, network), building, before, outputs
    )
    inputs: dict[str, Sequence[int | str]] = {IMAGE: ("rows", "columns", 3), ORIENTATION: ()}
    types = {IMAGE: "uint8", ORIENTATION: "int64", CLASS: "int64", NODE: "int64"}
    return SealedGraph(_given(model, inputs, types), network, place)


def build_batch_graph(classifier: Classifier, inner: InnerNetwork | None = None) -> Model:
    """Write the form that takes images of the network's size: uint8 (n, height, width, 3).

    Arguments as for `build_sealed_graph`.

    Raises:
        ClassifierError: as `build_sealed_graph`.
    """
    network, shape = find_network(classifier), classifier.preprocess
    building = Building({})
    op = Scope(building, "answer")
    if shape.channels == 1:
        images = add_gray(op, IMAGES, [-1, shape.height, shape.width, 1])
    else:
        images = op("Cast", IMAGES, to=1)
    upright = "" if classifier.decision.mirrored else PIXELS
    upright = op("Transpose", images, result=upright, perm=[0, 3, 1, 2])
    if classifier.decision.mirrored:
        _mirror(op, upright, shape.width)
    before = len(building.nodes)
    _answer(op, classifier, one=False)
    outputs: dict[str, Sequence[int | str]] = {
        PROBABILITIES: ("n", len(classifier.classes)),
        CLASS: ("n",),
        CONFIDENCE: ("n",),
    }
    if classifier.decision.distance is not None:
        outputs[DISTANCE] = ("n",)
    if classifier.decision.taxonomy is not None:
        outputs |= {NODE: ("n",), NODE_PROBABILITY: ("n",)}
    model = _join(
        inner.model if inner else write_network(classifier, network), building, before, outputs
    )
    types = {IMAGES: "uint8", CLASS: "int64", NODE: "int64"}
    return _given(model, {IMAGES: ("n", shape.height, shape.width, 3)}, types)


def find_network(classifier: Classifier) -> Trained:
    """Return a classifier's network as plain numbers.

    Raises:
        ClassifierError: it is a torch module that cannot be written in the notation.
    """
    if isinstance(classifier.network, Trained):
        return classifier.network
    from striate.backends.fx import from_torch
    from striate.backends.torch import Net

    module = classifier.network
    if isinstance(module, Net):
        return Trained.of(module.plan, module.state_dict())
    try:
        traced = from_torch(module, classifier.preprocess.shape)
        return Trained.of(expand(traced.network), traced.weights(module))
    except NotationError as error:
        raise ClassifierError(
            f"the classifier's torch module cannot be exported, as the notation cannot say it: "
            f"{error.message}"
        ) from error


def _mirror(op: Scope, upright: str, width: int) -> None:
    """Put the mirror images behind the images."""
    backwards = op("Gather", upright, np.arange(width)[::-1].copy(), axis=3)
    op("Concat", upright, backwards, result=PIXELS, axis=0)


def _answer(op: Scope, classifier: Classifier, *, one: bool) -> None:
    """Add what becomes of logits and features: `Decision.decide`, in operations of ONNX.

    Args:
        op: the part of the graph.
        classifier: whose decision it is.
        one: whether the answer is of one image alone, without the axis of the batch.
    """
    k, decision = len(classifier.classes), classifier.decision
    scaled = op("Div", OUTPUT, float(decision.temperature))
    rows = op("Softmax", scaled, axis=1)
    far = None if decision.distance is None else _measure(op, decision.distance)
    if decision.mirrored:
        rows = _mean_of_two(op, op("Reshape", rows, [2, -1, k]))
        far = far and _mean_of_two(op, op("Reshape", far, [2, -1]))
    if one:
        rows, far = op("Reshape", rows, [k]), far and op("Squeeze", far, [0])
    op("Identity", rows, result=PROBABILITIES)
    if far is not None:
        op("Identity", far, result=DISTANCE)
    axis = 0 if one else 1
    best = op("ArgMax", rows, axis=axis, keepdims=1)
    # ReduceMax of this opset has no axes as an input, that of later ones no axes as an attribute
    confidence = op("GatherElements", rows, best, axis=axis)
    confidence = op("Squeeze", confidence, [axis], result=CONFIDENCE)
    best = op("Squeeze", best, [axis])
    add_choice(op, decision, Said(rows, best, confidence, far, k, one))


def _mean_of_two(op: Scope, values: str) -> str:
    """Return the mean of an image and its mirror image, which lie along the first axis."""
    return op("Mul", op("ReduceSum", values, [0], keepdims=0), 0.5)


def _measure(op: Scope, distance: FeatureDistance) -> str:
    """Add `FeatureDistance.measure`: float32 (n,)."""
    lengths = op("Sqrt", _sum_of_squares(op, FEATURES, keepdims=1))
    offsets = op("Sub", op("Div", FEATURES, op("Max", lengths, float(SHORTEST))), distance.center)
    along = op("MatMul", offsets, distance.axes)
    across = op("Sub", _sum_of_squares(op, offsets), _sum_of_squares(op, along))
    residual = op("Mul", op("Max", across, 0.0), float(distance.residual_scale))
    places = op("Unsqueeze", op("MatMul", along, distance.whitening), [1])
    apart = op("ReduceSum", _square(op, op("Sub", places, distance.means)), [2], keepdims=0)
    nearest = op("GatherElements", apart, op("ArgMin", apart, axis=1, keepdims=1), axis=1)
    far = op("Add", op("Squeeze", nearest, [1]), residual)
    if not distance.activity_scale:
        return far
    roots = op("ReduceSum", op("Sqrt", op("Abs", FEATURES)), [1], keepdims=0)
    lack = op("Sub", float(distance.usual_activity), op("Mul", roots, 1 / distance.features))
    return op("Max", far, op("Mul", lack, float(distance.activity_scale)))


def _square(op: Scope, values: str) -> str:
    return op("Mul", values, values)


def _sum_of_squares(op: Scope, rows: str, keepdims: int = 0) -> str:
    return op("ReduceSum", _square(op, rows), [1], keepdims=keepdims)


def _find_map(classifier: Classifier, network: Trained) -> tuple[str | None, MapPlace | None]:
    """Return the layer whose maps the classes are made of, and where these look; or None."""
    from striate.explanation.exact_class_maps import find_map_source

    try:
        source = find_map_source(replace(classifier, network=network))
    except SettingError:
        return None, None
    if source.centers is None:
        return source.address, None
    axes = source.centers.rows, source.centers.columns
    offset, stride = [float(axis.mean[0]) for axis in axes], [float(axis.step) for axis in axes]
    return source.address, MapPlace((offset[0], offset[1]), (stride[0], stride[1]))


def _add_map(
    op: Scope, classifier: Classifier, network: Trained, address: str, inner: InnerNetwork | None
) -> list[int]:
    """Add what each position says of each class; its mean and the bias are the logit."""
    layers = list(network.plan.layers())
    channels, rows, columns = next(each.output for each in layers if each.address == address)
    weight: Value = f"{layers[-1].address}.weight"
    if inner is not None:
        address = inner.name(address)
        weight = inner.name(str(weight)) or network.weights[str(weight)]
    maps = op("Slice", address, [0], [1], [0]) if classifier.decision.mirrored else address
    k = len(classifier.classes)
    if isinstance(layers[-1].layer, Fc):
        flat = op("Reshape", maps, [channels, rows * columns])
        maps = op("MatMul", weight, flat)
    op("Reshape", maps, [k, rows, columns], result=MAP)
    return [rows, columns]


def write_network(classifier: Classifier, network: Trained) -> Model:
    """Write the network alone, in float32, with the features that the classifier's rule needs."""
    scales = classifier.preprocess
    return graph(
        network.plan,
        network.weights,
        mean=scales.mean,
        std=scales.std,
        features=classifier.decision.distance is not None,
    )


def _join(
    network: Model,
    building: Building,
    before: int,
    outputs: dict[str, Sequence[int | str]],
) -> Model:
    """Put the network between what comes before it and what comes behind it."""
    return Model(
        name="striate",
        nodes=(*building.nodes[:before], *network.nodes, *building.nodes[before:]),
        constants={**network.constants, **building.constants},
        inputs={},
        outputs=outputs,
        encoded=network.encoded,
    )


def _given(model: Model, inputs: dict[str, Sequence[int | str]], types: dict[str, str]) -> Model:
    return replace(model, inputs=inputs, types=types)
