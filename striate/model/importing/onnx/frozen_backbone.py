"""An ONNX model as a frozen backbone: images in, a row of features out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

from striate.architecture.aspects.onnx_runtime import failures, open_model
from striate.architecture.words import Pair, Shape
from striate.backends.onnx.model_file import IMPORTED_OPSET
from striate.errors import WeightsError
from striate.model.importing.onnx.model_file import EXPORT, open_onnx
from striate.model.importing.onnx.reference_answers import reference_answers

USUAL = (224, 224)  # rows and columns where a model takes any
ALIKE = 1e-4  # of the largest feature: how far the answers of one image and of several may differ
ALIKE_HALF = 4e-3  # the same where a model computes in float16, which has three digits
MIXED = (
    "answers otherwise when an image has others beside it, or with numbers that are none; expected "
    "one answer an image: export it in evaluation mode"
)
CONVERTED = f"answers otherwise once its operators are those of opset {IMPORTED_OPSET}; {EXPORT}"
PREFERRED = ("pooler_output", "image_embeds", "features", "embedding")
KINDS = {TensorProto.FLOAT: np.float32, TensorProto.FLOAT16: np.float16}


@dataclass(frozen=True)
class FrozenBackbone:
    """What is needed of an ONNX model to be a backbone.

    Attributes:
        text: it as a network in the notation.
        model: its bytes, of one input, float32 (n, channels, rows, columns), and one output,
            float32 (n, features).
        input: (channels, rows, columns).
        said: what was taken of it, in words.
    """

    text: str
    model: np.ndarray = field(repr=False)
    input: Shape
    said: tuple[str, ...]


def read_frozen(path: Path, size: Pair | None = None) -> FrozenBackbone:
    """Make a backbone of an ONNX model, whatever it computes.

    Of several outputs the first of two axes is taken, features of an image; else the first token
    of (n, tokens, features), which is the class token of a vision transformer; else the mean over
    the positions of (n, channels, rows, columns).

    Args:
        path: of the file.
        size: rows and columns of the images, where the model leaves them open.

    Raises:
        WeightsError: it cannot be read, takes or gives something else, or its answer to an image
            depends on the others beside it.
    """
    model, original = open_onnx(path)
    said: list[str] = []
    shape, turned = _enter(model, path, size or USUAL, said)
    chosen, rank = _leave(model, path, said)
    images = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    content = model.SerializeToString()
    half = any(tensor.data_type == TensorProto.FLOAT16 for tensor in model.graph.initializer)
    alike = ALIKE_HALF if half else ALIKE
    alone = _answers(content, images, path, alike)
    first = images[:1].transpose(0, 2, 3, 1) if turned else images[:1]
    before = reference_answers(original, first, path, output=chosen)
    _compare(_reduced(before, rank), alone[:1], alike, f"'{path}' {CONVERTED}")
    features = alone.shape[-1]
    weights = sum(math.prod(tensor.dims) for tensor in model.graph.initializer)
    rows, columns = shape[1:]
    text = (
        f"# {path.stem}, an ONNX model as a frozen backbone\n"
        f"input {'x'.join(map(str, shape))}\n"
        f"blackbox {features} size={rows}x{columns} bytes={len(content)} weights={max(weights, 1)}"
        + (f" products={products}" if (products := _products(model)) else "")
    )
    return FrozenBackbone(text, np.frombuffer(content, np.uint8).copy(), shape, tuple(said))


def _products(model: onnx.ModelProto) -> int | None:
    """Count the multiply-accumulates for one image; None where a shape is not known."""
    one = onnx.ModelProto()
    one.CopyFrom(model)
    one.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    del one.graph.value_info[:]
    one = shape_inference.infer_shapes(one, data_prop=True)
    shapes = {tensor.name: tuple(tensor.dims) for tensor in one.graph.initializer}
    for value in [*one.graph.value_info, *one.graph.input, *one.graph.output]:
        shapes[value.name] = tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
    total = 0
    for node in one.graph.node:
        if node.op_type not in ("Conv", "MatMul", "Gemm"):
            continue
        out, first, second = (
            shapes.get(name, ()) for name in (node.output[0], node.input[0], node.input[1])
        )
        if not (out and first and second) or 0 in (*out, *first, *second):
            return None
        each = math.prod(second[1:]) if node.op_type == "Conv" else second[-2]
        if node.op_type == "Gemm" and any(a.name == "transB" and a.i for a in node.attribute):
            each = second[-1]
        total += math.prod(out) * each
    return total or None


def _enter(model: onnx.ModelProto, path: Path, size: Pair, said: list[str]) -> tuple[Shape, bool]:
    """Make the model take float32 (n, channels, rows, columns).

    Returns:
        These three, and whether the file has the channels last.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(each.name for each in inputs[:4])
        raise WeightsError(
            f"'{path}' takes {len(inputs)} inputs ({names}); expected one, the images"
        )
    entry = inputs[0]
    kind = entry.type.tensor_type.elem_type
    sides = [dim.dim_value for dim in entry.type.tensor_type.shape.dim]  # 0 where it is open
    if len(sides) != 4 or kind not in KINDS:
        raise WeightsError(
            f"'{path}' takes {len(sides)} axes of {TensorProto.DataType.Name(kind)}; expected "
            f"images: (n, channels, rows, columns) of FLOAT; {EXPORT}"
        )
    last = sides[1] not in (1, 3) and sides[3] in (1, 3)
    if last:
        sides = [sides[0], sides[3], sides[1], sides[2]]
        said.append("its images have the channels last; they are turned for it")
    channels = sides[1] or 3
    rows, columns = sides[2] or size[0], sides[3] or size[1]
    if channels not in (1, 3):
        raise WeightsError(f"'{path}' takes images of {channels} channels; expected 1 or 3")
    if not (sides[2] and sides[3]):
        said.append(f"it takes images of any size and gets {rows}x{columns} (--image-size sets it)")
    steps: list[tuple[str, dict[str, Any]]] = []
    if kind != TensorProto.FLOAT:
        steps.append(("Cast", {"to": kind}))
    if last:
        steps.append(("Transpose", {"perm": [0, 2, 3, 1]}))
    places = [_free(model, f"images/{number}") for number in range(len(steps))] + [entry.name]
    first = [
        helper.make_node(word, [places[number]], [places[number + 1]], **own)
        for number, (word, own) in enumerate(steps)
    ]
    name = places[0]
    made = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, rows, columns])
    nodes = [*first, *model.graph.node]
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend(nodes)
    model.graph.input.append(made)
    return (channels, rows, columns), last


def _leave(model: onnx.ModelProto, path: Path, said: list[str]) -> tuple[str, int]:
    """Make the model give one row of float32 features an image.

    Returns:
        The output that they are of, and how many axes it has.
    """
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    model.CopyFrom(shape_inference.infer_shapes(model, data_prop=True))
    outputs = {each.name: each for each in model.graph.output}
    ranks = {
        name: len(each.type.tensor_type.shape.dim)
        for name, each in outputs.items()
        if each.type.tensor_type.elem_type in KINDS
    }
    names = sorted(ranks, key=lambda name: (name not in PREFERRED, list(ranks).index(name)))
    chosen = next((name for rank in (2, 3, 4) for name in names if ranks[name] == rank), None)
    if chosen is None:
        raise WeightsError(
            f"'{path}' gives {', '.join(outputs)[:80]}; expected features of an image: (n, "
            "features), (n, tokens, features) or (n, channels, rows, columns)"
        )
    rank, x = ranks[chosen], chosen
    nodes: list[onnx.NodeProto] = []
    if rank == 3:
        zero = numpy_helper.from_array(np.array(0, np.int64), _free(model, "features/first"))
        model.graph.initializer.append(zero)
        token = _free(model, "features/token")
        nodes.append(helper.make_node("Gather", [x, zero.name], [token], axis=1))
    elif rank == 4:
        mean, flat = _free(model, "features/mean"), _free(model, "features/flat")
        nodes.append(helper.make_node("GlobalAveragePool", [x], [mean]))
        nodes.append(helper.make_node("Flatten", [mean], [flat]))
    x = nodes[-1].output[0] if nodes else x
    out = _free(model, "features/out")
    nodes.append(helper.make_node("Cast", [x], [out], to=TensorProto.FLOAT))
    how = {2: "", 3: "the first token of ", 4: "the mean over positions of "}[rank]
    said.append(f"its features are {how}'{chosen}'")
    model.graph.node.extend(nodes)
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(out, TensorProto.FLOAT, None))
    return chosen, rank


def _free(model: onnx.ModelProto, name: str) -> str:
    """Return a name that nothing in a model has."""
    taken = {each for node in model.graph.node for each in (*node.input, *node.output)}
    taken |= {each.name for each in (*model.graph.input, *model.graph.initializer)}
    while name in taken:
        name += "_"
    return name


def _answers(content: bytes, images: np.ndarray, path: Path, alike: float) -> np.ndarray:
    """Return the features of images one by one, which must be those of all together."""
    try:
        run = open_model(content)
        together = run(images)
        alone = np.concatenate([run(image[None]) for image in images])
    except failures() as error:
        said = " ".join(str(error).split())[:160]
        raise WeightsError(
            f"'{path}' does not take several images at once ({said}); export it with an open batch "
            "(dynamic_axes of torch.onnx.export)"
        ) from error
    if together.ndim != 2 or len(together) != len(images):
        raise WeightsError(
            f"'{path}' gives {together.shape} for {len(images)} images; expected a row of features "
            "each: export it with an open batch (dynamic_axes of torch.onnx.export)"
        )
    _compare(together, alone, alike, f"'{path}' {MIXED}")
    return alone


def _reduced(answer: np.ndarray, rank: int) -> np.ndarray:
    return answer if rank == 2 else answer[:, 0] if rank == 3 else answer.mean((2, 3))


def _compare(one: np.ndarray, other: np.ndarray, alike: float, reason: str) -> None:
    largest = float(np.abs(other).max())
    if not np.isfinite(one).all() or float(np.abs(one - other).max()) > alike * largest:
        raise WeightsError(reason)
