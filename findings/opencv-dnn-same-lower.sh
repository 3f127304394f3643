#!/usr/bin/env bash
# Guess: auto_pad=SAME_LOWER in an ONNX node puts the odd row and column of padding before the
# picture, in OpenCV's dnn module as elsewhere.
# What happens: OpenCV treats SAME_LOWER as SAME_UPPER, so that with an even kernel at stride 1
# the map is shifted by one pixel. The shape is right, and there is no warning. (ONNX Runtime and
# OpenVINO do it as the standard says.)
# Who is hurt: those who deploy converted networks with OpenCV alone on small devices, since it
# needs no further package: features move by a pixel in each such layer.
# Workaround: write the padding out (pads=[...]) before giving the file to OpenCV.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93
cd "$folder"
nice venv/bin/python - <<'PY'
import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

print("cv2", cv2.__version__, "onnxruntime", onnxruntime.__version__)
x = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)
kernel = np.array([[[[0, 0], [0, 1]]]], np.float32)  # takes the window's lower right pixel


def both(**padding):
    node = helper.make_node("Conv", ["x", "w"], ["y"], **padding)
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 4, 4])
    graph = helper.make_graph(
        [node], "g", [value("x")], [value("y")], [numpy_helper.from_array(kernel, "w")]
    )
    data = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    net.setInput(x)
    return onnxruntime.InferenceSession(data).run(None, {"x": x})[0][0, 0], net.forward()[0, 0]


ort, cv = both(auto_pad="SAME_LOWER")
print("SAME_LOWER: expected", ort.tolist(), "seen", cv.tolist())
assert np.array_equal(ort, x[0, 0])
assert not np.array_equal(cv, ort), "the behaviour has changed: SAME_LOWER is kept"
assert np.array_equal(cv, both(auto_pad="SAME_UPPER")[0]), "it is not SAME_UPPER either"
assert np.array_equal(*both(pads=[1, 1, 0, 0])), "the workaround fails"
PY
