"""striate import, as a shell calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from shell import striate
from torch import nn

from striate.model.loading import load

TEXT = "input 3x8x8 > conv 4 > relu > gap > flatten > fc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    theirs = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 2))
    torch.save(theirs.state_dict(), tmp_path / "a.pth")
    (tmp_path / "names.txt").write_text("ant\nbee\n")
    return tmp_path


GIVEN = (TEXT, "--weights", "a.pth", "--classes", "names.txt", "--out", "model")


def test_a_classifier_is_written_and_what_was_decided_is_said(folder: Path) -> None:
    said = striate("import", *GIVEN, cwd=folder)
    assert "4 tensors by their order" in said.stderr
    assert "values from 0 to 1" in said.stderr
    assert "model.safetensors: Classifier of 2 classes (ant, bee)" in said.stdout
    assert "striate evaluate model.safetensors IMAGES" in said.stderr
    assert load(folder / "model.safetensors").classes == ("ant", "bee")
    again = striate("import", *GIVEN, cwd=folder, code=2)
    assert "nothing is overwritten" in again.stderr


def test_everything_can_be_told(folder: Path) -> None:
    (folder / "map.csv").write_text("theirs,ours\n0,conv1\n1,fc1\n")
    said = striate(
        "import", *GIVEN, "--map", "map.csv", "--input", "3x16x16", "--fit", "crop",
        "--crop-ratio", "1.25", "--mean", "0.5", "--mean", "0.4,0.5,0.6", "--std", "0.2 0.2 0.2",
        "--json", cwd=folder,
    )  # fmt: skip
    values = json.loads(said.stdout)
    assert values["model"] == "model.safetensors"
    assert values["preprocess"]["crop_ratio"] == 1.25
    assert values["preprocess"]["mean"] == [0.4, 0.5, 0.6]
    assert values["weights"]["way"] == "by the map"
    assert values["weights"]["pairs"][0] == ["0.weight", "conv1.weight", [4, 3, 3, 3]]
    model = load(folder / "model.safetensors")
    assert model.preprocess.shape == (3, 16, 16)
    assert (values["parameters"], values["classes"]) == (122, 2)


def test_what_does_not_fit_is_a_table_and_one_line_and_writes_nothing(folder: Path) -> None:
    other = (TEXT.replace("conv 4", "conv 5"), *GIVEN[1:])
    said = striate("import", *other, cwd=folder, code=2)
    lines = said.stderr.splitlines()
    assert any(line.split()[:3] == ["0.weight", "4x3x3x3", "conv1.weight"] for line in lines)
    assert lines[-1].startswith(
        "striate: the weights do not fit the network: '0.weight' is 4x3x3x3"
    )
    assert not list(folder.glob("*.safetensors"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("conv 8 > gap", "--weights", "imagenet"), "'imagenet' stands for"),
        ((TEXT, "--weights", "none.pth"), "there is no file 'none.pth'"),
        ((TEXT, "--weights", "names.txt"), "is no file of weights"),
        ((TEXT, "--weights", "a.pth", "--classes", "none"), "'none' cannot be read"),
        ((TEXT, "--weights", "a.pth", "--mean", "half"), "--mean is 'half'"),
        ((TEXT, "--weights", "a.pth", "--mean", "0.5,0.5"), "expected 3 values each"),
        ((TEXT, "--weights", "a.pth", "--input", "16"), "--input is '16'"),
        ((TEXT, "--weights", "a.pth", "--fit", "stretch"), "fit 'stretch'"),
        ((TEXT, "--weights", "a.pth", "--map", "none.csv"), "the map 'none.csv' cannot be read"),
        (("conv 4 > rellu", "--weights", "a.pth"), "did you mean 'relu'"),
    ],
)
def test_a_mistake_is_one_clear_line(folder: Path, changed: tuple[str, ...], said: str) -> None:
    classes = () if "--classes" in changed else ("--classes", "names.txt")
    done = striate("import", *changed, *classes, "--out", "m", cwd=folder, code=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(folder.glob("*.safetensors"))


def test_classes_are_asked_for_with_what_does(folder: Path) -> None:
    done = striate("import", "resnet18", "--weights", "imagenet", "--out", "m", cwd=folder, code=2)
    assert "give --classes: a file with the name of each class" in done.stderr


def test_offline_without_the_file_says_where_it_lies(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(folder / "cache"))
    (folder / "thousand.txt").write_text("\n".join(map(str, range(1000))))
    done = striate(
        "import", "resnet18", "--weights", "imagenet", "--classes", "thousand.txt",
        "--offline", "--out", "m", cwd=folder, code=2,
    )  # fmt: skip
    assert "https://download.pytorch.org/models/resnet18-f37072fd.pth" in done.stderr
    assert "is not in the cache" in done.stderr
