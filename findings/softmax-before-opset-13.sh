#!/usr/bin/env bash
# Guess: Softmax of opset 11 with axis=1 on a map (1, classes, height, width), as older exporters
# wrote it, means one thing: by the standard, all axes from the given one on are flattened, and
# the probabilities of the whole map sum to 1.
# What happens: only ONNX Runtime does so. OpenVINO, OpenCV and onnx's own reference evaluator
# apply the rule of opset 13, over the channels at each pixel, and sum to height x width. Without
# the axis attribute (the default of opset 11 is 1) the reference evaluator takes the last axis: a
# third answer.
# Who is hurt: users of older models (fully convolutional classifiers, spatial softmax) who
# compare engines or move between them.
# Workaround: convert to opset 13 by onnx.version_converter, which writes the flattening out.
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
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
print("openvino", openvino.__version__, "cv2", cv2.__version__)
x = np.random.default_rng(0).normal(size=(1, 3, 2, 2)).astype(np.float32)


def sums(model):
    data = model.SerializeToString()
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    net.setInput(x)
    seen = {
        "ONNX Runtime": onnxruntime.InferenceSession(data).run(None, {"x": x})[0],
        "OpenVINO": compiled(x)[0],
        "OpenCV": net.forward(),
        "reference": ReferenceEvaluator(model).run(None, {"x": x})[0],
    }
    return {name: round(float(y.sum()), 3) for name, y in seen.items()}


value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 2, 2])
node = helper.make_node("Softmax", ["x"], ["y"], axis=1)
graph = helper.make_graph([node], "g", [value("x")], [value("y")])
old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
onnx.checker.check_model(old)
seen = sums(old)
print("opset 11, axis 1: expected a sum of 1 from each, seen", seen)
assert seen.pop("ONNX Runtime") == 1
assert set(seen.values()) == {4}, "the behaviour has changed"
converted = sums(onnx.version_converter.convert_version(old, 13))
print("converted to opset 13:", converted)
assert set(converted.values()) == {1}, "the workaround fails"
PY
