#!/usr/bin/env bash
# Guess: a signature of big.onnx covers the model, so that a changed weight is found.
# What happens: a file is signed as its bytes. Where the weights lie in a file of their own, as they
# must above 2 GB and as torch's exporter lays them, a changed weight leaves the signature valid, and
# ONNX Runtime answers otherwise.
# Who is hurt: those who sign or verify "the model" by the path that their runtime is given.
# Workaround: sign the folder, and verify it without --ignore_unsigned_files; or keep the weights in
# the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check model-signing==1.1.1 pyopenssl==26.4.0 cryptography==50.0.2 numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$folder"
nice venv/bin/python - <<'PY'
from pathlib import Path

import model_signing
import numpy as np
import onnx
import onnxruntime
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
from onnx import TensorProto, helper, numpy_helper

key = ec.generate_private_key(ec.SECP256R1())
Path("key.pem").write_bytes(
    key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
)
Path("key.pub").write_bytes(
    key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
)
print("model-signing", model_signing.__version__, "onnxruntime", onnxruntime.__version__)
weight = numpy_helper.from_array(np.full((2, 2), 3, np.float32), "w")
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["y"])],
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
    [weight],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
Path("m").mkdir()
onnx.save(model, "m/big.onnx", save_as_external_data=True, location="big.data", size_threshold=0)


def answer():
    session = onnxruntime.InferenceSession("m/big.onnx", providers=["CPUExecutionProvider"])
    return float(session.run(None, {"x": np.ones((1, 2), np.float32)})[0][0, 0])


def holds(path, signature):
    try:
        config = model_signing.verifying.Config().use_elliptic_key_verifier(public_key="key.pub")
        config.verify(Path(path), Path(signature))
    except ValueError:
        return False
    return True


signer = model_signing.signing.Config().use_elliptic_key_signer(private_key="key.pem")
signer.sign("m/big.onnx", "file.sig")
signer.sign("m", "folder.sig")
before = answer()
np.full((2, 2), -5, np.float32).tofile("m/big.data")
after = answer()
print(f"the answer was {before} and is {after}")
print("expected: the signature of big.onnx does not hold any more")
print("seen: of big.onnx", holds("m/big.onnx", "file.sig"), "of the folder", holds("m", "folder.sig"))
assert (before, after) == (6.0, -10.0)
assert holds("m/big.onnx", "file.sig"), "the behaviour has changed: external data are covered"
assert not holds("m", "folder.sig"), "the workaround no longer works"
PY
