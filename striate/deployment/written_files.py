"""The files that an export writes: what they are called, and that all are written or none."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from striate.deployment.example_programs import ENDINGS
from striate.deployment.signing import Signature, Signer
from striate.errors import ClassifierError, SettingError
from striate.files.atomic_write import write_atomically


def name_batch(path: Path) -> Path:
    """Name the form of an exported file that takes batches.

    >>> name_batch(Path("cats.onnx")).name
    'cats.batch.onnx'
    """
    return path.with_name(path.stem + ".batch.onnx")


def name_companions(path: Path) -> list[Path]:
    """Name whatever an export may write beside a file.

    >>> [each.name for each in name_companions(Path("cats.onnx"))]
    ['cats.batch.onnx', 'cats.py', 'cats.mjs']
    >>> name_companions(Path("cats.html"))
    []
    """
    if path.suffix != ".onnx":
        return []
    return [name_batch(path), *(path.with_suffix(ending) for ending in ENDINGS)]


def name_signature(path: Path) -> Path:
    """Name the signature of an export after its file.

    >>> name_signature(Path("cats.onnx")).name
    'cats.onnx.sig'
    """
    return path.with_name(path.name + ".sig")


def refuse_existing(*paths: Path) -> None:
    """Refuse to replace a file.

    Raises:
        SettingError: one of the paths is there.
    """
    for path in paths:
        if path.exists():
            raise SettingError(
                f"'{path}' exists already; give another name, or replace it by --force (in Python "
                "force=True of the settings)"
            )


def write_files(contents: Mapping[Path, bytes], signer: Signer | None = None) -> Signature | None:
    """Write the files of an export and their signature into one folder: all of them, or none.

    They are complete and signed in a hidden folder beside their place before the first is moved
    there. The signature of an earlier export is deleted where this one is not signed.

    Args:
        contents: of each file; the first is the one that the signature is named after.
        signer: signs them; None leaves them unsigned.

    Returns:
        The signature; None where there is none.

    Raises:
        ClassifierError: they cannot be written.
    """
    first = next(iter(contents))
    signature = name_signature(first)
    try:
        first.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".striate-", dir=first.parent) as hidden:
            folder = Path(hidden) / first.stem  # a signature tells the name of the folder, too
            for path, content in contents.items():
                with write_atomically(folder / path.name) as partial:
                    partial.write_bytes(content)
            places = {folder / path.name: path for path in contents}
            if signer is not None:
                with write_atomically(Path(hidden) / signature.name) as partial:
                    signer.sign(folder, partial)
                places[Path(hidden) / signature.name] = signature
            _move(places)
        if signer is not None:
            return Signature(signature, signer.name, tuple(path.name for path in contents))
        signature.unlink(missing_ok=True)
    except OSError as error:
        raise ClassifierError(
            f"'{first}' cannot be written: {error.strerror or error}; make room or choose another "
            "place"
        ) from error
    return None


def _move(places: Mapping[Path, Path]) -> None:
    """Move each file to its place; where one cannot be, those that were new are taken back."""
    new = []
    for place in places.values():
        if place.is_dir():
            raise OSError(errno.EISDIR, "a folder has that name", str(place))
    try:
        for path, place in places.items():
            if not place.exists():
                new.append(place)
            path.replace(place)
    except BaseException:
        for place in new:
            place.unlink(missing_ok=True)
        raise
