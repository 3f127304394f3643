#!/usr/bin/env bash
# Guess: an ONNX AveragePool with ceil_mode=1 and count_include_pad=1 has one meaning. torch, ONNX
# Runtime and the text of the standard agree that the last window, which hangs over the edge, is
# divided by its cells inside input and padding (6 of 9 here), since the overhang of ceil_mode is
# not padding.
# What happens: OpenVINO divides by all 9 cells of the window, overhang included, so the last row
# and column of the map are too small by a third or more; with ceil_mode=0, or
# count_include_pad=0, it agrees.
# Who is hurt: users of networks with avg_pool2d(..., ceil_mode=True), in which torch counts
# padding by default, who run their export in OpenVINO: features at the edge shrink, nothing
# fails.
# Workaround: a Pad node before an AveragePool without padding, or a picture size at which ceil
# and floor agree.
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


def both(**attributes):
    node = helper.make_node(
        "AveragePool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], **attributes
    )
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 6, 6])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c", "h", "w"])
    graph = helper.make_graph([node], "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    ones = np.ones((1, 1, 6, 6), np.float32)
    ort = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": ones})[0]
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    return ort[0, 0].round(3), compiled(ones)[0][0, 0].round(3)


# On ones, each number is the share of the window's divisor that is picture.
ort, ov = both(pads=[1, 1, 1, 1], ceil_mode=1, count_include_pad=1)
print("expected (ONNX Runtime):", *ort.tolist(), "seen (OpenVINO):", *ov.tolist(), sep="\n")
assert ort.shape == ov.shape
assert not np.allclose(ort, ov, atol=1e-3), "the behaviour has changed: the two agree"
for same in ({"ceil_mode": 0, "count_include_pad": 1}, {"ceil_mode": 1, "count_include_pad": 0}):
    assert np.allclose(*both(pads=[1, 1, 1, 1], **same), atol=1e-3), same
PY
