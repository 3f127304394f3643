#!/usr/bin/env bash
# Guess: a key that is encrypted signs once its password is given, by --password or by password=, which
# the library declares to be a str.
# What happens: no str is taken, right or wrong ("Cannot convert <class 'str'> instance to a buffer").
# So the command line signs by no encrypted key at all, and with a certificate there is no way either.
# Who is hurt: those who keep their signing key encrypted, and then leave it in the clear.
# Workaround: in Python password=b"...", against the type that is declared.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check model-signing==1.1.1 pyopenssl==26.4.0 cryptography==50.0.2
cd "$folder"
nice venv/bin/python - <<'PY'
import subprocess
import sys
from pathlib import Path

import model_signing
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec

print("model-signing", model_signing.__version__)
key = ec.generate_private_key(ec.SECP256R1())
lock = s.BestAvailableEncryption(b"secret")
Path("key.pem").write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, lock))
Path("weights.bin").write_bytes(b"weights")
command = ["sign", "key", "weights.bin", "--private_key", "key.pem", "--password", "secret"]
done = subprocess.run(
    [sys.executable, "-m", "model_signing", *command], capture_output=True, text=True
)
print("expected: Signing succeeded; seen:", (done.stdout + done.stderr).strip())


def signs(password):
    try:
        model_signing.signing.Config().use_elliptic_key_signer(
            private_key="key.pem", password=password
        ).sign("weights.bin", "weights.sig")
    except TypeError:
        return False
    return True


print("in Python: as str", signs("secret"), "as bytes", signs(b"secret"))
assert done.returncode == 1, "the behaviour has changed: the command line opens encrypted keys"
assert not signs("secret"), "the behaviour has changed: a str is taken"
assert signs(b"secret"), "the workaround no longer works"
PY
