#!/usr/bin/env bash
# Guess: an ONNX Resize with antialias=1 (opset 18 and later) is smoothed in OpenVINO as in ONNX
# Runtime, or OpenVINO refuses to read it, as it does with other attributes it lacks.
# What happens: OpenVINO ignores the attribute. Fine stripes reduced by four, which
# smoothing turns to an even grey, comes out as if it had not been set, without a warning.
# Who is hurt: those who put the resizing of pictures into the exported model, so that training
# and serving agree: in OpenVINO the network sees aliased pictures and loses accuracy.
# Workaround: resize before the model, or write the smoothing as a Conv with fixed weights.
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
from onnx import TensorProto, helper, numpy_helper

print("onnxruntime", onnxruntime.__version__, "openvino", openvino.__version__)
rows, columns = np.indices((16, 16))
stripes = (columns % 4 == 1).astype(np.float32)[None, None]  # a quarter is white


def both(antialias):
    node = helper.make_node(
        "Resize", ["x", "", "", "size"], ["y"], mode="linear", antialias=antialias
    )
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 16, 16])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 4, 4])
    size = numpy_helper.from_array(np.array([1, 1, 4, 4]), "size")
    graph = helper.make_graph([node], "g", [x], [y], [size])
    data = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9
    ).SerializeToString()
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return onnxruntime.InferenceSession(data).run(None, {"x": stripes})[0][0, 0], compiled(stripes)[
        0
    ][0, 0]


ort, ov = both(1)
_, plain = both(0)
print("expected (ONNX Runtime), a row:", ort[1].round(3), "seen (OpenVINO):", ov[1].round(3))
print("OpenVINO with antialias=0:", plain[1].round(3))
assert abs(ort[1, 1:3] - 0.25).max() < 0.04
assert np.array_equal(ov, plain), "the behaviour has changed: antialias=1 does something"
assert abs(ov - ort).max() > 0.1
PY
