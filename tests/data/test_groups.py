"""Groups stand on one side; what they leave a split without is said and mended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.data import (
    Collection,
    Groups,
    Split,
    group_by_column,
    load,
    read_split,
    recall_groups,
    split_stratified,
    write_split,
)
from striate.data.images import Preprocess
from striate.errors import DataError, SettingError


def collection(labels: list[str], **columns: list[str]) -> Collection:
    numbers = np.random.default_rng(0)
    classes = tuple(sorted(set(labels)))
    return Collection(
        source="list.csv",
        kind="csv",
        classes=classes,
        names=tuple(f"p{index}" for index in range(len(labels))),
        labels=np.array([classes.index(label) for label in labels]),
        splits=("",) * len(labels),
        columns={name: tuple(cells) for name, cells in columns.items()},
        content=numbers.integers(0, 256, (len(labels), 8, 8)).astype(np.uint8),
    )


def divide(data: Collection, groups: Groups, **options: float) -> Split:
    return split_stratified(data, load(data, Preprocess(1, 8, 8)), groups=groups, **options)  # type: ignore[arg-type]


def in_groups(of: list[int]) -> Groups:
    pairs = [(of.index(group), index, "patient=x") for index, group in enumerate(of)]
    return Groups.from_pairs(len(of), pairs, given=True)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=12, max_size=80),
    seed=st.integers(0, 99),
    fraction=st.floats(0.1, 0.5),
)
def test_groups_stay_whole_and_every_class_that_can_be_is_on_both_sides(
    rows: list[tuple[int, int]], seed: int, fraction: float
) -> None:
    data = collection([str(label) for label, _ in rows])
    if len(data.classes) < 2:
        return
    groups = in_groups([group for _, group in rows])
    try:
        split = divide(data, groups, seed=seed, fraction=fraction)
    except DataError as error:
        assert "single group" in str(error)
        return
    assert not set(groups.of[split.train]) & set(groups.of[split.val])
    assert sorted([*split.train, *split.val]) == list(range(len(data)))
    assert set(data.labels[split.train]) == set(data.labels)  # nothing is unlearnt
    said = " ".join(split.notes)
    for label, name in enumerate(data.classes):
        if label not in data.labels[split.val]:
            assert f"'{name}'" in said or "more" in said


def test_a_class_that_lots_leave_out_is_mended_where_a_group_can_be_spared() -> None:
    # scikit-learn 1.9's StratifiedGroupKFold leaves class b out of some folds, and does not say so
    labels = ["a"] * 40 + ["b"] * 20
    of = [index // 4 for index in range(40)] + [10] * 10 + [11] * 10
    for seed in range(20):
        split = divide(collection(labels), in_groups(of), seed=seed)
        held = split.collection.labels[split.val]
        assert (held == 0).sum() == 8
        assert (held == 1).sum() == 10  # half of it, as it has two groups: said
        assert any("20 to 50 % of each class" in note for note in split.notes)


def test_a_class_in_one_group_is_kept_to_train_on_and_that_is_said() -> None:
    labels = ["a"] * 20 + ["b"] * 6
    split = divide(collection(labels), in_groups([*range(20), *[20] * 6]))
    assert set(split.collection.labels[split.val]) == {0}
    said = "\n".join(split.notes)
    assert "1 class is a single group of images" in said
    assert "is 6 of the 6 images of 'b'" in said


def test_where_each_class_is_one_group_a_found_one_gives_way_and_a_given_one_is_refused() -> None:
    data = collection(["a"] * 10 + ["b"] * 10)
    given = in_groups([0] * 10 + [1] * 10)
    with pytest.raises(DataError, match="single group by the column"):
        divide(data, given)
    split = divide(data, replace(given, given=False))
    assert len(split.val) == 4
    assert "each class is a single group" in split.notes[0]


def test_a_patient_with_both_classes_is_drawn_for_both() -> None:
    labels = ["a", "b"] * 50
    of = [index // 10 for index in range(100)]
    split = divide(collection(labels), in_groups(of))
    held = split.collection.labels[split.val]
    assert (held == 0).sum() == (held == 1).sum() == 10


def test_without_groups_the_split_is_what_it_always_was() -> None:
    data = collection(["a", "b"] * 50)
    images = load(data, Preprocess(1, 8, 8))
    plain = split_stratified(data, images, seed=3)
    alone = split_stratified(data, images, seed=3, groups=Groups.alone(100))
    assert np.array_equal(plain.val, alone.val)
    assert plain.notes == alone.notes
    # drawn by hand from the rule: the lowest lots of each class
    import hashlib

    def lot(index: int) -> bytes:
        return hashlib.blake2b(f"3\0p{index}".encode(), digest_size=8).digest()

    lowest = [*sorted(range(0, 100, 2), key=lot)[:10], *sorted(range(1, 100, 2), key=lot)[:10]]
    assert plain.val.tolist() == sorted(lowest)


def test_a_column_groups_and_a_missing_one_is_told() -> None:
    data = collection(["a", "b", "a", "b"], patient=["x", "y", "x", " "], site=["1", "2", "3", "4"])
    groups = group_by_column(data, "patient")
    assert groups.of.tolist() == [0, 1, 0, 3]
    assert groups.why == ("patient=x", "", "patient=x", "")
    with pytest.raises(SettingError, match="has no column 'day' to group by; it has 'patient'"):
        group_by_column(data, "day")
    with pytest.raises(SettingError, match="no value of the column 'site'"):
        group_by_column(data, "site")


def test_groups_are_written_down_and_read_back(tmp_path: Path) -> None:
    data = collection(["a", "b"] * 10, group=["mine"] * 20)
    groups = in_groups([index // 4 for index in range(20)])
    split = divide(data, groups)
    write_split(tmp_path / "split.csv", data, split)
    rows = read_split(tmp_path / "split.csv")
    assert np.array_equal(recall_groups(rows, data).of, groups.of)
    assert {row.name for row in rows if row.split == "val"} == {
        data.names[index] for index in split.val
    }
    again = divide(data, recall_groups(rows, data))
    assert np.array_equal(again.val, split.val)


def test_what_older_runs_wrote_is_read() -> None:
    formats = Path(__file__).parents[1] / "formats"
    for path in sorted(formats.glob("*/*/split.csv")):
        rows = read_split(path)
        assert len(rows) == 1797
        assert not any(row.group for row in rows)
