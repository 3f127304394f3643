"""The file of a classifier: safetensors, with one JSON document in its metadata.

The layout is that of https://huggingface.co/docs/safetensors: eight bytes with the length of the
header, the header in JSON, the tensors. The header's ``__metadata__`` has one entry of ours,
"striate", a JSON document; any language can read it in five lines.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from striate import __version__
from striate.errors import ClassifierError

NAME = "classifier.safetensors"
KEY = "striate"
FORMAT = "striate-classifier"
FORMAT_VERSION = 1
SEEN = "data.seen_"
NEEDED: dict[str, tuple[type, ...]] = {
    "network": (str, type(None)),
    "classes": (list,),
    "preprocess": (dict,),
    "calibration": (dict,),
    "metrics": (dict,),
    "data": (dict,),
    "training": (dict,),
}


def write(
    path: Path,
    document: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
    seen: Mapping[str, np.ndarray],
) -> None:
    """Write a classifier's file, whole or not at all.

    Args:
        path: where; what stands there is replaced once the new file is complete.
        document: plain JSON values; format, versions and the weights' digest are added.
        tensors: the weights by name.
        seen: uint64 content hashes of used pictures by part; kept as int64 of the same bits.
    """
    everything = {name: value.contiguous().clone() for name, value in tensors.items()}
    for part, hashes in seen.items():
        everything[SEEN + part] = torch.from_numpy(np.sort(hashes).view(np.int64).copy())
    full = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **document,
        "digest": digest(everything),
        "made_with": {
            "striate": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file(everything, partial, metadata={KEY: json.dumps(full, allow_nan=False)})
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read(
    path: Path,
) -> tuple[dict[str, Any], dict[str, torch.Tensor], dict[str, np.ndarray]]:
    """Read a classifier's file: its document, its weights, the hashes of used pictures.

    Raises:
        ClassifierError: it is missing, damaged, not Striate's or of a newer format.
    """
    if not path.is_file():
        raise ClassifierError(
            f"there is no file '{path}'; expected a classifier that Striate saved, "
            "such as runs/digits/classifier.safetensors"
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ClassifierError(
            f"'{path}' is not a classifier's file, or it is cut off or damaged ({error}); "
            "copy it anew from where it was made, or train again"
        ) from error
    document = _checked(metadata, path)
    if document["digest"] != digest(tensors):
        raise ClassifierError(
            f"'{path}' is damaged: its weights are not the ones that were saved (the digest "
            "differs); copy it anew from where it was made, or train again"
        )
    seen = {
        name.removeprefix(SEEN): tensors.pop(name).numpy().view(np.uint64)
        for name in list(tensors)
        if name.startswith(SEEN)
    }
    return document, tensors, seen


def _checked(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    """Give the document of a file's metadata, or say in one line why it is none."""
    if KEY not in metadata:
        raise ClassifierError(
            f"'{path}' is a safetensors file, but not a classifier that Striate saved: its "
            f"metadata has no '{KEY}' entry"
        )
    try:
        document = json.loads(metadata[KEY])
    except json.JSONDecodeError as error:
        raise ClassifierError(f"the document inside '{path}' is damaged: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ClassifierError(f"the document inside '{path}' is not of the format '{FORMAT}'")
    newest = document.get("format_version")
    if not isinstance(newest, int) or newest > FORMAT_VERSION:
        maker = document.get("made_with", {}).get("striate", "a newer version")
        raise ClassifierError(
            f"'{path}' has format version {newest}, made with Striate {maker}; this Striate "
            f"({__version__}) reads up to version {FORMAT_VERSION}: "
            "pip install --upgrade striate"
        )
    for name, kinds in NEEDED.items():
        if not isinstance(document.get(name, ...), kinds):
            raise ClassifierError(f"the document inside '{path}' lacks '{name}', or it is damaged")
    return document


def digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """Give the SHA-256 of tensors, their names, kinds and shapes included, in hexadecimal.

    >>> one = digest({"a": torch.zeros(2), "b": torch.ones(1)})
    >>> one == digest({"b": torch.ones(1), "a": torch.zeros(2)})
    True
    >>> one == digest({"a": torch.zeros(2), "b": torch.zeros(1)})
    False
    """
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().data if tensor.numel() else b"")
    return total.hexdigest()
