#!/usr/bin/env bash
# Guess: what a classifier says of a picture does not depend on which other pictures are in its
# batch; quantisation costs accuracy, but the same for each.
# What happens: quantize_dynamic puts one DynamicQuantizeLinear before each layer, with one scale
# for the whole batch, taken from its largest number. Beside a picture with strong features, a
# faint one is left with a few of the 256 levels: its answer changes by a third and more, and with
# it sometimes the class. The float model does not do this.
# Who is hurt: servers that gather requests into batches, and whoever evaluates with batch size 64
# and serves with 1: answers cannot be reproduced, and the measured accuracy is not the served
# one.
# Workaround: run such a model with batches of one, or quantize_static, whose scales are fixed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$folder"
nice venv/bin/python - <<'PY'
import logging
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
rng = np.random.default_rng(0)
weights = numpy_helper.from_array(rng.normal(size=(16, 4)).astype(np.float32), "w")
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 16])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [x], [y], [weights])
onnx.save(
    helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
    "float.onnx",
)
quantize_dynamic("float.onnx", "dynamic.onnx")
faint = rng.normal(size=(1, 16)).astype(np.float32)
beside = np.concatenate([faint, 100 * rng.normal(size=(1, 16)).astype(np.float32)])
for name in ("float.onnx", "dynamic.onnx"):
    session = onnxruntime.InferenceSession(name)
    alone, together = (session.run(None, {"x": batch})[0][0] for batch in (faint, beside))
    apart = abs(alone - together).max() / abs(alone).max()
    print(f"{name}: expected the same, seen alone {alone.round(2)}, in a batch {together.round(2)}")
    if name == "float.onnx":
        assert apart < 1e-5
    else:
        assert apart > 0.1, "the behaviour has changed: the batch has no say"
PY
