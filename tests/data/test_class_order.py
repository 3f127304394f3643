"""The order of classes is the one that others give them, so that an index means the same class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
import torchvision_oracle
from torch.utils.data import Dataset

from striate.data import find
from striate.data.collection import encode_labels, order_as_before, sort_numbers

NAMES = ("1", "2", "10", "b", "A", "a1", "a10", "a9", "Z", "é", "z", "猫")


def folders(root: Path, *names: str) -> Path:
    """Make a folder of two images for each name."""
    for number, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for each in range(2):
            drawn.image("disc", 2 * number + each).save(root / name / f"{each}.png")
    return root


def test_folders_have_the_order_of_torchvision(tmp_path: Path) -> None:
    folders(tmp_path, *NAMES)
    folder = torchvision_oracle.torchvision().datasets.ImageFolder(str(tmp_path))
    found = find(tmp_path)
    assert list(found.classes) == folder.classes
    theirs = {Path(path).relative_to(tmp_path).as_posix(): label for path, label in folder.samples}
    assert dict(zip(found.names, found.labels.tolist(), strict=True)) == theirs


def test_folders_have_the_order_of_scikit_learn(tmp_path: Path) -> None:
    from sklearn.preprocessing import LabelEncoder

    assert list(encode_labels(NAMES)[0]) == LabelEncoder().fit(list(NAMES)).classes_.tolist()


def test_numbers_in_arrays_and_lists_keep_the_order_of_numbers(tmp_path: Path) -> None:
    x = np.zeros((3, 8, 8), np.uint8)
    np.savez(tmp_path / "set.npz", x=x, y=np.array([10, 2, 1]))
    assert find(tmp_path / "set.npz").classes == ("1", "2", "10")
    assert find((x, [10, 2, 1])).classes == ("1", "2", "10")
    files = sorted(folders(tmp_path / "images", "a", "b").rglob("*.png"))[:3]
    rows = [f"{path},{label}" for path, label in zip(files, (10, 2, 1), strict=True)]
    (tmp_path / "images" / "list.csv").write_text("\n".join(["path,label", *rows]))
    assert find(tmp_path / "images" / "list.csv").classes == ("1", "2", "10")
    assert sort_numbers(["9" * 5000]) == ()  # no index, and too long for int()


class Numbered(Dataset[tuple[np.ndarray, int]]):
    """Images whose labels are places in a list of its own, as torchvision's are."""

    classes = ("trouser", "ankle boot", "bag", "shirt")

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        return np.zeros((8, 8), np.uint8), (3, 0, 1)[index]


def test_a_dataset_s_own_order_is_kept() -> None:
    found = find(Numbered())
    assert found.classes == ("trouser", "ankle boot", "shirt")
    assert found.labels.tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (("1", "2", "10"), ("1", "2", "10")),  # as it was until 29 November 2026
        (("1", "10", "2"), ("1", "10", "2")),
        (("2", "10"), ("1", "2", "10")),  # a class that had no image to learn from
        (("10", "2"), ("1", "10", "2")),
        (("10", "1", "2"), ("10", "1", "2")),
        (("2", "3"), ("1", "10", "2")),  # other classes: told where the two are compared
    ],
)
def test_a_run_goes_on_with_its_own_order(
    tmp_path: Path, before: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    found = find(folders(tmp_path, "1", "2", "10"))
    assert found.classes == ("1", "10", "2")
    again = order_as_before(found, before)
    assert again.classes == expected
    for name, label in zip(again.names, again.labels.tolist(), strict=True):
        assert again.classes[label] == Path(name).parent.name
    assert again.names == found.names
    assert order_as_before(replace(again), expected).labels.tolist() == again.labels.tolist()
