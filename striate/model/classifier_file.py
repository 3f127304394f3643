"""The file of a classifier: safetensors, with one JSON document in its metadata.

The layout is that of https://huggingface.co/docs/safetensors: eight bytes with the length of the
header, the header in JSON, the tensors. The header's ``__metadata__`` has one entry of ours,
"striate", a JSON document; any language can read it in five lines. Its "digest" covers everything
else in the document and all tensors, so that a single flipped bit anywhere is found.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from striate import __version__
from striate.architecture.aspects.onnx_graph import WRITTEN_BY_US
from striate.errors import ClassifierError
from striate.files.atomic_write import write_atomically
from striate.model.classifier_document import ClassifierDocument
from striate.model.json_value import Json, JsonObject

NAME = "classifier.safetensors"
KEY = "striate"
FORMAT = "striate-classifier"
FORMAT_VERSION = 3  # 1: without a reject rule; 2: whose distance looks at no activity
SEEN = "data.seen_"
DECISION = "calibration/"  # a slash, which names of modules have not
AGAIN = "copy it anew from where it was made, or train again"
WEIGHTS_ALONE = (".pth", ".pt", ".th", ".ckpt")  # of torch; .safetensors may be a classifier


def write(
    path: Path,
    document: JsonObject,
    tensors: Mapping[str, np.ndarray],
    seen: Mapping[str, np.ndarray],
) -> None:
    """Write a classifier's file, whole or not at all.

    Args:
        path: where; what stands there is replaced once the new file is complete.
        document: plain JSON values; format, versions and the digest are added.
        tensors: the weights by name.
        seen: uint64 content hashes of used images by part; kept as int64 of the same bits.

    Raises:
        ClassifierError: the disk or the folder does not take the file.
    """
    from importlib.metadata import version

    everything = {name: np.asarray(value, order="C") for name, value in tensors.items()}
    for part, hashes in seen.items():
        # 8 bytes an image; to split again by the seed would fail as soon as a file is added
        everything[SEEN + part] = np.sort(hashes).view(np.int64)
    full: dict[str, Json] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **document,
        "made_with": {
            "striate": __version__,
            "torch": version("torch"),  # which is not loaded for it
            "python": platform.python_version(),
        },
    }
    full = json.loads(json.dumps(full, allow_nan=False))  # as whoever reads it will have it
    full["digest"] = digest(full, everything)
    try:
        with write_atomically(path) as partial:
            partial.write_bytes(save(everything, metadata={KEY: json.dumps(full)}))
    except (SafetensorError, OSError, ValueError) as error:
        raise ClassifierError(
            f"the classifier cannot be written to '{path}': {_why(error)}; "
            "make room or choose another place"
        ) from error


def name_decision(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of a decision by the names they have beside the weights."""
    return {DECISION + name: value for name, value in tensors.items()}


def take_decision(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Take the arrays of a decision out of a file's tensors, by their own names.

    >>> held = {"calibration/means": np.zeros(2), "fc1.bias": np.ones(2)}
    >>> list(take_decision(held)), list(held)
    (['means'], ['fc1.bias'])
    """
    names = [name for name in tensors if name.startswith(DECISION)]
    return {name.removeprefix(DECISION): tensors.pop(name) for name in names}


def find_file(path: Path) -> Path:
    """Return the file of a classifier, given by its path or by the folder of its run.

    Where there is no ``NAME``, it means ``NAME.safetensors``, as in `striate import --out NAME`.

    Raises:
        ClassifierError: there is none, or it may not be read.
    """
    try:
        if path.name and not path.exists():
            ended = path.with_name(path.name + ".safetensors")
            path = ended if ended.is_file() else path
        file = path / NAME if path.is_dir() else path
        if not file.is_file():
            runs = sorted(each.parent for each in path.glob(f"*/{NAME}")) if path.is_dir() else []
            if runs:
                held = f"{len(runs)} runs; give one of them" if runs[1:] else "a run; give that"
                raise ClassifierError(f"'{path}' holds {held}, as {runs[0]}")
            lacking = f"no '{NAME}' in the folder" if path.is_dir() else "no file"
            raise ClassifierError(
                f"there is {lacking} '{path}'; expected a classifier that Striate saved, "
                "such as runs/digits/classifier.safetensors"
            )
        with file.open("rb"):
            return file
    except OSError as error:
        raise ClassifierError(
            f"'{path}' cannot be opened: {_why(error)}; see that it may be read"
        ) from error


def read(
    path: Path,
) -> tuple[ClassifierDocument, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Read a classifier's file: its document, its weights, the hashes of used images.

    Args:
        path: the file, or the folder of the run that made it.

    Raises:
        ClassifierError: it is missing, damaged, not Striate's or of a newer format.
    """
    path = find_file(path)
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, AttributeError, ValueError, TypeError) as error:
        # the last three: a kind of number that numpy, or this numpy, does not have
        with path.open("rb") as begun:
            exported = WRITTEN_BY_US in begun.read(16)
        if exported:
            raise ClassifierError(
                f"'{path}' is a file that `striate export` wrote, which predict, verify and "
                "`export --to page` take; the others take the classifier that it was made of"
            ) from error
        if path.suffix.lower() in WEIGHTS_ALONE:
            raise ClassifierError(
                f"'{path}' is no classifier: a {path.suffix} file holds weights, but not their "
                "network; name that as well, as NETWORK is in `striate train DATA --pretrained "
                "NETWORK --weights FILE` or `striate import NETWORK --weights FILE --classes FILE`"
            ) from error
        raise ClassifierError(
            f"'{path}' is not a classifier's file, or it is cut off or damaged ({_why(error)}); "
            + AGAIN
        ) from error
    values = _read_document(metadata, path)
    document = ClassifierDocument.from_json(values, str(path))
    if values["digest"] != digest(values, tensors):
        raise ClassifierError(
            f"'{path}' is damaged: it is not what was saved (the digest differs); {AGAIN}"
        )
    seen: dict[str, np.ndarray] = {}
    for name in [name for name in tensors if name.startswith(SEEN)]:
        hashes = tensors.pop(name)
        if hashes.dtype != np.int64 or hashes.ndim != 1:
            raise ClassifierError(
                f"'{path}' has '{name}' of {hashes.dtype} and {hashes.ndim} dimensions; expected "
                "a row of int64, the hashes of images"
            )
        seen[name.removeprefix(SEEN)] = hashes.view(np.uint64)
    return document, tensors, seen


def _read_document(metadata: Mapping[str, str], path: Path) -> dict[str, Json]:
    """Return the document of a file's metadata, or say in one line why it is none."""
    if KEY not in metadata:
        raise ClassifierError(
            f"'{path}' is a safetensors file, but not a classifier that Striate saved: its "
            f"metadata has no '{KEY}' entry"
        )
    try:
        document = json.loads(metadata[KEY], parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise ClassifierError(f"the document inside '{path}' is damaged: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ClassifierError(f"the document inside '{path}' is not of the format '{FORMAT}'")
    newest = document.get("format_version")
    if type(newest) is not int or not 1 <= newest <= FORMAT_VERSION:
        made_with = document.get("made_with")
        maker = made_with.get("striate") if isinstance(made_with, dict) else None
        raise ClassifierError(
            f"'{path}' has format version {newest}, made with Striate {maker or 'unknown'}; this "
            f"Striate ({__version__}) reads up to version {FORMAT_VERSION}: "
            "pip install --upgrade striate"
        )
    return document


def digest(document: JsonObject, tensors: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of all that a file holds, but for the digest itself, in hexadecimal.

    Taken of the document as JSON with sorted keys, without spaces and in ASCII; then, tensor by
    tensor in the order of their names, of a line with name, kind ("torch.float32") and shape,
    and of its bytes.

    Args:
        document: plain JSON values; a "digest" among them does not count.
        tensors: all that the file holds.

    >>> one = digest({"b": 1, "c": 2}, {"a": np.zeros(2)})
    >>> one == digest({"c": 2, "b": 1, "digest": one}, {"a": np.zeros(2)})
    True
    >>> one == digest({"b": 1, "c": 2}, {"a": np.ones(2)})
    False
    """
    # the document too: of single flipped bits in its JSON one in seven would go unseen
    counted = {name: value for name, value in document.items() if name != "digest"}
    total = hashlib.sha256(
        json.dumps(counted, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    )
    for name in sorted(tensors):
        tensor = np.asarray(tensors[name], order="C")
        # torch's name of the kind, though NumPy reads it: files written through torch open as well
        total.update(f"{name} torch.{tensor.dtype} {tensor.shape}\n".encode())
        total.update(tensor.reshape(-1).view(np.uint8).data)
    return total.hexdigest()


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _why(error: Exception) -> str:
    """Return the reason of an error in one line, without the name of the file."""
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
