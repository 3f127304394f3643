#!/usr/bin/env bash
# Guess: onnx.version_converter changes how a model is written and not what it computes; where a
# new opset reads a node otherwise, the converter adds the attribute that keeps the old meaning.
# What happens: Upsample (opset 9) and Resize (opset 10) sample at x / scale. From opset 11 the
# default is (x + 0.5) / scale - 0.5, and the converter leaves the attribute out: a linear
# upsampling by two is shifted by a quarter of a pixel, and the numbers change without a warning.
# (For Softmax at opset 13, it does write the old meaning out.)
# Who is hurt: those who lift older networks with upsampling, or a resizing of the picture inside,
# to a new opset, as quantisation and simplifying tools ask for.
# Workaround: set coordinate_transformation_mode="asymmetric" (and nearest_mode="floor") on each
# Resize after converting, and compare the outputs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, version_converter

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
x = np.array([0, 4, 8], np.float32).reshape(1, 1, 1, 3)


def run(model):
    onnx.checker.check_model(model)
    return (
        onnxruntime.InferenceSession(model.SerializeToString())
        .run(None, {"x": x})[0]
        .ravel()
        .tolist()
    )


for kind, opset in (("Upsample", 9), ("Resize", 10)):
    node = helper.make_node(kind, ["x", "scales"], ["y"], mode="linear")
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 1, 3])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 1, 6])
    scales = numpy_helper.from_array(np.array([1, 1, 1, 2], np.float32), "scales")
    graph = helper.make_graph([node], "g", [value], [out], [scales])
    old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    new = version_converter.convert_version(old, 18)
    print(f"{kind}, opset {opset} to 18: expected {run(old)}, seen {run(new)}")
    assert run(new) != run(old), "the behaviour has changed: the meaning is kept"
    for resize in new.graph.node:
        if resize.op_type == "Resize":
            resize.attribute.append(
                helper.make_attribute("coordinate_transformation_mode", "asymmetric")
            )
    assert run(new) == run(old), "the workaround fails"
PY
