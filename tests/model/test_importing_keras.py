"""Models of Keras answer as they do in Keras; what cannot be taken over is refused by name."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_keras import logits, softmax

from striate.errors import SettingError, StriateError, WeightsError
from striate.model.importing import import_with_fit, is_model_file
from striate.model.importing.keras import open_keras, read_network

h5py = pytest.importorskip("h5py", reason="reading Keras's files needs the keras extra")
SCRIPT = Path(__file__).parents[1] / "keras_models.py"
NAMES = ("nested", "many", "windows", "one_output")


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that Keras has made, each with what it answers."""
    return made_by_keras(tmp_path_factory.mktemp("keras"))


def made_by_keras(folder: Path, *which: str) -> Path:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("needs Keras, an oracle of the tests: pip install '.[test]'")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), *which],
        env={**os.environ, "KERAS_BACKEND": "torch", "KERAS_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", NAMES)
def test_a_model_answers_as_in_keras(saved: Path, name: str, ending: str) -> None:
    found = read_network(open_keras(saved / f"{name}.{ending}"))
    x, expected = (np.load(saved / f"{name}.{each}.npy") for each in "xy")
    answers = softmax(logits(found, x))
    if expected.shape[1] == 1:  # the probability of the second class
        expected = np.concatenate([1 - expected, expected], 1)
    assert np.abs(answers - expected).max() < 1e-5
    assert expected.std(0).max() > 1e-3  # the images are told apart, so this says something


def test_arithmetic_and_layers_used_twice_answer_as_in_keras(saved: Path) -> None:
    for ending in ("keras", "h5"):
        found = read_network(open_keras(saved / f"arithmetic.{ending}"))
        x, expected = (np.load(saved / f"arithmetic.{each}.npy") for each in "xy")
        answers = logits(found, x)
        assert (answers[:, 0] == 0).all()  # of the first of two classes
        assert np.abs(answers[:, 1:] - expected).max() < 1e-6 * np.abs(expected).max()
        assert expected.std(0).max() > 1e-5
    text = str(found.network)
    assert "hardswish" in text
    assert "droppath 0.2" in text
    assert any("'conv2d" in note and "a copy of its weights" in note for note in found.notes)
    assert any("the logit of the second of two classes" in note for note in found.notes)


def test_a_logarithm_at_the_end_and_a_named_output_change_nothing(saved: Path) -> None:
    found = read_network(open_keras(saved / "logarithm.keras"))
    x, expected = (np.load(saved / f"logarithm.{each}.npy") for each in "xy")
    assert np.abs(softmax(logits(found, x)) - np.exp(expected)).max() < 1e-6
    assert any("the logarithm of a softmax" in note for note in found.notes)


def test_the_geometry_is_keras_s(saved: Path) -> None:
    text = str(read_network(open_keras(saved / "nested.keras")).network)
    assert "conv 3x3 6 stride=2 pad=end > bn eps=0.01 > relu6" in text
    text = str(read_network(open_keras(saved / "windows.h5")).network)
    assert "conv 4x3 8 stride=2x1 pad=2:0:1:3 bias=no" in text
    assert "maxpool 3 stride=2 pad=1" in text


def test_a_whole_model_becomes_a_classifier(saved: Path, tmp_path: Path) -> None:
    model = import_with_fit(saved / "nested.h5", classes=["a", "b", "c"])
    assert model.classifier.preprocess.mean == (0.5, 0.5, 0.5)
    assert model.classifier.preprocess.fit == "squash"
    assert any("the first layers of the model scale them" in note for note in model.notes)
    pixels = np.load(saved / "nested.x.npy").transpose(0, 3, 1, 2).astype(np.uint8)
    answers = model.classifier.probabilities(pixels)
    assert np.abs(answers - np.load(saved / "nested.y.npy")).max() < 1e-5
    with pytest.raises(SettingError, match="has 2 names"):
        import_with_fit(saved / "nested.h5", classes=["a", "b"])
    with pytest.raises(SettingError, match="has its own weights"):
        import_with_fit(saved / "nested.h5", "other.pth", classes=["a", "b", "c"])


def test_weights_alone_are_no_model(saved: Path) -> None:
    with pytest.raises(WeightsError, match=r"holds weights alone .*striate import NETWORK"):
        read_network(open_keras(saved / "many.weights.h5"))


def test_weights_alone_fill_a_text_of_ones_own(saved: Path) -> None:
    text = "input 3x9x9 > [conv 3 > tanh]*12 > flatten > fc"
    model = import_with_fit(text, saved / "many.weights.h5", classes=["a", "b"]).classifier
    x, expected = (np.load(saved / f"many.{each}.npy") for each in "xy")
    pixels = x.transpose(0, 3, 1, 2).astype(np.uint8)  # divided by 255, as the model did itself
    assert np.abs(model.probabilities(pixels) - expected).max() < 1e-5


def test_how_other_networks_pad_is_not_known(saved: Path) -> None:
    with pytest.raises(WeightsError, match=r"do not say how 'googlenet' pads, .*mobilenet_v2"):
        import_with_fit("googlenet", saved / "many.weights.h5", classes=["a", "b"])


@pytest.mark.slow
def test_weights_alone_of_known_networks_answer_as_in_keras(tmp_path: Path) -> None:
    folder = made_by_keras(tmp_path, "applications")
    for name in ("mobilenet_v2", "densenet121", "resnet50"):
        with (
            h5py.File(folder / f"{name}.h5") as whole,
            h5py.File(folder / f"{name}.older.h5", "w") as older,
        ):
            for part in whole["model_weights"]:
                whole.copy(f"model_weights/{part}", older, part)
            older.attrs.update(whole["model_weights"].attrs)
        x, expected = (np.load(folder / f"{name}.{each}.npy") for each in "xy")
        values = x.transpose(0, 3, 1, 2)
        for ending in ("weights.h5", "older.h5"):
            model = import_with_fit(
                name,
                folder / f"{name}.{ending}",
                classes=list("abcd"),
                preprocess={"channels": 3, "height": 32, "width": 32},
            ).classifier
            blue_first = values[:, ::-1] if name == "resnet50" else values
            with torch.no_grad():
                said = model.module(torch.from_numpy(blue_first.copy())).numpy()
            assert np.abs(said - expected).max() < 1e-5 * np.abs(expected).max(), (name, ending)


@pytest.mark.slow
def test_whole_models_of_applications_answer_as_in_keras(tmp_path: Path) -> None:
    folder = made_by_keras(tmp_path, "applications")
    for name in ("resnet50v2", "convnext", "small", "large"):
        found = read_network(open_keras(folder / f"{name}.keras"))
        x, expected = (np.load(folder / f"{name}.{each}.npy") for each in "xy")
        assert np.abs(logits(found, x) - expected).max() < 1e-5 * np.abs(expected).max(), name


def test_groups_without_names_are_counted_by_class(saved: Path, tmp_path: Path) -> None:
    """Older .keras files do not say whose weights a group holds."""
    source, target = saved / "many.keras", tmp_path / "older.keras"
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as out:
        (tmp_path / "w.h5").write_bytes(archive.read("model.weights.h5"))
        with h5py.File(tmp_path / "w.h5", "r+") as file:
            groups = list(file["layers"])
            for group in groups:
                file[f"layers/{group}/vars"].attrs.pop("name", None)
        out.write(tmp_path / "w.h5", "model.weights.h5")
        out.writestr("config.json", archive.read("config.json"))
    assert groups.index("conv2d_10") < groups.index("conv2d_2")
    found = read_network(open_keras(target))
    x, expected = (np.load(saved / f"many.{each}.npy") for each in "xy")
    assert np.abs(softmax(logits(found, x)) - expected).max() < 1e-5


def test_configurations_that_make_no_sense_are_told_in_one_line(
    saved: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(saved / "nested.keras") as archive:
        config = json.loads(archive.read("config.json"))
        weights = archive.read("model.weights.h5")
    numbers = np.random.default_rng(2)
    for number in range(150):
        spoiled = json.loads(json.dumps(config))
        holder: Any = spoiled
        name: Any = "config"
        for _ in range(int(numbers.integers(1, 9))):
            inner = holder[name]
            if not isinstance(inner, dict | list) or not inner:
                break
            keys = list(inner) if isinstance(inner, dict) else range(len(inner))
            holder, name = inner, keys[int(numbers.integers(len(inner)))]
        holder[name] = [None, 3, "x", [], {}, -1.5][number % 6]
        path = tmp_path / "m.keras"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", json.dumps(spoiled))
            archive.writestr("model.weights.h5", weights)
        try:
            read_network(open_keras(path))
        except StriateError as error:
            assert "\n" not in str(error)


def test_damaged_files_are_told_in_one_line(saved: Path, tmp_path: Path) -> None:
    for ending in ("keras", "h5"):
        whole = (saved / f"nested.{ending}").read_bytes()
        numbers = np.random.default_rng(1)
        for number in range(30):
            content = bytearray(
                whole[: len(whole) if number % 2 else numbers.integers(8, len(whole))]
            )
            for place in numbers.integers(8, len(content), 20 * (number % 2)):
                content[place] = numbers.integers(256)
            path = tmp_path / f"{number}.{ending}"
            path.write_bytes(content)
            try:
                if is_model_file(path):
                    read_network(open_keras(path))
            except StriateError as error:
                assert "\n" not in str(error)
