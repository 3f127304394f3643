"""Files of Keras that are made by hand: what has no word, does not fit or could do harm."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_keras import layer, logits, made

from striate.errors import NotationError, StriateError, WeightsError
from striate.model.importing import import_with_fit, is_model_file
from striate.model.importing.keras import open_keras, read_network
from striate.model.importing.keras.hdf5_file import LARGEST

h5py = pytest.importorskip("h5py", reason="reading Keras's files needs the keras extra")


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


def test_weights_of_a_whole_model_fill_a_text_in_the_order_of_its_layers(tmp_path: Path) -> None:
    """In the file they stand by the names of classes: batch normalisation before convolutions."""
    numbers = np.random.default_rng(0)
    layers: dict[str, list[tuple[int, ...]]]
    layers = {"conv2d": [(3, 3, 3, 4), (4,)], "batch_normalization": [(4,)] * 4}
    layers |= {"dense": [(4, 2), (2,)]}
    kinds = ("Conv2D", "BatchNormalization", "Dense")
    path = made(tmp_path / "m.keras", [layer(kind) for kind in kinds])
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for (group, shapes), kind in zip(layers.items(), kinds, strict=True):
            for number, shape in enumerate(shapes):
                file[f"layers/{group}/vars/{number}"] = numbers.uniform(0.5, 1, shape)
            file[f"layers/{group}/vars"].attrs["name"] = f"the_{kind.lower()}"
        kernel = np.asarray(file["layers/conv2d/vars/0"], np.float32)
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
        archive.write(path.with_suffix(".h5"), "model.weights.h5")
    text = "input 3x8x8 > conv 4 > bn > relu > gap > flatten > fc"
    model = import_with_fit(text, path, classes=["a", "b"]).classifier
    found = model.module.state_dict()["conv1.weight"].numpy()
    assert (found == kernel.transpose(3, 2, 0, 1)).all()


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
