"""Images that are in memory already: arrays, lists, DataFrames and torch Datasets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, Subset, TensorDataset

from striate.data import find, load, source_of
from striate.data.images import Preprocess
from striate.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
LABELS = np.array([2, 10, 2, 10, 2, 10])
FITTED = Preprocess(3, 8, 8)
EXPECTED = IMAGES.transpose(0, 3, 1, 2)


class Pairs(Dataset[tuple[object, object]]):
    def __init__(self, items: list[tuple[object, object]], classes: object = None) -> None:
        self.items, self.classes = items, classes

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[object, object]:
        return self.items[index]


def pixels(data: object) -> np.ndarray:
    found = find(data)
    with load(found, FITTED) as images:
        return images.take(np.arange(len(found)))


@pytest.mark.parametrize(
    "images",
    [
        IMAGES,
        IMAGES / 255.0,
        EXPECTED,
        torch.from_numpy(EXPECTED.copy()),
        list(IMAGES),
        [Image.fromarray(each) for each in IMAGES],
    ],
    ids=["uint8", "floats", "channels first", "tensor", "list", "Pillow"],
)
def test_arrays_in_every_form_are_the_same_images(images: object) -> None:
    found = find((images, LABELS))
    assert found.classes == ("2", "10")  # by number
    assert found.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert found.splits == ("",) * 6
    assert (found.source, found.kind) == ("arrays in memory", "arrays")
    assert len(set(found.names)) == 6
    assert np.array_equal(pixels((images, LABELS)), EXPECTED)


def test_texts_are_class_names_and_a_list_may_have_images_of_different_sizes() -> None:
    sizes = [np.full((5 + place, 9, 3), 40 * place, np.uint8) for place in range(3)]
    found = find((sizes, ["cat", "dog", "cat"]))
    assert found.classes == ("cat", "dog")
    assert [np.asarray(found.open(place)).shape[0] for place in range(3)] == [5, 6, 7]
    assert [np.asarray(found.only(np.array([2, 0])).open(place)).shape[0] for place in (0, 1)] == [
        7,
        5,
    ]
    with load(found, Preprocess(3, 4, 4, fit="squash")) as images:
        assert images.take([2])[0].mean() == 80


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES, LABELS[:5], "the labels in 'arrays in memory' are 5 for 6 images"),
        (IMAGES, np.eye(6, 2), "give y.argmax"),
        (IMAGES, LABELS / 4, "are fractions; expected whole numbers"),
        (IMAGES, [None] * 6, "of type object; expected whole numbers or texts"),
        (IMAGES[0, 0, 0], LABELS[:3], "have the shape 3; expected n x rows x columns"),
        (IMAGES.astype(str), LABELS, "expected numbers"),
        (IMAGES * 2.0, LABELS, "hold values from 0 to 51"),
        (IMAGES[:0], LABELS[:0], "its arrays are empty"),
        ([Image.fromarray(IMAGES[0]), "a.png"], [0, 1], "image 1 of the list is str"),
    ],
)
def test_senseless_arrays_are_one_clear_line(images: object, labels: object, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        find((images, labels))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("odd", [IMAGES, [IMAGES, LABELS], (IMAGES,), None, 3, {"x": IMAGES}])
def test_what_is_no_data_is_refused(odd: object) -> None:
    with pytest.raises(DataError, match=r"is no data set: .* in memory \(images, labels\)"):
        find(odd)


def test_a_data_frame_lists_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = pytest.importorskip("pandas")
    for place, each in enumerate(IMAGES):
        Image.fromarray(each).save(tmp_path / f"{place}.png")
    monkeypatch.chdir(tmp_path)
    frame = pandas.DataFrame(
        {
            "id": range(7),
            "Path": ["0.png", "1.png", str(tmp_path / "2.png"), "3.png", "4.png", "9.png", "5.png"],
            "label": [1, 2, 1, 2, None, 1, 2],
            "split": ["train", "train", "val", "test", None, "test", None],
        },
        index=list("abcdefg"),
    )
    found = find(frame)
    assert found.classes == ("1", "2")  # and not 1.0, which pandas makes of them
    assert [Path(name).name for name in found.names] == [
        "0.png",
        "1.png",
        "2.png",
        "3.png",
        "5.png",
    ]
    assert found.splits == ("train", "train", "val", "test", "")
    assert [(each.name, each.reason) for each in found.skipped] == [
        ("4.png", "row 4 gives it no label"),
        ("9.png", "there is no such file"),
    ]
    assert np.array_equal(pixels(frame), EXPECTED[[0, 1, 2, 3, 5]])
    with pytest.raises(
        DataError, match="has id, Path, split, but no column that is known for the label"
    ):
        find(frame.drop(columns="label"))
    with pytest.raises(DataError, match=r"the DataFrame, row 1: the split 'tset'"):
        find(frame.assign(split=["", "tset", "", "", "", "", ""]))


@pytest.mark.parametrize(
    "make",
    [Image.fromarray, np.asarray, lambda each: torch.from_numpy(each.transpose(2, 0, 1).copy())],
    ids=["Pillow", "array", "tensor"],
)
def test_a_torch_dataset_is_read_item_by_item(make: Callable[[np.ndarray], object]) -> None:
    pairs = Pairs([(make(each), int(label)) for each, label in zip(IMAGES, LABELS, strict=True)])
    assert find(pairs).classes == ("2", "10")
    assert find(pairs).source == "dataset in memory"
    assert np.array_equal(pixels(pairs), EXPECTED)
    some = Subset(pairs, [4, 1])
    assert np.array_equal(pixels(some), EXPECTED[[4, 1]])
    only = find(pairs).only(np.array([5, 2]))
    assert np.array_equal(load(only, FITTED).take([0, 1]), EXPECTED[[5, 2]])


def test_the_class_names_of_a_dataset_are_taken() -> None:
    items = [(each, place % 2) for place, each in enumerate(IMAGES)]
    assert find(Pairs(list(items), ["wasp", "ant"])).classes == ("wasp", "ant")
    assert find(Pairs(list(items), ["wasp", "ant"])).labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert find(Pairs(list(items), ["wasp"])).classes == ("0", "1")  # they are not of these
    tensors = TensorDataset(torch.from_numpy(EXPECTED.copy()), torch.from_numpy(LABELS))
    assert find(tensors).classes == ("2", "10")
    assert np.array_equal(pixels(tensors), EXPECTED)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([], "the dataset is empty"),
        ([IMAGES[0]], r"item 0 of the dataset is ndarray; expected \(image, label\)"),
        ([("a.png", 1)], "the image of item 0 of the dataset is str"),
        ([(IMAGES[0], 0.5)], "fractions"),
    ],
)
def test_a_senseless_dataset_is_one_clear_line(items: list[object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        find(Pairs(items))  # type: ignore[arg-type]


def test_streamed_images_of_a_dataset_must_stay_the_same(tmp_path: Path) -> None:
    items: list[tuple[object, object]] = [
        (each.copy(), place % 2) for place, each in enumerate(IMAGES)
    ]
    with load(find(Pairs(items)), FITTED, memory=0) as images:
        assert images.mode == "streamed"
        assert np.array_equal(images.take([3]), EXPECTED[[3]])
        items[3][0][:] = 0  # type: ignore[index]
        with pytest.raises(DataError, match="has changed since it was first read"):
            images.take([3])


def test_where_they_are_is_told_honestly_and_not_found_again() -> None:
    for data in ((IMAGES, LABELS), Pairs([(IMAGES[0], 0)])):
        source = source_of(data)
        with pytest.raises(DataError, match=f"given as {source}, which is in no file; give the s"):
            find(source)
    assert Path(source_of("photos")).is_absolute()
