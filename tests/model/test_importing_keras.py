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

from striate.architecture.notation import expand
from striate.backends.onnx import Trained
from striate.errors import NotationError, SettingError, StriateError, WeightsError
from striate.model.importing import import_with_fit, is_model_file
from striate.model.importing.foreign_graph import ForeignNetwork
from striate.model.importing.keras import open_keras, read_network
from striate.model.importing.keras.hdf5_file import LARGEST

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


def logits(found: ForeignNetwork, x: np.ndarray) -> np.ndarray:
    """What a network gives for images of 0 to 255, channels last."""
    values = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    if found.scaling is not None:
        mean, std = (torch.tensor(each, dtype=torch.float32) for each in found.scaling)
        values = (values / 255 - mean[:, None, None]) / std[:, None, None]
    with torch.no_grad():
        return np.asarray(Trained(expand(found.network), found.weights).module()(values))


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


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


# ---------------------------------------------------------------- models that are made by hand


def made(
    path: Path,
    layers: list[dict[str, Any]],
    *,
    weights: dict[str, np.ndarray] | None = None,
    version: str = "3.15.1",
) -> Path:
    """A .keras of a Sequential for images of 8x8."""
    start = {
        "class_name": "InputLayer",
        "config": {"name": "start", "batch_shape": [None, 8, 8, 3]},
    }
    config = {"class_name": "Sequential", "config": {"name": "it", "layers": [start, *layers]}}
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for name, values in (weights or {}).items():
            file[name] = values
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.write(path.with_suffix(".h5"), "model.weights.h5")
    return path


def layer(kind: str, **settings: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": f"the_{kind.lower()}", **settings}}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (layer("Lambda", function="evil"), "a Lambda layer is code of its own, which is not run"),
        (
            {**layer("Conv2D"), "registered_name": "Mine>Conv2D", "module": None},
            "Mine>Conv2D is a custom class, whose code is not run",
        ),
        ({**layer("Fancy"), "module": "os"}, "Fancy is a custom class, whose code is not run"),
        (layer("Conv2DTranspose"), "there is no word for Conv2DTranspose"),
        (layer("Activation", activation="selu"), "no word for the activation 'selu'"),
        (
            layer("Activation", activation={"class_name": "function", "config": "mine"}),
            "no word for the activation 'function'",
        ),
        (layer("ReLU", max_value=3.0), "max_value=3.0 and negative_slope=0.0 have no word"),
        (
            layer("GlobalAveragePooling2D", data_format="channels_first"),
            "data_format='channels_first' has no word",
        ),
        (layer("Flatten", data_format="channels_first"), "data_format='channels_first' has no"),
        (layer("Normalization", axis=1, mean=[1, 2, 3], variance=[1, 1, 1]), "axis=1 has no word"),
        (layer("MaxPooling2D", padding="causal"), "padding='causal' has no word"),
    ],
)
def test_what_has_no_word_or_is_code_is_refused_by_name(
    tmp_path: Path, bad: dict[str, Any], said: str
) -> None:
    path = made(tmp_path / "m.keras", [bad])
    with pytest.raises(NotationError) as error:
        read_network(open_keras(path))
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "the_" in str(error.value)


def test_weights_that_do_not_fit_their_model_come_with_a_table(tmp_path: Path) -> None:
    layers = [
        layer("Conv2D", filters=5, kernel_size=3),
        layer("Flatten"),
        layer("Dense", units=2, activation="softmax"),
    ]
    shapes = {"conv2d": [(3, 3, 3, 4), (5,)], "dense": [(144, 2), (2,)]}
    weights = {
        f"layers/{name}/vars/{number}": np.ones(shape)
        for name, of in shapes.items()
        for number, shape in enumerate(of)
    }
    path = made(tmp_path / "m.keras", layers, weights=weights)
    with pytest.raises(WeightsError) as error:
        import_with_fit(path, classes=["a", "b"])
    assert "'the_conv2d.weight' is 4x3x3x3 in the file" in str(error.value)
    assert "is 5x3x3x3 (1 more does not fit); save the model anew" in str(error.value)
    assert [line.split()[:2] for line in error.value.table.splitlines()[2:6]] == [
        ["the_conv2d.weight", "4x3x3x3"],
        ["the_dense.weight", "2x144"],
        ["the_conv2d.bias", "5"],
        ["the_dense.bias", "2"],
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.keras", b"PK\x03\x04 cut off", "is cut off or damaged, or a zip of something else"),
        ("m.h5", b"", "is empty; get it anew"),
        ("m.h5", b"version https://git-lfs.github.com/spec/v1", "is a Git LFS pointer"),
        ("m.keras", b"\n<!doctype html>", "is a web page"),
        ("gone.keras", None, "there is no file"),
        ("m.tflite", b"\x1c\0\0\0TFL3", "is a model of TensorFlow Lite, which is not read"),
        ("m.pth", b"PK\x03\x04", "striate import NETWORK --weights m.pth"),
    ],
)
def test_a_file_that_is_no_model_is_told_as_what_it_is(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError) as error:
        import_with_fit(path, classes=["a", "b"])
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_a_savedmodel_is_told_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"is a graph of TensorFlow, .*model\.save"):
        is_model_file(tmp_path)


def test_the_hard_sigmoid_of_keras_2_is_another_function(tmp_path: Path) -> None:
    path = made(
        tmp_path / "m.keras", [layer("Activation", activation="hard_sigmoid")], version="2.15"
    )
    with pytest.raises(NotationError, match=r"hard_sigmoid of Keras 2, which is 0\.2 x \+ 0\.5"):
        read_network(open_keras(path))


def test_a_network_without_its_last_layers_is_no_classifier(tmp_path: Path) -> None:
    path = made(tmp_path / "m.keras", [layer("AveragePooling2D", pool_size=2)])
    with pytest.raises(NotationError, match="ends with 3x4x4 numbers"):
        read_network(open_keras(path))


def test_numbers_and_layers_that_would_be_taken_for_others_are_refused(tmp_path: Path) -> None:
    """What is subtracted from a number is not the number subtracted from it."""

    def tensor(name: str) -> dict[str, Any]:
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}

    def of(kind: str, *args: Any) -> StriateError:
        start: dict[str, Any] = {"class_name": "InputLayer", "name": "image", "inbound_nodes": []}
        start["config"] = {"batch_shape": [None, 2, 2, 3]}
        operator: dict[str, Any] = {
            "class_name": kind,
            "name": "it",
            "module": "keras.src.ops.numpy",
        }
        operator |= {"config": {}, "inbound_nodes": [{"args": list(args), "kwargs": {}}]}
        row: dict[str, Any] = {"class_name": "GlobalMaxPooling2D", "name": "row", "config": {}}
        row["inbound_nodes"] = [{"args": [tensor("it")], "kwargs": {}}]
        inner: dict[str, Any] = {"layers": [start, operator, row]}
        inner |= {"input_layers": ["image", 0, 0], "output_layers": ["row", 0, 0]}
        path = made(tmp_path / "m.keras", [])
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                "config.json", json.dumps({"class_name": "Functional"} | {"config": inner})
            )
            archive.write(path.with_suffix(".h5"), "model.weights.h5")
        with pytest.raises(NotationError) as error:
            read_network(open_keras(path))
        return error.value

    assert "multiplied by a number that is not above 0" in str(
        of("Subtract", 255.0, tensor("image"))
    )
    assert "dividing 255 by it has no word" in str(of("TrueDivide", 255.0, tensor("image")))
    assert "dividing by 0 has no word" in str(of("TrueDivide", tensor("image"), 0))


def test_average_pools_of_same_do_not_count_what_is_outside(tmp_path: Path) -> None:
    """Keras on torch counts some of it; TensorFlow, whose rule this is, counts none."""
    layers = [
        layer("AveragePooling2D", pool_size=3, strides=2, padding="same"),
        layer("Flatten"),
        layer("Dense", units=48, use_bias=False),
    ]
    weights = {"layers/dense/vars/0": np.eye(48, dtype=np.float32)}
    found = read_network(open_keras(made(tmp_path / "m.keras", layers, weights=weights)))
    x = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    # three rows from an even one on, of which the ninth lies outside: none above, one below
    sums = [slice(2 * at, 2 * at + 3) for at in range(4)]
    expected = [x[0, rows, columns].mean((0, 1)) for rows in sums for columns in sums]
    assert np.abs(logits(found, x)[0] - np.ravel(expected)).max() < 1e-6


@pytest.mark.parametrize("kind", ["link", "soft", "external", "filter", "bomb", "twice"])
def test_hdf5_that_leads_elsewhere_or_swells_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        if kind == "link":
            group["a"] = h5py.ExternalLink("/etc/passwd", "/")
        elif kind == "soft":
            group["a"] = h5py.SoftLink("/elsewhere")
        elif kind == "external":
            group.create_dataset("a", (4,), "f4", external=[("/etc/passwd", 0, 16)])
        elif kind == "filter":
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_chunk((4,))
            plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (1,))
            space = h5py.h5s.create_simple((4,))
            h5py.h5d.create(group.id, b"a", h5py.h5t.NATIVE_FLOAT, space, plan)
        elif kind == "bomb":
            group.create_dataset("a", (2**29,), "f4", chunks=(2**20,), compression="gzip")
        else:
            group["a"] = file["model_weights"]
    with pytest.raises(WeightsError) as error:
        open_keras(path)
    assert "'model_weights/a'" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_zip_that_is_larger_than_is_read_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "m.keras", [])
    swollen = tmp_path / "swollen.keras"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(swollen, "w") as out:
        out.writestr("config.json", b" " * (65 * 2**20), zipfile.ZIP_DEFLATED)
        out.writestr("model.weights.h5", archive.read("model.weights.h5"))
    with pytest.raises(WeightsError, match=r"config\.json in 'swollen\.keras' is 68,157,440 bytes"):
        open_keras(swollen)
    assert LARGEST > 2 * 2**30


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
