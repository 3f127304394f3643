#!/usr/bin/env bash
# Guess: zeros around a map (Pad) and a MaxPool behind them are computed as the model says: the
# largest of values below zero and of zeros is 0.
# What happens: ONNX Runtime takes the Pad into the pool, whose own padding is -inf, so at the
# border the largest is below zero. Nothing is said. Where the zeros are as many as the window or
# more, the same step makes a pool that it then refuses to load ("Pad should be smaller than
# kernel"), an AveragePool too. Both happen with the optimisations that are on by default.
# Who is hurt: whoever exports a network that pads by a layer of its own before a pool and has no
# ReLU between: the first pool of Keras's ResNet50V2 is one.
# Seen with 1.31.1; 1.32.0 computes both as the model says, which the script shows, too.
# Workaround: 1.32.0, or graph_optimization_level = ORT_DISABLE_ALL, or an operator between the two that is not
# optimised away; a ReLU before the Pad makes the results equal.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.31.1
cd "$folder"
cat >check.py <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
x = -np.arange(1, 10, dtype=np.float32).reshape(1, 1, 3, 3)


def model(kind, kernel):
    pads = numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["padded"]),
        helper.make_node(kind, ["padded"], ["y"], kernel_shape=[kernel, kernel]),
    ]
    side = 6 - kernel
    value = lambda name, side: helper.make_tensor_value_info(
        name, TensorProto.FLOAT, [1, 1, side, side]
    )
    graph = helper.make_graph(nodes, "g", [value("x", 3)], [value("y", side)], [pads])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


def answer(made, level):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(made.SerializeToString(), options)
    return session.run(None, {"x": x})[0]


levels = onnxruntime.GraphOptimizationLevel
pool = model("MaxPool", 2)
(expected,) = ReferenceEvaluator(pool).run(None, {"x": x})
plain, usual = answer(pool, levels.ORT_DISABLE_ALL), answer(pool, levels.ORT_ENABLE_ALL)
print("expected, first row:", expected[0, 0, 0].tolist())
print("not optimised:      ", plain[0, 0, 0].tolist())
print("by default:         ", usual[0, 0, 0].tolist())
assert (expected == plain).all(), "the workaround fails"
if onnxruntime.__version__ != "1.31.1":
    assert (expected == usual).all() and answer(model("MaxPool", 1), levels.ORT_ENABLE_ALL).any()
    raise SystemExit
assert usual[0, 0, 0].tolist() == [-1, -1, -2, -3], "the behaviour has changed"
for kind in ("MaxPool", "AveragePool"):
    one = model(kind, 1)
    assert answer(one, levels.ORT_DISABLE_ALL).shape == (1, 1, 5, 5)
    try:
        answer(one, levels.ORT_ENABLE_ALL)
    except Exception as error:
        print(f"{kind} of 1x1 behind a Pad of 1:", str(error).strip()[-40:])
    else:
        raise AssertionError("the behaviour has changed")
PY
nice venv/bin/python check.py
nice venv/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.32.0
nice venv/bin/python check.py
