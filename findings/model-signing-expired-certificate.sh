#!/usr/bin/env bash
# Guess: a signature made with a certificate whose time is over is refused, at signing or at
# verifying, since no time stamp says that it was made before.
# What happens: it verifies, whether the certificate ended years ago or begins in a month. Nothing in
# the signature says when it was made, and the verifier sets its clock to the day on which the
# certificate begins.
# Who is hurt: those who let certificates end because a key may have been stolen: whoever has the old
# key signs new models for ever.
# Workaround: compare not_valid_after of the first certificate of the bundle with today, or trust
# another root once a certificate is to count no more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check model-signing==1.1.1 pyopenssl==26.4.0 cryptography==50.0.2
cd "$folder"
nice venv/bin/python - <<'PY'
from datetime import UTC, datetime, timedelta
from pathlib import Path

import model_signing
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

print("model-signing", model_signing.__version__)
now = datetime.now(UTC)
root = ec.generate_private_key(ec.SECP256R1())


def certify(name, key, first, last, *, authority=False):
    usage = [not authority, False, False, False, False, authority, authority, False, False]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(first))
        .not_valid_after(now + timedelta(last))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.KeyUsage(*usage), critical=True)
        .sign(root, hashes.SHA256())
    )
    Path(f"{name}.crt").write_bytes(certificate.public_bytes(s.Encoding.PEM))


certify("root", root, -2000, 2000, authority=True)
Path("model").mkdir()
Path("model/weights.bin").write_bytes(b"weights of today")
seen = {}
for name, first, last in (("valid", -1, 9), ("ended", -800, -700), ("to come", 20, 30)):
    key = ec.generate_private_key(ec.SECP256R1())
    certify(name, key, first, last)
    Path("key.pem").write_bytes(
        key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    )
    model_signing.signing.Config().use_certificate_signer(
        private_key="key.pem",
        signing_certificate=f"{name}.crt",
        certificate_chain=["root.crt"],
    ).sign("model", "model.sig")
    verifier = model_signing.verifying.Config().use_certificate_verifier(
        certificate_chain=["root.crt"]
    )
    try:
        verifier.verify("model", "model.sig")
        seen[name] = True
    except Exception as error:
        seen[name] = str(error)
print("expected: the first of three holds; seen:", seen)
assert seen == {"valid": True, "ended": True, "to come": True}, "the behaviour has changed"
PY
