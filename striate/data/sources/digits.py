"""The embedded default: scikit-learn's 1,797 handwritten digits, grey 8x8, ten classes.

They are the test split of the UCI set "Optical Recognition of Handwritten Digits"
(https://archive.ics.uci.edu/dataset/80). Which of them are the test split here is written down in
digits_test.json, made once by the rule of `choose_test_split`.
"""

from __future__ import annotations

import json
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from striate.data.collection import Collection, encode_labels


def choose_test_split(labels: np.ndarray) -> list[int]:
    """Choose a stratified fifth: of each class, in the order of the data, every fifth image.

    The first of each class taken is its fifth. The result is what digits_test.json holds.

    >>> choose_test_split(np.array([7] * 5 + [3] * 11))
    [4, 9, 14]
    """
    chosen = [np.flatnonzero(labels == each)[4::5] for each in np.unique(labels)]
    return sorted(int(index) for indices in chosen for index in indices)


def find_digits() -> Collection:
    """Return the 1,797 digits, the test split marked; values 0..16 become 0..255."""
    values, digits = _read()
    pixels = np.floor(values * (255 / 16) + 0.5).astype(np.uint8)  # (1797, 8, 8)
    classes, labels = encode_labels([str(digit) for digit in digits.tolist()])
    written = (
        resources.files("striate.data.sources").joinpath("digits_test.json").read_text("utf-8")
    )
    test = set(json.loads(written)["test"])
    return Collection(
        source="digits",
        kind="digits",
        classes=classes,
        names=tuple(f"digits/{index:04d}" for index in range(len(pixels))),
        labels=labels,
        splits=tuple("test" if index in test else "train" for index in range(len(pixels))),
        content=pixels,
    )


def _read() -> tuple[np.ndarray, np.ndarray]:
    """Return the images (1797, 8, 8) and what they show, from scikit-learn's own file.

    To import scikit-learn, which is what its `load_digits` takes, takes as long as to learn them.
    """
    spec = find_spec("sklearn")
    folders = [] if spec is None else spec.submodule_search_locations or []
    for folder in folders:
        file = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            table = np.loadtxt(file, delimiter=",", dtype=np.int64)
            return table[:, :-1].reshape(-1, 8, 8), table[:, -1]
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images, bunch.target
