"""Keys that sign exported files, by the package model-signing (the extra sign).

A signature is a Sigstore bundle around one statement: the names of all signed files and the SHA-256
of each. https://github.com/sigstore/model-transparency describes the statement, and
https://github.com/secure-systems-lab/dsse how it is signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from striate.errors import SettingError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )
    from cryptography.x509 import Certificate

CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")  # that model-signing takes
EXPECTED: Final = "expected an elliptic curve key of P-256, P-384 or P-521"
MAKE: Final = "openssl ecparam -name prime256v1 -genkey -noout -out key.pem makes one"
ENVIRONMENT: Final = "STRIATE_KEY_PASSWORD"  # holds the password of an encrypted key


@dataclass(frozen=True)
class SigningKey:
    """Who signs an export.

    Attributes:
        path: the private key, as PEM: an elliptic curve, P-256, P-384 or P-521.
        password: of an encrypted key.
        certificate: a PEM file with the certificate of the key and, behind it, those that it rests
            on, so that a signature says whose it is; None signs with the key alone.
    """

    path: Path
    password: str | None = field(default=None, repr=False)
    certificate: Path | None = None


@dataclass(frozen=True)
class Signer:
    """A key that was read and can sign.

    Attributes:
        name: whose it is, in words.
        sign: signs all files of a folder; takes the folder and where the signature is written.
    """

    name: str
    sign: Callable[[Path, Path], None] = field(repr=False)


@dataclass(frozen=True)
class Signature:
    """The signature of an export.

    Attributes:
        path: its file.
        signer: whose it is, in words.
        files: the names of the files that it covers.
        why: why it does not hold; "" where it does.
    """

    path: Path
    signer: str
    files: tuple[str, ...]
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is the signer's, and no file that it covers was changed since."""
        return not self.why

    def __str__(self) -> str:
        if self.why:
            return f"the signature does not hold: {self.why}"
        return f"signed by {self.signer}: {', '.join(self.files)}"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as `striate verify --signed-by KEY --json` prints it."""
        return {
            "file": str(self.path),
            "signer": self.signer,
            "files": list(self.files),
            "holds": self.holds,
            "why": self.why,
        }


def open_signer(key: SigningKey) -> Signer:
    """Read a key, and its certificate where there is one, to sign by.

    Raises:
        SettingError: the extra is not installed, or they cannot be read or cannot sign.
    """
    signing = import_model_signing()
    config, hashing = signing.signing.Config(), signing.hashing.Config()
    private = _read_private(key)
    if key.certificate is None:
        password = None if key.password is None else key.password.encode()  # its own type fails
        config.use_elliptic_key_signer(private_key=key.path, password=password)
        name = name_key(take_fingerprint(private.public_key()))
    else:
        if key.password is not None:
            raise SettingError(
                f"'{key.path}' is encrypted, and model-signing opens no encrypted key beside a "
                "certificate; sign by the key alone, or give one that is not encrypted"
            )
        certificate = _read_certificate(key.certificate, private)
        chain = [key.certificate]  # which it wants, and which may begin with the key's own
        config.use_certificate_signer(
            private_key=key.path, signing_certificate=key.certificate, certificate_chain=chain
        )
        name = name_owner(certificate)
    config.set_hashing_config(hashing.set_ignored_paths(paths=[], ignore_git_paths=False))
    return Signer(name, config.sign)


def is_encrypted(path: Path) -> bool:
    """Say whether a key is read by a password; one that cannot be read at all is none such."""
    try:
        return b"ENCRYPTED" in path.read_bytes()
    except OSError:
        return False


def read_public(path: Path) -> EllipticCurvePublicKey | list[Certificate]:
    """Read what a signature is compared with: a public key, or certificates that are trusted.

    Raises:
        SettingError: it cannot be read, or is neither.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = _read(path, "openssl ec -in key.pem -pubout -out key.pub makes the public key")
    if b"PRIVATE KEY" in content:
        raise SettingError(
            f"'{path}' is a private key; expected the public one: openssl ec -in '{path}' -pubout "
            "-out key.pub"
        )
    try:
        if b"BEGIN CERTIFICATE" in content:
            return x509.load_pem_x509_certificates(content)
        found = load_pem_public_key(content)
    except ValueError as error:
        raise SettingError(
            f"'{path}' is no public key and no certificate in PEM; {EXPECTED}"
        ) from error
    if isinstance(found, EllipticCurvePublicKey) and found.curve.name in CURVES:
        return found
    raise _is_another_kind(found, path)


def take_fingerprint(key: EllipticCurvePublicKey) -> str:
    """Return the SHA-256 of a public key's PEM file as OpenSSL writes it, in hexadecimal."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    written = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(written).hexdigest()


def name_key(digits: str) -> str:
    """Name a key by its fingerprint.

    >>> name_key("9d5aac96aace4b35f3b156df316d8852")
    'the key 9d5aac96aace4b35…'
    """
    return f"the key {digits[:16]}…"


def name_owner(certificate: Certificate) -> str:
    """Name the owner of a certificate, and say where its time is over."""
    owner, end = certificate.subject.rfc4514_string(), certificate.not_valid_after_utc
    over = f" (its certificate ended on {end:%Y-%m-%d})" if end < datetime.now(UTC) else ""
    return f"{owner}{over}"


def import_model_signing() -> Any:
    """Import the package that signs and verifies.

    Raises:
        SettingError: it is not installed.
    """
    try:
        import model_signing
    except ImportError as error:
        raise SettingError(
            f"signatures need the extra: pip install 'striate[sign]' ({error})"
        ) from error
    return model_signing


def _read_private(key: SigningKey) -> EllipticCurvePrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _read(key.path, MAKE)
    encrypted = b"ENCRYPTED" in content
    if encrypted and not key.password:
        raise SettingError(
            f"the key '{key.path}' is encrypted; its password is asked for in a terminal, or taken "
            f"from {ENVIRONMENT} of the environment (in Python from SigningKey(..., password=...))"
        )
    if key.password is not None and not encrypted:
        raise SettingError(f"the key '{key.path}' is not encrypted; leave the password out")
    try:
        found = load_pem_private_key(content, key.password.encode() if key.password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if encrypted:
            why = f"the password does not open the key '{key.path}', or it is damaged"
        else:
            why = f"'{key.path}' is no private key in PEM; {EXPECTED}: {MAKE}"
        raise SettingError(why) from error
    if isinstance(found, EllipticCurvePrivateKey) and found.curve.name in CURVES:
        return found
    raise _is_another_kind(found, key.path)


def _is_another_kind(key: object, path: Path) -> SettingError:
    curve = getattr(key, "curve", None)
    kind = "no elliptic curve key" if curve is None else f"of the curve {curve.name}"
    return SettingError(f"the key '{path}' is {kind}; {EXPECTED}")


def _read_certificate(path: Path, private: EllipticCurvePrivateKey) -> Certificate:
    """Return the certificate of a key, with which a signature can be verified afterwards."""
    from cryptography import x509

    content = _read(path, "expected the certificate of the key, and behind it those it rests on")
    try:
        found = x509.load_pem_x509_certificate(content)
    except ValueError as error:
        raise SettingError(f"'{path}' is no certificate in PEM ({error})") from error
    if found.public_key() != private.public_key():
        raise SettingError(f"the first certificate in '{path}' is that of another key")
    if not found.not_valid_before_utc <= datetime.now(UTC) <= found.not_valid_after_utc:
        raise SettingError(
            f"the certificate '{path}' is valid from {found.not_valid_before_utc:%Y-%m-%d} to "
            f"{found.not_valid_after_utc:%Y-%m-%d} and not today"
        )
    return found


def _read(path: Path, hint: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingError(f"'{path}' cannot be read: {error.strerror or error}; {hint}") from error
