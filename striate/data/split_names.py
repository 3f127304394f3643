"""The names that say which split images belong to: of folders, files, arrays and columns."""

from __future__ import annotations

import re

SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
    "holdout": "test",
    "t10k": "test",
}
UNLABELED_WORDS = {
    "unlabelled", "unlabeled", "unsup", "pred", "predict", "prediction", "predictions", "inference",
}  # fmt: skip
WORDS_BESIDE = {
    "set", "data", "dataset", "seg", "image", "images", "img", "imgs", "photos", "pictures",
    "folder", "dir", "split", "part", "subset", "label", "labels", "annotations", "list",
    "metadata", "classes",
}  # fmt: skip


def name_split(name: str) -> str | None:
    """Return the split that a folder or list is named after, with nothing else in its name.

    Returns:
        "train", "val" or "test"; "" for images without labels; None where it is no such name.

    >>> [name_split(each) for each in ("Train", "seg_test", "trainset", "valid_data", "train_2017")]
    ['train', 'test', 'train', 'val', 'train']
    >>> name_split("seg_pred"), name_split("train_station"), name_split("images")
    ('', None, None)
    """
    words = _words(name)
    if len(words) == 1 and words[0] not in SPLIT_WORDS:
        words = re.sub(r"(set|data|images)?[0-9]*$", r" \1", words[0]).split()
    rest = [word for word in words if word not in WORDS_BESIDE]
    if len(rest) != 1:
        return None
    return "" if rest[0] in UNLABELED_WORDS else SPLIT_WORDS.get(rest[0])


def says_nothing(name: str) -> bool:
    """Return whether a folder is named as what holds images or lists, and so is no class.

    >>> says_nothing("images"), says_nothing("annotations"), says_nothing("cat_images")
    (True, True, False)
    """
    words = _words(name)
    return bool(words) and all(word in WORDS_BESIDE for word in words)


def _words(name: str) -> list[str]:
    words = re.split(r"[\W_]+", name.lower())
    return [word for word in words if word and not word.isdecimal()]


def find_split(name: str) -> str:
    """Return the split of which a name speaks, whatever else it says; "" where it does not.

    >>> find_split("t10k-images-idx3-ubyte.gz"), find_split("usps_train.npz"), find_split("x")
    ('test', 'train', '')
    """
    words = re.split(r"[^a-z0-9]+", name.lower())
    found = {SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS}
    return found.pop() if len(found) == 1 else ""
