"""What ``make test`` tries, and what only ``make test-all`` has the time and memory for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

import pytest
from _pytest.mark import ParameterSet

LARGE: Final = {"alexnet", "alexnet2012", "vgg11", "vgg11_bn", "vgg16", "zfnet"} | {
    *("resnet101", "resnet152"),  # the blocks of resnet50, more of them
}
"""Networks of more than 40 million weights; nothing is in them that is in no other."""

THOROUGH: Final = "THOROUGH" in os.environ  # as `make test-all` sets it


def examples(most: int) -> int:
    """Say how many random examples to try: all, or a quarter."""
    return most if THOROUGH else most // 4


def slow_if(names: Iterable[str], slow: Iterable[str] = LARGE) -> list[ParameterSet]:
    """Give names to parametrize by, some of them for ``make test-all`` alone."""
    return [pytest.param(n, marks=pytest.mark.slow if n in set(slow) else ()) for n in names]
