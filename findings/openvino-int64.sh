#!/usr/bin/env bash
# Guess: a model whose input and output are int64 computes in 64 bits, or the compiler says that
# it does not.
# What happens: OpenVINO's CPU plugin computes in 32 bits and hands out arrays of dtype int64.
# Sums of large counts lose their upper half, and a float cast to int64 stops at -2147483648.
# Who is hurt: those who carry identifiers, hashes, times in milliseconds or counts of pixels
# through the graph, beside the picture: the type promises what the numbers do not hold.
# Workaround: keep such numbers out of the model, or split them into two of 31 bits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper

print("onnxruntime", onnxruntime.__version__, "openvino", openvino.__version__)


def both(kind, x, **attributes):
    inputs = ["x", "x"] if kind == "Add" else ["x"]
    node = helper.make_node(kind, inputs, ["y"], **attributes)
    value = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
    out = helper.make_tensor_value_info("y", TensorProto.INT64, ["n"])
    graph = helper.make_graph([node], "g", [value], [out])
    data = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    core = openvino.Core()
    return onnxruntime.InferenceSession(data).run(None, {"x": x})[0], core.compile_model(
        core.read_model(data), "CPU"
    )(x)[0]


for kind, x, options in (
    ("Add", np.array([7, 2**31, 2**40 + 1]), {}),
    ("ReduceSum", np.array([2**40, 1]), {"keepdims": 1}),
    ("Cast", np.array([7, 3e9], np.float32), {"to": TensorProto.INT64}),
):
    ort, ov = both(kind, x, **options)
    print(f"{kind}: expected {ort.tolist()}, seen {ov.tolist()} as {ov.dtype}")
    assert ov.dtype == np.int64
    assert not np.array_equal(ort, ov), "the behaviour has changed: 64 bits are kept"
PY
