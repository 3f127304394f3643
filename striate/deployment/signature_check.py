"""Whether the files of an export are those that somebody signed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from striate.deployment.signing import (
    Signature,
    import_model_signing,
    name_key,
    name_owner,
    read_public,
    take_fingerprint,
)
from striate.deployment.written_files import name_companions, name_signature
from striate.errors import ClassifierError, SettingError, join_words
from striate.files.sha256 import compute_sha256

ITSELF: Final = "."  # the name of a file that model-signing was given alone
ODD: Final = (ValueError, LookupError, TypeError, AttributeError)  # what reading odd JSON ends in


@dataclass(frozen=True)
class _Bundle:
    """What stands in a signature's file; true only if it was signed.

    Attributes:
        digests: the SHA-256 of each file that was signed, by name.
        key: the fingerprint of the key that it was made by; None of one made with a certificate.
        owner: whose certificate it was made with; None of one made by a key alone.
    """

    digests: Mapping[str, str]
    key: str | None
    owner: str | None


def check_signature(path: str | Path, signed_by: str | Path) -> Signature:
    """Compare an exported file, and what was written with it, with their signature.

    Whether it holds, model-signing says; here its answer is put into words, and files are added
    that its statement does not speak of.

    Args:
        path: of the exported file; the signature lies beside it, NAME.onnx.sig.
        signed_by: the public key in PEM, or the certificates in PEM that are trusted.

    Raises:
        ClassifierError: it has no signature.
        SettingError: the extra is not installed, or the key is none that it can be compared with.

    Example: ``check_signature("photos.onnx", "key.pub").holds``.
    """
    path, signed_by = Path(path), Path(signed_by)
    signing, place = import_model_signing(), name_signature(path)
    trusted = read_public(signed_by)
    try:
        bundle = _read_bundle(place.read_bytes())
    except OSError as error:
        raise ClassifierError(
            f"'{path}' has no signature: '{place}' cannot be read ({error.strerror or error}); "
            "`striate export --sign KEY` writes one beside NAME.onnx or the page, which covers all "
            "files of that export"
        ) from error
    except ODD:
        return Signature(place, "", (), f"'{place}' is no signature of model-signing, or damaged")
    names = tuple(path.name if name == ITSELF else name for name in bundle.digests)
    config = signing.verifying.Config().set_ignore_unsigned_files(True)
    config.set_hashing_config(signing.hashing.Config().set_allow_symlinks(True))
    if isinstance(trusted, list):
        if bundle.owner is None:
            raise SettingError(
                f"'{place}' was made without a certificate; give the signer's public key in place "
                f"of '{signed_by}'"
            )
        config.use_certificate_verifier(certificate_chain=[signed_by])
        signer = bundle.owner
    else:
        if bundle.key is None:
            raise SettingError(
                f"'{place}' was made with a certificate; give the certificates that you trust in "
                f"place of the key '{signed_by}'"
            )
        config.use_elliptic_key_verifier(public_key=signed_by)
        signer, given = name_key(bundle.key), take_fingerprint(trusted)
        if bundle.key != given:
            why = f"it was made by {signer}, and '{signed_by}' is {name_key(given)}"
            return Signature(place, signer, names, why)
    return Signature(place, signer, names, _verify(config, path, bundle.digests, place))


def _verify(config: Any, path: Path, digests: Mapping[str, str], place: Path) -> str:
    """Return why a signature does not hold; "" where it does."""
    from cryptography.exceptions import InvalidSignature
    from OpenSSL.crypto import X509StoreContextError

    for name in digests:
        if _leads_out(name):
            return f"it names a file outside of its folder: '{name}'"
    try:
        config.verify(path if set(digests) == {ITSELF} else path.parent, place)
    except InvalidSignature:
        return f"'{place.name}' itself was changed after it was signed"
    except X509StoreContextError as error:
        return f"the signer's certificate rests on none that was given ({error})"
    except (*ODD, OSError) as error:
        return _find_faults(path, digests) or str(error)
    return _find_faults(path, digests)


def _find_faults(path: Path, digests: Mapping[str, str]) -> str:
    """Say which files are not as they were signed; "" where all are."""
    if set(digests) == {ITSELF}:
        return "" if _is_same(path, digests[ITSELF]) else f"'{path.name}' was changed"
    if path.name not in digests and path.is_file():
        before = [name for name, digest in digests.items() if _is_same(path, digest)]
        if before:
            return f"'{path.name}' was signed as '{before[0]}'; give it that name again"
        return f"'{path.name}' is not among the files that were signed: {', '.join(digests)}"
    lacking = [name for name in digests if not (path.parent / name).is_file()]
    said = []
    if lacking:
        said.append(
            f"only a part of the export is here: of its {len(digests)} files "
            f"{join_words(map(repr, lacking))} {'is' if len(lacking) == 1 else 'are'} missing; "
            "copy all of them"
        )
    for name, digest in digests.items():
        if name not in lacking and not _is_same(path.parent / name, digest):
            said.append(f"'{name}' was changed")
    for beside in name_companions(path):
        if beside.exists() and beside.name not in digests:
            said.append(f"'{beside.name}' was added and is not signed")
    return "; ".join(said)


def _is_same(path: Path, digest: str) -> bool:
    return compute_sha256(path) == digest


def _read_bundle(content: bytes) -> _Bundle:
    from cryptography.x509 import load_der_x509_certificate

    bundle = json.loads(content)
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    resources = statement["predicate"]["resources"]
    digests = {str(each["name"]): str(each["digest"]) for each in resources}
    material = bundle["verificationMaterial"]
    if "publicKey" in material:
        return _Bundle(digests, str(material["publicKey"]["hint"]), None)
    first = material["x509CertificateChain"]["certificates"][0]["rawBytes"]
    return _Bundle(digests, None, name_owner(load_der_x509_certificate(base64.b64decode(first))))


def _leads_out(name: str) -> bool:
    """Say whether a name leads out of the folder that it is to be found in.

    >>> [_leads_out(name) for name in ("a.onnx", "b/a.onnx", "../a", "/etc/a", "C:a")]
    [False, False, True, True, True]
    """
    return bool(PureWindowsPath(name).anchor) or ".." in PureWindowsPath(name).parts
