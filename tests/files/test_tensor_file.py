"""Tensors in a safetensors file, read by the library of that name."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from striate.files.tensor_file import NAMES, write_tensors


def test_the_library_reads_every_kind_and_layout(tmp_path: Path) -> None:
    whole = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) % 2
    tensors = {f"as {name}": whole.to(getattr(torch, name)) for name in NAMES}
    tensors |= {
        "channels last": torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "a slice": whole[:, 1:, ::2],
        "one number": torch.tensor(3),
        "none": torch.zeros(0, 4),
        "with ümlaut": torch.ones(3, requires_grad=True),
    }
    path = tmp_path / "tensors.safetensors"
    write_tensors(path, tensors, {"state": '{"step": 1}'})
    found = load_file(path)
    assert set(found) == set(tensors)
    for name, value in tensors.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"state": '{"step": 1}'}


def test_a_kind_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="'z' holds complex128"):
        write_tensors(tmp_path / "a", {"z": torch.zeros(1, dtype=torch.complex128)}, {})
