"""An ONNX model as a network of the notation, where it can be written in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.notation import expand
from striate.architecture.words import Shape
from striate.backends.onnx import Trained
from striate.data.collection import format_count
from striate.errors import NotationError, SettingError, WeightsError
from striate.model.importing.foreign_graph import (
    LOG_SOFTMAX,
    Arrived,
    ForeignGraph,
    ForeignNetwork,
)
from striate.model.importing.onnx.model_file import open_onnx
from striate.model.importing.onnx.operators import JOINED, OPERATORS, SCALED, Operator, arithmetic
from striate.model.importing.onnx.reference_answers import reference_answers

FOLDED = {"Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Cast", "Concat"}
CLOSE = 1e-4  # of the largest output: how far the network may be from the model


def read_onnx_network(path: Path, shape: Shape | None = None) -> ForeignNetwork:
    """Write an ONNX model in the notation, and make sure that it answers as ONNX Runtime does.

    Args:
        path: of the file.
        shape: (channels, rows, columns) of the images, where the model leaves them open.

    Raises:
        NotationError: it cannot be written; it can be a frozen backbone all the same.
        WeightsError: the file cannot be read, or the network does not answer as the model.
        SettingError: the size of its images is not known.
    """
    model, original = open_onnx(path)
    try:
        reading = _Reading(model, _input(model, shape, path))
        try:
            last = reading.end()
        finally:
            reading.graph.check_weights(path.name)
        end, ending, said = reading.graph.logits(last)
        found = reading.graph.finish(path.stem, end, [said])
    except Refused as error:
        place = f", at {error.place}" if error.place else ""
        raise NotationError(
            f"the model in '{path.name}' cannot be written in the notation{place}: {error.reason}. "
            f"It can be a frozen backbone: striate train DATA --pretrained {path.name}"
        ) from error
    _compare(found, ending, original, path)
    return found


def _input(model: onnx.ModelProto, shape: Shape | None, path: Path) -> Shape:
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in weights]
    sides = [dim.dim_value for each in inputs[:1] for dim in each.type.tensor_type.shape.dim]
    if len(inputs) != 1 or len(sides) != 4 or len(model.graph.output) != 1:
        raise Refused(
            f"it takes {format_count(len(inputs), 'input')} of {len(sides)} axes and gives "
            f"{format_count(len(model.graph.output), 'output')}; expected images (n, channels, "
            "rows, columns) in, and one output"
        )
    kind = inputs[0].type.tensor_type.elem_type
    if kind != TensorProto.FLOAT:
        raise Refused(
            f"it takes images of {TensorProto.DataType.Name(kind)}; expected float32, as FLOAT"
        )
    if sides[1] not in (1, 3):
        raise Refused(f"it takes images of {sides[1]} channels in front; expected 1 or 3")
    if shape is None and 0 in sides[1:]:
        raise SettingError(
            f"the model in '{path.name}' takes images of any size; give --input, as 3x224x224"
        )
    own = (sides[1], sides[2], sides[3])
    if shape is not None and any(a and a != b for a, b in zip(own, shape, strict=True)):
        raise SettingError(
            f"the model in '{path.name}' takes images of {'x'.join(map(str, own))}, and --input is "
            f"{'x'.join(map(str, shape))}; leave it out"
        )
    return shape or own


class _Reading:
    """Goes through the nodes of a model, which stand in the order of running."""

    def __init__(self, model: onnx.ModelProto, shape: Shape) -> None:
        self.graph = ForeignGraph(shape)
        self._model = model
        weights = model.graph.initializer
        self._constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in weights}
        for name, values in self._constants.items():
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise WeightsError(
                    f"the weight '{name}' holds values that are no numbers (NaN or infinite); "
                    "export a model that training has not broken"
                )
        entry = next(each for each in model.graph.input if each.name not in self._constants)
        self._known = {entry.name: Arrived(self.graph.start)}
        self._uses: dict[str, int] = {}
        for node in model.graph.node:
            for name in node.input:
                self._uses[name] = self._uses.get(name, 0) + 1

    def end(self) -> Arrived:
        """Return what comes out of the model."""
        nodes = list(self._model.graph.node)
        while nodes:
            node = nodes.pop(0)
            if node.op_type == "Constant":
                (attribute,) = node.attribute
                self._constants[node.output[0]] = np.asarray(
                    numpy_helper.to_array(attribute.t)
                    if attribute.name == "value"
                    else onnx.helper.get_attribute_value(attribute)
                )
                continue
            if node.op_type == "MatMul" and nodes and (bias := self._bias(node, nodes[0])):
                follower = nodes.pop(0)
                node.input.append(bias)
                node.output[0] = follower.output[0]
            if node.op_type in FOLDED and all(name in self._constants for name in node.input):
                given = {name: self._constants[name] for name in node.input}
                (folded,) = ReferenceEvaluator(node).run(None, given)
                self._constants[node.output[0]] = np.asarray(folded)
                continue
            self._known[node.output[0]] = self._made(node)
        name = self._model.graph.output[0].name
        if name not in self._known:
            raise Refused("what it gives is a constant, whatever it sees")
        return self._known[name]

    def _bias(self, node: onnx.NodeProto, follower: onnx.NodeProto) -> str | None:
        """Return the constant that is added to a product by the node behind it."""
        made = node.output[0]
        if follower.op_type != "Add" or made not in follower.input or self._uses[made] != 1:
            return None
        other = next((name for name in follower.input if name != made), "")
        return other if other in self._constants else None

    def _made(self, node: onnx.NodeProto) -> Arrived:
        given = [self._known[name] for name in node.input if name in self._known]
        constants = {
            place: self._constants[name]
            for place, name in enumerate(node.input)
            if name in self._constants
        }
        operator = Operator(node, self.graph, constants)
        filled = sum(1 for name in node.input if name)
        if len(given) + len(constants) != filled or node.domain not in ("", "ai.onnx"):
            raise operator.refused("it takes what is neither an image's nor a constant")
        if node.op_type in JOINED and len(given) > 1 and not constants:
            return self._joined(operator, given)
        if node.op_type in SCALED and len(given) == len(constants) == 1:
            return arithmetic(operator, given[0])
        if node.op_type not in OPERATORS:
            raise operator.refused(f"there is no word for {node.op_type}")
        if len(given) != 1 or 0 in constants:
            raise operator.refused(f"{len(given)} tensors go into it; expected one, in front")
        return OPERATORS[node.op_type](operator, given[0])

    def _joined(self, operator: Operator, given: list[Arrived]) -> Arrived:
        word = JOINED[operator.node.op_type]
        if word == "cat":
            operator.expect("axis", 1)
        values = [self.graph.enter(each, operator.name) for each in given]
        if any(each.order is not None for each in given):
            raise operator.refused("features in another order meet")
        return Arrived(self.graph.join(word, values, operator.name))


def _compare(found: ForeignNetwork, ending: str, original: bytes, path: Path) -> None:
    """Make sure that the network says of random images what the model says of them.

    Args:
        found: the network.
        ending: what makes the model's outputs of its logits, as `ForeignGraph.logits` says it.
        original: the model as it was in the file.
        path: of the file.
    """
    import torch

    plan = expand(found.network)
    images = np.random.default_rng(0).normal(size=(2, *plan.input)).astype(np.float32)
    if found.scaling is not None:  # of the size that the model expects
        images *= 255 * np.float32(max(found.scaling[1]))
    expected = reference_answers(original, images, path, optimized=False)
    seen = images
    if found.scaling is not None:
        mean, std = (np.array(each, np.float32)[:, None, None] for each in found.scaling)
        seen = ((images / 255 - mean) / std).astype(np.float32)
    with torch.no_grad():
        answer = Trained(plan, found.weights).module()(torch.from_numpy(seen))
        if expected.shape[1:] == (1,):
            answer = torch.sigmoid(answer[:, 1:]) if ending else answer[:, 1:]
        elif ending:
            last = torch.log_softmax if ending == LOG_SOFTMAX else torch.softmax
            answer = last(answer, 1)
    apart = float(np.abs(answer.numpy() - expected).max())
    if not apart <= CLOSE * float(np.abs(expected).max()):
        raise WeightsError(
            f"the network that was read from '{path.name}' does not answer as the model in ONNX "
            "Runtime does; use it as a frozen backbone: striate train DATA --pretrained "
            f"{path.name}"
        )
