"""Keys and certificates, made for tests that sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID


def make_key(
    place: Path, *, curve: ec.EllipticCurve | None = None, password: str | None = None
) -> ec.EllipticCurvePrivateKey:
    """Write NAME.pem and NAME.pub, as OpenSSL would."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    lock = NoEncryption() if password is None else BestAvailableEncryption(password.encode())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, lock)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    place.with_suffix(".pem").write_bytes(private)
    place.with_suffix(".pub").write_bytes(public)
    return key


def make_certificate(
    place: Path,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[str, ec.EllipticCurvePrivateKey],
    *,
    authority: bool = False,
    days: tuple[int, int] = (-9, 9),
) -> None:
    """Write NAME.crt: of a key, named after its file, valid from one day to another from now on."""
    now = datetime.now(UTC)
    usage = [not authority, False, False, False, False, authority, authority, False, False]
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(place.stem))
        .issuer_name(_name(issuer[0]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days[0]))
        .not_valid_after(now + timedelta(days[1]))
        .add_extension(x509.BasicConstraints(authority, None), True)
        .add_extension(x509.KeyUsage(*usage), True)
    )
    written = builder.sign(issuer[1], hashes.SHA256()).public_bytes(Encoding.PEM)
    place.with_suffix(".crt").write_bytes(written)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
