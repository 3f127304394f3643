#!/usr/bin/env bash
# Guess: a NaN in a picture (0/0 in a normalisation, a hole in a depth or satellite image) goes
# through to the answer, as in torch, so that one check of the output finds every broken input.
# What happens: MaxPool drops it in ONNX Runtime and in OpenVINO, where torch hands it on; Relu
# and Clip keep it in ONNX Runtime and turn it into 0 in OpenVINO. A network with either gives
# ordinary numbers.
# Who is hurt: those who rely on numpy.isnan(output) in production: it fires with the torch model
# of the tests, and not with its export.
# Workaround: check the input with numpy.isfinite before the session is run.
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
    node = helper.make_node(kind, ["x"], ["y"], **attributes)
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c", "h", "w"])
    graph = helper.make_graph([node], "g", [value], [out])
    data = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    ort = onnxruntime.InferenceSession(data).run(None, {"x": x})[0]
    return bool(np.isnan(ort).any()), bool(np.isnan(compiled(x)[0]).any())


picture = np.array([[[[np.nan, 1], [2, 3]]]], np.float32)
seen = {
    "MaxPool": both("MaxPool", picture, kernel_shape=[2, 2]),
    "Relu": both("Relu", picture),
    "AveragePool": both("AveragePool", picture, kernel_shape=[2, 2]),
}
for kind, (ort, ov) in seen.items():
    print(f"{kind}: expected NaN kept; seen in ONNX Runtime {ort}, in OpenVINO {ov}")
assert seen["AveragePool"] == (True, True)
assert seen["MaxPool"] == (False, False), "the behaviour of MaxPool has changed"
assert seen["Relu"] == (True, False), "the behaviour of Relu has changed"
PY
