"""An ONNX file of elsewhere, opened without following it out of its folder or running anything.

The weights of large models lie in files beside them, which the model names; a name could lead
anywhere, so only those in the model's own folder are read: https://onnx.ai/onnx/repo-docs/ExternalData.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, checker, inliner, shape_inference, version_converter

from striate.backends.onnx.model_file import IMPORTED_OPSET
from striate.errors import WeightsError

LARGEST = 2**31 - 2**24  # bytes of a model with its weights, which protobuf can hold
STANDARD = {"", "ai.onnx"}
FLOW = {"If", "Loop", "Scan"}
MEND = "expected an ONNX model, exported with its weights in one file; get it anew"
EXPORT = f"export the model with opset_version={IMPORTED_OPSET}"


def open_onnx(path: Path) -> tuple[onnx.ModelProto, bytes]:
    """Read an ONNX model, with the weights that lie beside it, in the operators of one opset.

    Returns:
        The model, its shapes worked out; and the bytes of it as it was, weights included.

    Raises:
        WeightsError: it is damaged or too large, leads out of its folder, or has operators that
            are none of ONNX's own.
    """
    if not path.is_file():
        raise WeightsError(f"there is no file '{path}'; {MEND}")
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST else b""
        if not content:
            raise WeightsError(f"'{path}' is {size:,} bytes; expected 1 to {LARGEST:,}; {MEND}")
        model = onnx.load_model_from_string(content)
    except (OSError, DecodeError) as error:
        raise WeightsError(f"'{path}' is cut off or damaged ({_line(error)}); {MEND}") from error
    _take_in(model, path)
    _check_operators(model, path)
    original = model.SerializeToString()
    try:
        if model.functions:
            model = inliner.inline_local_functions(model)
        checker.check_model(model)
        if _opset(model) != IMPORTED_OPSET:
            model = version_converter.convert_version(model, IMPORTED_OPSET)
    except (checker.ValidationError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"'{path}' is no sound model of ONNX's opset {IMPORTED_OPSET} ({_line(error)}); "
            f"{EXPORT}"
        ) from error
    _check_operators(model, path)
    try:
        return shape_inference.infer_shapes(model, data_prop=True), original
    except (shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise WeightsError(f"the shapes in '{path}' do not fit ({_line(error)}); {MEND}") from error


def _opset(model: onnx.ModelProto) -> int:
    return max((each.version for each in model.opset_import if each.domain in STANDARD), default=0)


def _check_operators(model: onnx.ModelProto, path: Path) -> None:
    """Refuse what is not ONNX's own, by its name; functions of the model are its own too."""
    own = {(function.domain, function.name) for function in model.functions}
    nodes = [*model.graph.node, *(node for each in model.functions for node in each.node)]
    for node in nodes:
        if node.op_type in FLOW:
            raise WeightsError(
                f"'{path}' has the operator {node.op_type} ('{node.name}'), whose way depends on "
                f"what is computed; {EXPORT} and without it"
            )
        if node.domain not in STANDARD and (node.domain, node.op_type) not in own:
            raise WeightsError(
                f"'{path}' has the operator {node.domain}.{node.op_type} ('{node.name}'), which is "
                "none of ONNX's own and needs code that is not there; export it without"
            )


def _take_in(model: onnx.ModelProto, path: Path) -> None:
    """Read the weights that lie in files of the same folder into the model."""
    folder, total = path.parent.resolve(), 0
    if model.graph.sparse_initializer:
        raise WeightsError(f"'{path}' has sparse weights, which are not read; {MEND}")
    for tensor in _tensors(model):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        said = {entry.key: entry.value for entry in tensor.external_data}
        name = said.get("location", "")
        place = (folder / name).resolve()
        if not name or not place.is_relative_to(folder) or not place.is_file():
            raise WeightsError(
                f"the weight '{tensor.name}' in '{path}' lies in '{name[:80]}'; expected a file in "
                "the folder of the model, and none outside it is read"
            )
        try:
            start = int(said.get("offset", 0))
            count = int(said.get("length", place.stat().st_size - start))
        except ValueError:
            start = count = -1
        total += max(count, 0)
        if start < 0 or count < 0 or start + count > place.stat().st_size or total > LARGEST:
            raise WeightsError(
                f"the weight '{tensor.name}' in '{path}' says it is {count:,} bytes of '{name}' "
                f"from {start:,} on, which holds {place.stat().st_size:,}; at most {LARGEST:,} are "
                "read together"
            )
        with place.open("rb") as file:
            file.seek(start)
            tensor.raw_data = file.read(count)
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]


def _tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    yield from model.graph.initializer
    for node in [*model.graph.node, *(node for each in model.functions for node in each.node)]:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
