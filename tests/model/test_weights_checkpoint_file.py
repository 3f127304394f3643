"""What is in a file of weights is read without running it; what is no such file says so."""

from __future__ import annotations

import argparse
import functools
import json
import random
import types
import zipfile
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import WeightsError
from striate.events import Event, Note
from striate.model.classifier import Classifier
from striate.model.weights import read

STATE = {"conv.weight": torch.arange(4.0).reshape(1, 1, 2, 2), "conv.bias": torch.ones(1)}


def saved(value: object, path: Path, *, legacy: bool = False) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=not legacy)
    return path


def told(path: Path) -> tuple[dict[str, Tensor], list[str]]:
    events: list[Event] = []
    found = read(path, callback=events.append)
    return found, [event.text for event in events if isinstance(event, Note)]


def same(found: dict[str, Tensor], expected: dict[str, Tensor] = STATE) -> bool:
    return list(found) == list(expected) and all(
        torch.equal(found[name], expected[name]) for name in expected
    )


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("ending", [".pth", ".pt", ".th", ".bin"])
def test_a_state_dict_is_read_in_both_of_torch_s_formats(
    tmp_path: Path, legacy: bool, ending: str
) -> None:
    found, notes = told(saved(OrderedDict(STATE), tmp_path / f"a{ending}", legacy=legacy))
    assert same(found)
    assert notes == []


def test_safetensors_are_read_whatever_the_file_is_called(tmp_path: Path) -> None:
    for name in ("a.safetensors", "a.pth"):
        save_file(STATE, tmp_path / name)
        assert same(dict(sorted(read(tmp_path / name).items(), reverse=True)))


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict", "net", "anything"])
def test_weights_are_taken_out_of_a_checkpoint_and_that_is_told(tmp_path: Path, key: str) -> None:
    checkpoint = {"epoch": 3, "best": torch.tensor(0.5), key: STATE, "optimizer": {"state": {}}}
    if key == "anything":
        del checkpoint["best"]
    found, notes = told(saved(checkpoint, tmp_path / "a.pth"))
    assert same(found)
    assert f"the weights were taken from '{key}' of the file" in notes[0]


def test_weights_nested_twice_are_found(tmp_path: Path) -> None:
    assert same(read(saved({"model": {"state_dict": STATE}, "step": 1}, tmp_path / "a.pth")))


def test_a_second_set_of_weights_beside_them_is_told(tmp_path: Path) -> None:
    _, notes = told(saved({"state_dict": STATE, "ema": STATE}, tmp_path / "a.pth"))
    assert "it also holds 'ema', which were not taken" in notes[0]


def test_what_is_no_tensor_is_left_out_and_told(tmp_path: Path) -> None:
    found, notes = told(saved({**STATE, "epoch": 3}, tmp_path / "a.pth"))
    assert same(found)
    assert notes == ["'epoch' in the file are no tensors and were left out"]


@pytest.mark.parametrize("front", ["module.", "_orig_mod.", "_orig_mod.module."])
def test_what_wrappers_put_before_the_names_is_taken_off_and_told(
    tmp_path: Path, front: str
) -> None:
    wrapped = {front + name: value for name, value in STATE.items()}
    found, notes = told(saved({"state_dict": wrapped}, tmp_path / "a.pth"))
    assert same(found)
    verb = "were" if front.count(".") > 1 else "was"
    assert f" {verb} taken out of 2 of 2 names" in notes[1]


def test_wrappers_within_a_name_are_taken_out_unless_names_would_become_one(
    tmp_path: Path,
) -> None:
    within = {"features.module.0.weight": torch.ones(2), "fc.weight": torch.ones(1)}
    assert list(read(saved(within, tmp_path / "a.pth"))) == ["features.0.weight", "fc.weight"]
    clash = {"module.a.weight": torch.ones(2), "a.weight": torch.ones(2)}
    assert list(read(saved(clash, tmp_path / "b.pth"))) == list(clash)


def test_parameters_are_read_as_plain_tensors(tmp_path: Path) -> None:
    parameters = dict(nn.Linear(3, 2).named_parameters())
    found = read(saved(parameters, tmp_path / "a.pth"))
    assert [type(value) for value in found.values()] == [Tensor, Tensor]
    assert not any(value.requires_grad for value in found.values())


class Trap:
    """Unpickled in the ordinary way, it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.path, "sprung")


class Own:
    """A class of the program that saved the file."""


@pytest.mark.parametrize("legacy", [False, True])
def test_harmless_extras_are_left_out_and_named(tmp_path: Path, legacy: bool) -> None:
    state = {"fc.weight": torch.arange(6.0).view(2, 3), "fc.bias": torch.ones(2)}
    history = defaultdict(list, {"loss": [np.float32(1.5), np.float64(2.5)]})
    checkpoint = {
        "model": state,
        "args": argparse.Namespace(lr=0.1, out=Path("runs"), when=datetime.now(UTC)),
        "best": np.float64(0.9),
        "names": np.array(["a", "b"]),
        "path": Path("a") / "b",
        "history": history,
        "counts": Counter("abca"),
        "seen": {1, 2},
        "config": types.SimpleNamespace(width=3, steps=frozenset([1])),
        "rest": deque([1, 2], maxlen=4),
        "price": Decimal("1.5"),
    }
    events: list[Event] = []
    found = read(saved(checkpoint, tmp_path / "a.pth", legacy=legacy), callback=events.append)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], value) for name, value in state.items())
    assert "taken from 'model'" in str(events[0])
    flat = {**state, "args": argparse.Namespace(lr=0.1), "best": np.float64(1), "log": history}
    events.clear()
    assert read(saved(flat, tmp_path / "b.pth", legacy=legacy), callback=events.append).keys() == (
        state.keys()
    )
    assert "'args', 'best', 'log' in the file are no tensors" in str(events[0])


@pytest.mark.parametrize("legacy", [False, True])
def test_every_extra_that_is_not_harmless_is_named(tmp_path: Path, legacy: bool) -> None:
    checkpoint = {
        "model": {"weight": torch.ones(1)},
        "own": Own(),
        "half": functools.partial(print),
    }
    path = saved(checkpoint, tmp_path / "a.pth", legacy=legacy)
    with pytest.raises(WeightsError, match="holds more than weights") as refused:
        read(path)
    assert f"(builtins.print, functools.partial, {Own.__module__}.Own)" in str(refused.value)


@pytest.mark.parametrize("legacy", [False, True])
def test_nothing_in_a_file_is_ever_run(tmp_path: Path, legacy: bool) -> None:
    trap = tmp_path / "sprung"
    path = saved({"weight": torch.ones(1), "x": Trap(trap)}, tmp_path / "a.pth", legacy=legacy)
    with pytest.raises(WeightsError, match="holds more than weights"):
        read(path)
    assert not trap.exists()


@pytest.mark.parametrize("legacy", [False, True])
def test_a_whole_module_is_refused_with_what_to_save_instead(tmp_path: Path, legacy: bool) -> None:
    path = saved(nn.Linear(2, 2), tmp_path / "a.pth", legacy=legacy)
    with pytest.raises(WeightsError, match=r"torch.nn.modules.linear.Linear.*state_dict\(\)") as e:
        read(path)
    assert "\n" not in str(e.value)


def scripted(path: Path) -> Path:
    """A TorchScript archive as torch.jit.save lays it out."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a/data.pkl", "a/constants.pkl", "a/code/__torch__.py"):
            archive.writestr(name, b"\x80\x02}.")
    return path


def other_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", b"")
    return path


def of_bytes(start: bytes) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(start)
        return path

    return write


def cut(legacy: bool, share: float) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        saved({"a": torch.zeros(5000)}, path, legacy=legacy)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])
        return path

    return write


def safe_cut(path: Path) -> Path:
    save_file({"a": torch.zeros(5000)}, path)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def classifier(path: Path) -> Path:
    text = "input 1x8x8 classes=2 > gap > flatten > fc"
    grey = Preprocess(1, 8, 8)
    return Classifier(build(text), text, ("a", "b"), grey).save(path.with_suffix(".safetensors"))


HTML = b"<!DOCTYPE html><html><title>404</title>"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 100\n"
ODD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda path: path, "there is no file"),
    "folder": (lambda path: path.parent, "is a folder"),
    "empty": (of_bytes(b""), "is empty"),
    "page": (of_bytes(HTML), "is a web page"),
    "xml": (of_bytes(b'\n<?xml version="1.0"?><Error>'), "is a web page"),
    "lfs": (of_bytes(LFS), "git lfs pull"),
    "keras": (of_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64)), "HDF5"),
    "gzip": (of_bytes(b"\x1f\x8b\x08" + bytes(64)), "gzip"),
    "text": (of_bytes(b"hello, these are the weights"), "is no file of weights"),
    "image": (of_bytes(b"\x89PNG\r\n\x1a\n"), "is an image"),
    "script": (scripted, "TorchScript"),
    "zip": (other_zip, "Keras"),
    "cut zip": (cut(False, 0.9), "cut off or damaged"),
    "cut legacy": (cut(True, 0.9), "cut off or damaged"),
    "cut legacy early": (cut(True, 0.005), "cut off or damaged"),
    "cut safetensors": (safe_cut, "cut off or damaged"),
    "safetensors head": (of_bytes((10**6).to_bytes(8, "little") + b"{"), "cut off"),
    "a tensor": (lambda path: saved(torch.ones(2), path), "holds a Tensor"),
    "a list": (lambda path: saved([torch.ones(2)], path), "holds a list"),
    "no tensors": (lambda path: saved({"epoch": 3}, path), "no tensors"),
    "two sets": (lambda path: saved({"g": STATE, "d": STATE}, path), "several sets of tensors"),
    "ours": (classifier, "a whole classifier that Striate saved"),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_weights_says_in_one_line_what_it_is(tmp_path: Path, kind: str) -> None:
    make, said = ODD[kind]
    path = make(tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match=said) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


@pytest.mark.parametrize("legacy", [False, True])
def test_damage_anywhere_is_one_clear_line_or_changes_numbers_alone(
    tmp_path: Path, legacy: bool
) -> None:
    whole = saved({"state_dict": STATE, "epoch": 1}, tmp_path / "a", legacy=legacy).read_bytes()
    rng = random.Random(0)
    path = tmp_path / "b.pth"
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 1, 4])):
            damaged[rng.randrange(len(whole))] = rng.randrange(256)
        path.write_bytes(damaged)
        try:
            found = read(path)
        except WeightsError as error:
            assert "\n" not in str(error)
        else:
            assert all(isinstance(value, Tensor) for value in found.values())


def test_weights_saved_on_a_graphics_card_come_to_the_processor(
    shared: Callable[[str], Path],
) -> None:
    found = read(shared("weights/lenet_mnist_model.pth"))
    assert {value.device.type for value in found.values()} == {"cpu"}
    assert tuple(found["fc1.weight"].shape) == (50, 320)


def test_a_checkpoint_of_elsewhere_is_unwrapped(shared: Callable[[str], Path]) -> None:
    found, notes = told(shared("weights/resnet20-12fca82f.th"))
    assert len(found) == 97
    assert next(iter(found)) == "conv1.weight"
    assert notes == [
        "the weights were taken from 'state_dict' of the file",
        "'module.' was taken out of 97 of 97 names",
    ]


def test_a_name_may_hold_anything_json_can(tmp_path: Path) -> None:
    name = json.loads('"a\\u0000b.\\ud83d\\ude00.weight"')
    assert list(read(saved({name: torch.ones(1)}, tmp_path / "a.pth"))) == [name]


@pytest.mark.parametrize("first", [0x80, 0x50])
def test_a_safetensors_file_is_known_whatever_its_length_begins_with(
    first: int, tmp_path: Path
) -> None:
    """A length of the header that ends in 0x80 looks like the beginning of a pickle."""
    path = tmp_path / "model.safetensors"
    for filling in range(0, 600, 8):
        save_file({"a": torch.ones(2)}, path, metadata={"x": "." * filling})
        if path.read_bytes()[0] == first:
            break
    assert path.read_bytes()[0] == first
    assert torch.equal(read(path)["a"], torch.ones(2))
