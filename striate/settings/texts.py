"""Settings that are given as texts on a command line."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from striate.errors import SettingError

ImageSize = int | tuple[int, int]
Unfreeze = int | Literal["all"]

FEWEST_SEEDS, MOST_SEEDS = 3, 100  # the interval of two leaves nothing out: t is 12.7


def parse_size(text: str) -> ImageSize:
    """Return the image size that a text names.

    Raises:
        SettingError: it names none.

    >>> parse_size("128"), parse_size("96x128")
    (128, (96, 128))
    """
    match = re.fullmatch(r"\s*(\d{1,4})(?:\s*[xX]\s*(\d{1,4}))?\s*", text)
    if match is None:
        raise SettingError(
            f"image size is '{text}'; expected rows, or rows x columns, of 4 to 9999 pixels, as "
            "128 or 96x128"
        )
    rows, columns = int(match[1]), match[2]
    return rows if columns is None else (rows, int(columns))


def parse_unfreeze(text: str) -> Unfreeze:
    """Return the number of layers that a text names, or "all".

    Raises:
        SettingError: it is neither.

    >>> parse_unfreeze("2"), parse_unfreeze("all")
    (2, 'all')
    """
    if text == "all":
        return "all"
    if not re.fullmatch("[1-9][0-9]{0,3}", text):
        raise SettingError(f"unfreeze is '{text}'; expected a number of layers from 1 on, or all")
    return int(text)


def check_device(asked: str) -> None:
    """Make sure that a device may be here, as far as can be told without loading torch.

    Raises:
        SettingError: no torch that is installed could find it.

    >>> check_device("cpu")
    """
    if asked == "mps" and sys.platform != "darwin":
        raise missing_device(asked)
    with suppress(PackageNotFoundError):
        if asked == "cuda" and (sys.platform == "darwin" or version("torch").endswith("+cpu")):
            raise missing_device(asked)


def missing_device(asked: str) -> SettingError:
    """Return what is said of a device that torch does not find."""
    return SettingError(
        f"device is '{asked}', and torch finds none here; choose auto, or install a torch "
        "that is built for it"
    )


def check_seeds(seeds: int) -> int:
    """Return how many seeds are to be trained with: enough that their mean has an interval.

    Raises:
        SettingError: they are too few or too many.

    >>> check_seeds(2)
    Traceback (most recent call last):
    striate.errors.SettingError: seeds is 2; expected a whole number from 3 to 100
    """
    if not FEWEST_SEEDS <= seeds <= MOST_SEEDS:
        raise SettingError(
            f"seeds is {seeds}; expected a whole number from {FEWEST_SEEDS} to {MOST_SEEDS}"
        )
    return seeds
