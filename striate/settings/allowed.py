"""What some settings may be."""

from __future__ import annotations

import re

FITS = ("pad", "squash", "crop")
CLASS_WEIGHTS = ("auto", "none", "sqrt", "full", "sampling")
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = (
    "auto",
    "float32",
    "bf16",
    "float32-channels-first",
    "float32-channels-last",
    "bf16-channels-last",
)
COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def is_whole(value: object) -> bool:
    """Say whether a value is a whole number, and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool)
