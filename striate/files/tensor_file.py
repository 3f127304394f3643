"""Tensors into a safetensors file, one after the other, with no copy of them all in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64",
    "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL", "complex64": "C64",
}  # fmt: skip
"""What a safetensors file calls torch's kinds of numbers."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors as safetensors's own `save_file` does, which first copies all of them twice.

    A tensor on a device, or not in the plain order of its axes, is copied when its turn comes.

    Source: https://huggingface.co/docs/safetensors/index#format.

    Args:
        path: is written over.
        tensors: of any kinds of numbers in `NAMES`, by name.
        metadata: texts by name.

    Raises:
        OSError: the file cannot be written.
        TypeError: a tensor is of another kind.

    >>> import tempfile, torch
    >>> from safetensors.torch import load_file
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "tensors.safetensors"
    >>> write_tensors(path, {"turned": torch.tensor([[1, 2], [3, 4]]).T}, {})
    >>> load_file(path)["turned"].tolist()
    [[1, 3], [2, 4]]
    >>> folder.cleanup()
    """
    # what takes the most bytes a number goes first, so that each lies at a multiple of them
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for name, value in ordered:
        kind = str(value.dtype).removeprefix("torch.")
        if kind not in NAMES:
            raise TypeError(f"'{name}' holds {kind}, which a safetensors file has no name for")
        begin, end = end, end + value.numel() * value.element_size()
        shape = list(value.shape)
        header[name] = {"dtype": NAMES[kind], "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, value in ordered:
            file.write(_bytes_of(value))


def _bytes_of(value: Tensor) -> memoryview:
    """Return the numbers of a tensor as they lie in the file."""
    import torch

    plain = value.detach().cpu().contiguous().reshape(-1)
    values: memoryview = plain.view(torch.uint8).numpy().data
    return values
