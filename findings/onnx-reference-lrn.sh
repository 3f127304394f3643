#!/usr/bin/env bash
# Guess: onnx.reference.ReferenceEvaluator, which ships with the standard and is meant to be the
# oracle, is right, and a runtime that differs from it is wrong.
# What happens: its LRN takes too few channels. By the standard's own formula the window reaches
# from floor((size-1)/2) below to ceil((size-1)/2) above; the evaluator leaves the upper end out
# and, for size 5, the numbers equal those of size 3 in most channels. ONNX Runtime and torch
# compute the formula. Its MaxPool with ceil_mode=1, stride 1 and padding pads twice: 8x8 where
# 6x6 is right.
# Who is hurt: those who test an export against the reference evaluator (AlexNet and GoogLeNet
# have LRN) and hunt for a fault that is not in their model.
# Workaround: take a runtime or NumPy by hand as the oracle for these two.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$folder"
nice venv/bin/python - <<'PY'
import math

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)


def both(kind, x, **attributes):
    node = helper.make_node(kind, ["x"], ["y"], **attributes)
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    graph = helper.make_graph(
        [node],
        "g",
        [value],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c", "h", "w"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return ReferenceEvaluator(model).run(None, {"x": x})[0], session.run(None, {"x": x})[0]


x = np.random.default_rng(0).normal(size=(1, 6, 1, 1)).astype(np.float32)
size, alpha, beta, bias = 5, 0.5, 0.75, 1.0
formula = np.empty(6)
for c in range(6):
    low, high = max(0, c - (size - 1) // 2), min(5, c + math.ceil((size - 1) / 2))
    formula[c] = x[0, c, 0, 0] / (bias + alpha / size * (x[0, low : high + 1] ** 2).sum()) ** beta
reference, ort = (y.ravel() for y in both("LRN", x, size=size, alpha=alpha, beta=beta, bias=bias))
print(
    "LRN expected (formula)",
    formula.round(3),
    "seen, reference",
    reference.round(3),
    "runtime",
    ort.round(3),
)
assert np.allclose(ort, formula, atol=1e-5)
assert not np.allclose(reference, formula, atol=1e-3), "the behaviour has changed: LRN is right"

square = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
reference, ort = both(
    "MaxPool", square, kernel_shape=[2, 2], strides=[1, 1], pads=[1] * 4, ceil_mode=1
)
print("MaxPool expected 6x6, seen, reference", reference.shape[2:], "runtime", ort.shape[2:])
assert ort.shape[2:] == (6, 6)
assert reference.shape[2:] != (6, 6), "the behaviour has changed: MaxPool is right"
PY
