#!/usr/bin/env bash
# Guess: one small ONNX MaxPool (kernel 2, stride 2, padding 1, ceil_mode=1, on 5x5) has one
# output shape.
# What happens: torch and ONNX Runtime leave out a window that would start in the padding: 3x3.
# OpenVINO and OpenCV keep it: 4x4, with a value in the last row that no pixel has (the lowest
# float, or infinity). onnx.shape_inference says 4x4 for opset 21 and 3x3 for opset 22, although
# the node is the same.
# Who is hurt: whoever exports a network with ceil_mode=True and sizes a dense layer by the
# inferred shape, or moves it from ONNX Runtime to OpenVINO: the flattened features are more, or
# -3.4e38 flows on into an average.
# Workaround: choose padding or a picture size at which no window starts past the picture, and
# compare shapes after each change of engine.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 opencv-python-headless==5.0.0.93
cd "$folder"
nice venv/bin/python - <<'PY'
import cv2
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

print(
    "onnx",
    onnx.__version__,
    "onnxruntime",
    onnxruntime.__version__,
    "openvino",
    openvino.__version__,
    "cv2",
    cv2.__version__,
)


def pool(opset):
    node = helper.make_node(
        "MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2], pads=[1] * 4, ceil_mode=1
    )
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 5, 5])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, "h", "w"])
    graph = helper.make_graph([node], "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.checker.check_model(model)
    return model


picture = np.arange(1, 26, dtype=np.float32).reshape(1, 1, 5, 5)
seen, last = {}, {}
for opset in (21, 22):
    inferred = onnx.shape_inference.infer_shapes(pool(opset)).graph.output[0].type.tensor_type.shape
    seen[f"shape inference, opset {opset}"] = tuple(d.dim_value for d in inferred.dim)[2:]
    ort = onnxruntime.InferenceSession(pool(opset).SerializeToString()).run(None, {"x": picture})[0]
    seen[f"ONNX Runtime, opset {opset}"] = ort.shape[2:]
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(pool(opset).SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    ov = compiled(picture)[0]
    seen[f"OpenVINO, opset {opset}"] = ov.shape[2:]
net = cv2.dnn.readNetFromONNX(np.frombuffer(pool(21).SerializeToString(), np.uint8))
net.setInput(picture)
cv = net.forward()
seen["OpenCV, opset 21"] = cv.shape[2:]
for name, shape in seen.items():
    print(f"{name}: expected (3, 3) as torch, seen {shape}")
print(
    "last number: ONNX Runtime",
    ort.ravel()[-1],
    "OpenVINO",
    ov.ravel()[-1],
    "OpenCV",
    cv.ravel()[-1],
)
print("picture: 1 to 25")
right = {name for name, shape in seen.items() if shape == (3, 3)}
assert right == {"ONNX Runtime, opset 21", "ONNX Runtime, opset 22", "shape inference, opset 22"}, (
    right
)
assert ov.ravel()[-1] not in picture, "the behaviour has changed"
PY
