"""Reading and writing are tested with the classifier; here is what only the file knows."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from striate import classifier_file
from striate.errors import ClassifierError


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{", "damaged"),
        ("[]", "not of the format"),
        ('{"format": "other"}', "not of the format"),
        ('{"format": "striate-classifier"}', "format version None"),
        ('{"format": "striate-classifier", "format_version": 1}', "lacks 'network'"),
    ],
)
def test_a_document_that_is_none_is_one_clear_line(tmp_path: Path, entry: str, said: str) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"striate": entry})
    with pytest.raises(ClassifierError, match=said) as caught:
        classifier_file.read(path)
    assert "\n" not in str(caught.value)


def test_the_digest_sees_names_kinds_shapes_and_values() -> None:
    one = {"a": torch.arange(6.0)}
    others = [
        {"b": torch.arange(6.0)},
        {"a": torch.arange(6.0).reshape(2, 3)},
        {"a": torch.arange(6).int()},
        {"a": torch.arange(6.0).flip(0)},
        {},
    ]
    digests = {classifier_file.digest(tensors) for tensors in [one, *others]}
    assert len(digests) == 6


def test_empty_and_single_tensors_have_a_digest() -> None:
    classifier_file.digest({"a": torch.zeros(0), "b": torch.tensor(3), "c": torch.tensor(2.5)})


def test_a_document_that_json_cannot_hold_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(ValueError, match="JSON"):
        classifier_file.write(path, {"metrics": {"accuracy": float("nan")}}, {}, {})
    assert list(tmp_path.iterdir()) == []
