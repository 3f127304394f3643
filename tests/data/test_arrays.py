"""IDX and npz files: found, paired, scaled by one rule, and refused where they make no sense."""

from __future__ import annotations

import gzip
import json
import struct
import zipfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from striate.data import find, load, survey
from striate.data.images import Preprocess
from striate.data.sources.digits import choose_test_split
from striate.data.sources.idx import read_idx
from striate.errors import DataError

PIXELS = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
LABELS = np.array([3, 10, 3, 2, 10], dtype=np.uint8)


def idx(values: np.ndarray) -> bytes:
    code = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[values.dtype.str[1:]]
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    return head + values.astype(values.dtype.newbyteorder(">")).tobytes()


def write_mnist(root: Path, *, zipped: bool = False) -> Path:
    root.mkdir(exist_ok=True)
    for stem, count in (("train", 3), ("t10k", 2)):
        for name, values in (("images-idx3", PIXELS[:count]), ("labels-idx1", LABELS[-count:])):
            path = root / f"{stem}-{name}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(idx(values)) if zipped else idx(values))
    return root


def refused(data: Path) -> str:
    with pytest.raises(DataError) as caught:
        find(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------- IDX


@pytest.mark.parametrize("zipped", [False, True])
def test_idx_files_are_paired_as_mnist_has_them(tmp_path: Path, zipped: bool) -> None:
    root = write_mnist(tmp_path / "mnist", zipped=zipped)
    (root / "readme.txt").write_text("hello")
    found = find(root)
    assert found.kind == "idx"
    assert found.classes == ("2", "3", "10")
    assert found.splits == ("train",) * 3 + ("test",) * 2
    assert found.labels.tolist() == [1, 0, 2, 0, 2]
    assert np.array_equal(np.asarray(found.open(4)), PIXELS[1])
    assert found.names[0] == "train/00000"
    assert [each.name for each in found.skipped] == ["readme.txt"]
    looks = survey(found)
    assert (looks.channels, looks.height, looks.width) == (1, 4, 3)


def test_one_idx_file_finds_the_others(tmp_path: Path) -> None:
    root = write_mnist(tmp_path / "mnist")
    assert len(find(root / "t10k-images-idx3-ubyte")) == 5


def test_files_both_zipped_and_not_are_taken_once(tmp_path: Path) -> None:
    root = write_mnist(write_mnist(tmp_path / "raw", zipped=True))
    found = find(root)
    assert len(found) == 5
    assert len(found.skipped) == 4
    assert find(tmp_path).names == found.names  # the one folder in it


def write_qmnist(root: Path) -> Path:
    root.mkdir()
    labels = np.arange(24, dtype=np.int32).reshape(3, 8)
    (root / "qmnist-train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(PIXELS[:3])))
    (root / "qmnist-train-labels-idx2-int.gz").write_bytes(gzip.compress(idx(labels)))
    return root


def test_the_labels_of_qmnist_begin_with_the_class(tmp_path: Path) -> None:
    found = find(write_qmnist(tmp_path / "qmnist"))
    assert found.classes == ("0", "8", "16")
    assert found.notes[0].endswith("the first of 8 numbers a label is the class, as in QMNIST")


@pytest.mark.parametrize("both", [False, True])
def test_idx_files_each_in_a_folder_of_its_name(tmp_path: Path, both: bool) -> None:
    plain = find(write_mnist(tmp_path / "plain"))
    for path in (tmp_path / "plain").iterdir():
        folder = tmp_path / "kaggle" / path.name
        folder.mkdir(parents=True)
        name = path.name.replace("-idx", ".idx")
        (folder / name).write_bytes(path.read_bytes())
        if both:
            (tmp_path / "kaggle" / name).write_bytes(path.read_bytes())
    found = find(tmp_path / "kaggle")
    assert (found.names, found.splits) == (plain.names, plain.splits)
    assert found.labels.tolist() == plain.labels.tolist()


@pytest.mark.parametrize("name", ["qmnist", "kaggle"])
def test_the_idx_files_that_were_misread(name: str) -> None:
    folder = Path(__file__).parents[3] / "shared" / "cases" / "21-idx-variants" / name
    if not folder.exists():
        pytest.skip("needs ../shared/cases beside the checkout")
    found = find(folder)
    assert set(found.splits) == ({"train"} if name == "qmnist" else {"train", "test"})
    assert set(found.classes) <= set("0123456789")
    assert len(found.classes) > 1


def test_the_arrays_of_medmnist(tmp_path: Path) -> None:
    arrays = {}
    for split, count in (("train", 5), ("val", 2), ("test", 3)):
        arrays[f"{split}_images"] = np.stack([PIXELS[:count]] * 3, axis=3)
        arrays[f"{split}_labels"] = LABELS[:count, None]
    np.savez_compressed(tmp_path / "bloodmnist.npz", **arrays)  # type: ignore[arg-type]
    found = find(tmp_path / "bloodmnist.npz")
    assert [found.splits.count(split) for split in ("train", "val", "test")] == [5, 2, 3]
    assert np.array_equal(np.asarray(found.open(0)), arrays["train_images"][0])
    arrays["train_labels"] = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0], [1, 0, 0], [0, 0, 1]])
    np.savez_compressed(tmp_path / "chestmnist.npz", **arrays)  # type: ignore[arg-type]
    assert refused(tmp_path / "chestmnist.npz") == (
        "chestmnist.npz gives image 1 two labels (1, 2); Striate learns one class an image"
    )


def test_several_sets_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    for name in ("letters", "digits"):
        for split in ("train", "test"):
            for kind, values in (("images-idx3", PIXELS), ("labels-idx1", LABELS)):
                (tmp_path / f"emnist-{name}-{split}-{kind}-ubyte").write_bytes(idx(values))
    assert "several sets of IDX files ('emnist-digits', 'emnist-letters')" in refused(tmp_path)
    found = find(tmp_path / "emnist-letters-train-images-idx3-ubyte")
    assert found.splits == ("train",) * 5 + ("test",) * 5


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
def test_every_idx_type_is_read(tmp_path: Path, dtype: str) -> None:
    values = np.array([[1, -2 if dtype != "u1" else 2], [3, 4]]).astype(dtype)
    (tmp_path / "file").write_bytes(idx(values))
    assert np.array_equal(read_idx(tmp_path / "file"), values)


def test_damaged_idx_files_are_refused(tmp_path: Path) -> None:
    root = write_mnist(tmp_path / "a")
    images = root / "train-images-idx3-ubyte"
    whole = images.read_bytes()
    images.write_bytes(whole[:-1])
    assert "announces 3x4x3 values, 36 bytes, but holds 35" in refused(root)
    images.write_bytes(whole + b"x")
    assert "holds more" in refused(root)
    images.write_bytes(whole[:6])
    assert "damaged or cut off" in refused(root)
    images.write_bytes(struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 2**31, 2**31) + b"x")
    assert "above the limit" in refused(root)
    images.write_bytes(gzip.compress(whole)[:-12])
    assert "damaged or cut off" in refused(root)


def test_a_gzip_bomb_stops_at_what_its_header_announces(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb-images-idx3-ubyte.gz"
    bomb.write_bytes(gzip.compress(idx(PIXELS) + bytes(10**7)))
    with pytest.raises(DataError, match="holds more"):
        read_idx(bomb)


def test_idx_files_without_their_partner_are_refused(tmp_path: Path) -> None:
    root = write_mnist(tmp_path / "a")
    (root / "train-labels-idx1-ubyte").unlink()
    assert "lacks its file of labels" in refused(root)
    root = write_mnist(tmp_path / "b")
    (root / "t10k-images-idx3-ubyte").unlink()
    assert "lacks its file of images" in refused(root)
    root = write_mnist(tmp_path / "c")
    (root / "train-labels-idx1-ubyte").write_bytes(idx(LABELS))
    assert "the labels in 'train-images-idx3-ubyte' are 5 for 3 images" in refused(root)


def test_mnist_is_found_whole(shared: Callable[[str], Path]) -> None:
    found = find(shared("data/mnist"))
    assert len(found) == 70_000
    assert found.splits.count("test") == 10_000
    assert found.classes == tuple("0123456789")
    first = np.asarray(found.open(0))
    assert (int(found.labels[0]), first.shape, int(first.sum())) == (5, (28, 28), 27525)


# ---------------------------------------------------------------- npz


def test_x_and_y(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "set.npz", x=PIXELS, y=LABELS)
    found = find(tmp_path / "set.npz")
    assert found.kind == "npz"
    assert found.classes == ("2", "3", "10")
    assert set(found.splits) == {""}
    assert np.array_equal(np.asarray(found.content), PIXELS)


def test_parts_within_one_file_as_keras_and_medmnist_have_them(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "keras.npz",
        x_train=PIXELS[:3], y_train=LABELS[:3], x_test=PIXELS[3:], y_test=LABELS[3:],
    )  # fmt: skip
    assert find(tmp_path / "keras.npz").splits == ("train",) * 3 + ("test",) * 2
    np.savez(
        tmp_path / "med.npz",
        train_images=PIXELS[:3], train_labels=LABELS[:3, None],
        val_images=PIXELS[3:4], val_labels=LABELS[3:4, None],
        test_images=PIXELS[4:], test_labels=LABELS[4:, None], extra=LABELS,
    )  # fmt: skip
    found = find(tmp_path / "med.npz")
    assert found.splits == ("train",) * 3 + ("val", "test")
    assert found.notes == ("arrays not used: 'med.npz: extra'",)


def test_parts_in_two_files_as_usps_has_them(tmp_path: Path) -> None:
    floats = PIXELS.astype(np.float32) / 29.5 - 1  # 0..59 becomes -1..1
    np.savez(tmp_path / "usps_train.npz", x=floats[:3], y=LABELS[:3])
    np.savez(tmp_path / "usps_test.npz", x=floats[3:], y=LABELS[3:])
    found = find(tmp_path)
    assert found.splits == ("train",) * 3 + ("test",) * 2
    assert found.notes == ("values from -1 to 1: -1 was taken as black, 1 as white",)
    expected = np.floor((floats.astype(float) + 1) * 127.5 + 0.5)
    assert np.array_equal(np.asarray(found.content), expected)


def test_usps_is_found_whole(shared: Callable[[str], Path]) -> None:
    found = find(shared("data/usps"))
    assert len(found) == 9298
    assert found.splits.count("test") == 2007
    assert np.asarray(found.content).dtype == np.uint8
    assert (np.asarray(found.content).min(), np.asarray(found.content).max()) == (0, 255)


@pytest.mark.parametrize(
    ("values", "black", "white"),
    [
        (np.linspace(0, 1, 12), 0, 1),
        (np.linspace(-1, 1, 12), -1, 1),
        (np.linspace(0, 255, 12), 0, 255),
        (np.arange(12) % 2, 0, 1),
        (np.arange(12) % 2 == 0, 0, 1),
    ],
)
def test_values_are_scaled_by_one_rule_for_the_whole_set(
    tmp_path: Path, values: np.ndarray, black: float, white: float
) -> None:
    np.savez(tmp_path / "set.npz", x=values.reshape(3, 2, 2), y=np.arange(3))
    found = find(tmp_path / "set.npz")
    expected = (values.astype(float) - black) / (white - black) * 255
    assert np.abs(np.asarray(found.content).ravel() - expected).max() <= 0.5
    assert f"{black:g} was taken as black, {white:g} as white" in found.notes[0]


@pytest.mark.parametrize("values", [np.arange(12) * 23, np.arange(12, dtype=np.uint16) * 5957])
def test_whole_numbers_stay_until_their_range_is_decided(
    tmp_path: Path, values: np.ndarray
) -> None:
    np.savez(tmp_path / "set.npz", x=values.reshape(3, 2, 2), y=np.arange(3))
    content = np.asarray(find(tmp_path / "set.npz").content)
    assert content.dtype == np.uint16
    assert np.array_equal(content.ravel(), values)
    for white, ranges in ((255 if values.max() < 256 else 65535, ()), (4095, (0.0, 4095.0))):
        preprocess = Preprocess(1, 2, 2, integer_range=ranges)
        pixels = load(find(tmp_path / "set.npz"), preprocess).take(range(3))
        expected = np.minimum(values / white, 1) * 255
        assert np.abs(pixels.ravel() - expected).max() <= 0.5


def test_layouts_are_told_apart(tmp_path: Path) -> None:
    for shape, expected in (
        ((3, 4, 5, 3), (3, 4, 5, 3)),
        ((3, 4, 5, 1), (3, 4, 5)),
        ((3, 3, 4, 5), (3, 4, 5, 3)),
        ((3, 1, 4, 5), (3, 4, 5)),
        ((3, 16), (3, 4, 4)),
    ):
        x = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        np.savez(tmp_path / "set.npz", x=x, y=np.arange(3))
        assert np.asarray(find(tmp_path / "set.npz").content).shape == expected


def test_labels_may_be_texts(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=PIXELS, y=np.array(["b", "a", "b", "c", "a"]))
    assert find(tmp_path / "set.npz").classes == ("a", "b", "c")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": PIXELS, "b": LABELS}, "holds 'a', 'b'; expected x and y"),
        ({"x": PIXELS}, "expected x and y"),
        ({"x": PIXELS, "y": LABELS[:3]}, "the labels in 'set.npz' are 3 for 5 images"),
        ({"x": PIXELS, "y": np.eye(5)}, "give y.argmax(axis=1)"),
        ({"x": PIXELS, "y": LABELS + 0.5}, "fractions"),
        ({"x": PIXELS[0, 0], "y": LABELS[:3]}, "have the shape 3"),
        ({"x": PIXELS * np.nan, "y": LABELS}, "not numbers"),
        ({"x": PIXELS.astype(float) * 100, "y": LABELS}, "values from 0 to 5900"),
        ({"x": PIXELS[:0], "y": LABELS[:0]}, "no images"),
        ({"x": np.array([{}] * 5), "y": LABELS}, "pickled Python objects"),
        ({"x": PIXELS, "y": np.array(["a", None] * 2 + ["b"])}, "pickled Python objects"),
    ],
)  # fmt: skip
def test_senseless_npz_files_are_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], said: str
) -> None:
    np.savez(tmp_path / "set.npz", **arrays)  # type: ignore[arg-type]
    assert said in refused(tmp_path / "set.npz")


def test_an_npz_that_announces_too_much_is_refused(tmp_path: Path) -> None:
    head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (9999999, 9999, 99), }"
    npy = b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("x.npy", npy)
        archive.writestr("y.npy", npy)
    assert "announces more than" in refused(tmp_path / "set.npz")


def test_a_damaged_npz_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "set.npz", x=PIXELS, y=LABELS)
    data = bytearray((tmp_path / "set.npz").read_bytes())
    data[60:90] = bytes(30)
    (tmp_path / "set.npz").write_bytes(data)
    assert "cannot be read as npz" in refused(tmp_path / "set.npz")


# ---------------------------------------------------------------- the embedded digits


def test_the_digits_test_split_is_a_stratified_fifth_written_down() -> None:
    from sklearn.datasets import load_digits

    target = load_digits().target
    written = json.loads(
        resources.files("striate.data.sources").joinpath("digits_test.json").read_text()
    )
    assert written["test"] == choose_test_split(target)
    found = find("digits")
    test = np.array([split == "test" for split in found.splits])
    assert np.flatnonzero(test).tolist() == written["test"]
    assert len(found) == 1797
    for digit in range(10):
        share = (test & (found.labels == digit)).sum() / (found.labels == digit).sum()
        assert abs(share - 0.2) < 0.006


def test_the_digits_are_scaled_from_16_steps_to_bytes() -> None:
    from sklearn.datasets import load_digits

    content = np.asarray(find("digits").content)
    assert content.dtype == np.uint8
    assert np.abs(content - load_digits().images * 255 / 16).max() <= 0.5
