#!/usr/bin/env bash
# Guess: ONNX Runtime converts a big-endian NumPy array, or refuses it as torch.from_numpy and
# pyarrow do. Its error for a wrong dtype (float64 for float32) suggests that it checks.
# What happens: it takes the bytes as they lie. 1.0 becomes 4.6e-41, 300 becomes 11265. Such
# arrays are common: IDX, FITS and NIfTI files, and every 16-bit TIFF that ImageJ has written,
# which Pillow opens as mode I;16B and numpy.asarray turns into dtype >u2.
# Who is hurt: users who feed microscope pictures or IDX files to an exported classifier. Nothing
# fails, the answers are nonsense.
# Workaround: array.astype(array.dtype.newbyteorder("=")) before session.run.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3 onnx==1.23.2 onnxruntime==1.32.0
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import onnxruntime
import PIL
import tifffile
from onnx import TensorProto, helper
from PIL import Image

print("onnxruntime", onnxruntime.__version__, "pillow", PIL.__version__, "numpy", np.__version__)


def identity(kind, shape):
    value = lambda name: helper.make_tensor_value_info(name, kind, shape)
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "g", [value("x")], [value("y")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return lambda x: session.run(None, {"x": x})[0]


floats = np.array([1, 2, 3], ">f4")
seen = identity(TensorProto.FLOAT, [3])(floats)
print("float32: expected", floats.tolist(), "or an error, seen", seen.tolist())
assert not np.array_equal(seen, floats), "the behaviour has changed"

tifffile.imwrite("cells.tif", np.array([[1, 300]], np.uint16), byteorder=">")
picture = np.asarray(Image.open("cells.tif"))
seen = identity(TensorProto.UINT16, [1, 2])(picture)
print(
    "16-bit TIFF:", picture.dtype, "expected", picture.tolist(), "or an error, seen", seen.tolist()
)
assert seen.tolist() == [[256, 11265]], "the behaviour has changed"
native = picture.astype(picture.dtype.newbyteorder("="))
assert np.array_equal(identity(TensorProto.UINT16, [1, 2])(native), picture), "the workaround fails"
PY
