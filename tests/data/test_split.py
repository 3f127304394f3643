"""Dividing: stratified, seeded, leak-safe; the odd cases said."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from striate.data import Collection, Split, load, split_stratified, write_split
from striate.data.collection import encode_labels
from striate.data.images import Preprocess
from striate.errors import DataError


def collection(*rows: tuple[str, int] | tuple[str, int, str]) -> Collection:
    """Make a collection of 8x8 images from rows of class, what is on it, and split."""
    pixels = np.zeros((len(rows), 8, 8), np.uint8)
    for index, row in enumerate(rows):
        pixels[index] = np.random.default_rng(row[1]).integers(0, 256, (8, 8))
    classes, labels = encode_labels([row[0] for row in rows])
    return Collection(
        source="set",
        kind="npz",
        classes=classes,
        names=tuple(f"p{index}" for index in range(len(rows))),
        labels=labels,
        splits=tuple(row[2] if len(row) == 3 else "" for row in rows),
        content=pixels,
    )


def divided(data: Collection, **options: float) -> Split:
    return split_stratified(data, load(data, Preprocess(1, 8, 8)), **options)  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.integers(1, 30), min_size=2, max_size=5),
    repeats=st.integers(1, 4),
    seed=st.integers(0, 99),
    fraction=st.floats(0.05, 0.6),
)
def test_a_split_is_whole_disjoint_stratified_and_leak_safe(
    counts: list[int], repeats: int, seed: int, fraction: float
) -> None:
    rows = [
        (str(label), 1000 * label + number // repeats)
        for label, count in enumerate(counts)
        for number in range(count)
    ]
    data = collection(*rows)
    if all(count <= repeats for count in counts):
        with pytest.raises(DataError, match="a single image"):
            divided(data, seed=seed, fraction=fraction)
        return
    images = load(data, Preprocess(1, 8, 8))
    split = split_stratified(data, images, seed=seed, fraction=fraction)
    together = np.concatenate([split.train, split.val])
    assert sorted(together.tolist()) == list(range(len(data)))
    assert not set(images.hashes[split.train]) & set(images.hashes[split.val])
    for label, count in enumerate(counts):
        held = int((data.labels[split.val] == label).sum())
        assert held < count
        assert abs(held - fraction * count) <= max(repeats, 1)
        if count > repeats:
            assert held >= 1
    again = split_stratified(data, images, seed=seed, fraction=fraction)
    assert np.array_equal(again.val, split.val)


@pytest.mark.parametrize("other", ["val", "test"])
def test_where_every_training_image_is_a_copy_the_other_split_gives_way(other: str) -> None:
    rows = [("ab"[n % 2], n, split) for split in ("train", other) for n in range(10)]
    split = divided(collection(*rows, ("a", 99, other)))
    assert len(split.train) + len(split.val) + len(split.test) == 11
    assert len(split.train) >= 8
    assert (20 in split.by_name()[other]) and len(split.skipped) == 10
    assert any("every training image is also in" in note for note in split.notes)


def test_another_seed_is_another_split_and_other_images_do_not_reshuffle() -> None:
    rows = [("ab"[index % 2], index) for index in range(40)]
    first, second = divided(collection(*rows)), divided(collection(*rows), seed=1)
    assert set(first.val.tolist()) != set(second.val.tolist())
    more = divided(collection(*rows, ("a", 100), ("b", 101)))
    assert len(set(first.val.tolist()) - set(more.val.tolist())) <= 2


def test_of_different_images_the_first_by_lot_are_held_out_of_each_class() -> None:
    data = collection(*[(str(number % 3), number) for number in range(40)])
    held: list[int] = []
    for label in range(3):
        lots = {
            index: hashlib.blake2b(f"7\0p{index}".encode(), digest_size=8).digest()
            for index in np.flatnonzero(data.labels == label).tolist()
        }
        held += sorted(lots, key=lots.__getitem__)[: round(0.3 * len(lots))]
    split = divided(data, seed=7, fraction=0.3)
    assert split.val.tolist() == sorted(held)
    assert split.notes == (
        "no validation split in the data: 12 training images of 40 are held out for it, 30 % of "
        "each class (seed 7)",
    )


def test_the_split_does_not_depend_on_the_size_the_network_takes() -> None:
    data = collection(*[("ab"[index % 2], index) for index in range(40)])
    small, large = (
        split_stratified(data, load(data, Preprocess(3, side, side))) for side in (5, 32)
    )
    assert np.array_equal(small.val, large.val)


def test_given_parts_are_kept() -> None:
    data = collection(
        ("a", 1, "train"), ("b", 2, "train"), ("a", 3, "val"), ("b", 4, "val"), ("a", 5, "test"),
        ("b", 6, "test"),
    )  # fmt: skip
    split = divided(data)
    assert {split: each.tolist() for split, each in split.by_name().items()} == {
        "train": [0, 1],
        "val": [2, 3],
        "test": [4, 5],
    }
    assert not split.notes
    assert not split.skipped
    assert split.collection is data


def test_images_that_stand_on_two_sides_are_left_out_of_the_one_learnt_from() -> None:
    data = collection(
        ("a", 1, "train"), ("a", 2, "train"), ("a", 9, "train"), ("b", 3, "train"),
        ("b", 4, "train"), ("a", 1, "test"), ("b", 3, "val"), ("a", 1, "val"), ("b", 5, "val"),
    )  # fmt: skip
    split = divided(data)
    assert split.train.tolist() == [1, 2, 4]
    assert split.val.tolist() == [6, 8]
    assert split.test.tolist() == [5]
    assert {(each.name, each.reason) for each in split.skipped} == {
        ("p0", "the same image as 'p5' in test"),
        ("p3", "the same image as 'p6' in val"),
        ("p7", "the same image as 'p5' in test"),
    }
    assert "1 image of val is also in test" in split.notes[0]
    assert "2 images of train are also in test or val" in split.notes[1]


def test_a_image_in_two_classes_is_said_and_stays_on_one_side() -> None:
    data = collection(*[("ab"[index % 2], index // 2) for index in range(40)])
    split = divided(data)
    assert any("20 images stand in two classes of train at once" in note for note in split.notes)
    images = load(data, Preprocess(1, 8, 8))
    assert not set(images.hashes[split.train]) & set(images.hashes[split.val])


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"only one class with training images .*\('a'\)"):
        divided(collection(("a", 1), ("a", 2)))
    with pytest.raises(DataError, match="takes two"):
        divided(collection(("a", 1, "train"), ("a", 2, "train"), ("b", 3, "test")))


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(DataError, match="it has only 'test', 'val'"):
        divided(collection(("a", 1, "test"), ("b", 2, "val")))


def test_a_file_whose_name_makes_it_a_test_split_is_told_to_be_renamed(tmp_path: Path) -> None:
    from striate.data import find

    path = tmp_path / "usps_test.npz"
    np.savez(path, x=np.zeros((4, 8, 8), np.uint8), y=[0, 1, 0, 1])
    with pytest.raises(DataError, match=r"it has only 'test'; where the name of the file says so"):
        divided(find(path))


def test_a_single_image_a_class_is_refused() -> None:
    with pytest.raises(DataError, match="each class in 'set' has a single image"):
        divided(collection(("a", 1), ("b", 2)))
    with pytest.raises(DataError, match="shows a single image, however often it is there"):
        divided(collection(*[("a", 1)] * 5, *[("b", 2)] * 5))


def test_a_class_of_one_image_is_kept_to_train_on_and_said() -> None:
    split = divided(collection(("a", 1), *[("b", index) for index in range(2, 12)]))
    assert 0 in split.train.tolist()
    assert any("single different image" in note and "'a'" in note for note in split.notes)


def test_classes_without_training_images_are_left_out_and_said() -> None:
    data = collection(
        ("Cats", 1, "train"), ("dogs", 2, "train"), ("cats", 3, "val"), ("dogs", 4, "val"),
        ("wolf", 5, "test"), ("dogs", 6, "test"),
    )  # fmt: skip
    split = divided(data)
    assert split.collection.classes == ("Cats", "dogs")
    assert split.collection.labels.tolist() == [0, 1, -1, 1, -1, 1]
    assert split.val.tolist() == [3]
    assert split.test.tolist() == [5]
    assert {each.name for each in split.skipped} == {"p2", "p4"}
    assert any("'cats' is left out" in note and "same as 'Cats'?" in note for note in split.notes)
    assert any("'wolf' is left out, and with it 1 image" in note for note in split.notes)
    assert any("1 class has no images in val" in note for note in split.notes)
    assert any("1 class has no images in test" in note for note in split.notes)


def test_classes_without_a_readable_image_are_left_out_and_said(tmp_path: Path) -> None:
    from striate.data import find

    for kind in ("a", "b", "broken"):
        (tmp_path / kind).mkdir()
        for index in range(4):
            file = tmp_path / kind / f"{index}.png"
            if kind == "broken":
                file.write_text("words")
            else:
                Image.new("L", (5, 5), index * 9 + ord(kind)).save(file)
    data = find(tmp_path)
    images = load(data, Preprocess(1, 4, 4))
    split = split_stratified(data, images)
    assert len(images.skipped) == 4
    assert split.collection.classes == ("a", "b")
    assert any("'broken' is left out: none of its 4 files can be read" in n for n in split.notes)
    for file in (tmp_path / "a").iterdir():
        file.write_text("words")
    data = find(tmp_path)
    with pytest.raises(DataError, match="of 'a', 'broken' no file can be read"):
        split_stratified(data, load(data, Preprocess(1, 4, 4)))


def test_a_senseless_fraction_is_refused() -> None:
    for fraction in (0, 1, -0.1, float("nan")):
        with pytest.raises(DataError, match="fraction"):
            divided(collection(("a", 1), ("b", 2)), fraction=fraction)


def test_the_split_is_written_down(tmp_path: Path) -> None:
    data = collection(("a", 1, "train"), ("b", 2, "train"), ("a", 3, "val"), ("b", 4, "test"))
    write_split(tmp_path / "split.csv", data, divided(data))
    with (tmp_path / "split.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["name", "class", "split", "group", "grouped_by"],
            ["p0", "a", "train", "", ""],
            ["p1", "b", "train", "", ""],
            ["p2", "a", "val", "", ""],
            ["p3", "b", "test", "", ""],
        ]
