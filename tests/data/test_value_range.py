"""Arrays are scaled by one rule, told by their range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.data.images import read
from striate.data.images.value_range import find_black_and_white, to_uint8


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.booleans())
def test_values_are_never_clipped(one: float, other: float, whole: bool) -> None:
    low, high = sorted((one, other))
    ends = find_black_and_white(low, high, whole=whole)
    if ends is not None:
        assert ends[0] <= low
        assert high <= ends[1]


def test_sixteen_bits_are_divided_by_257_and_rounded() -> None:
    values = np.arange(65536).reshape(256, 256)
    assert np.array_equal(to_uint8(values, 0.0, 65535.0), np.rint(values / 257))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[False, True]]), [0, 255]),
        (np.array([[0, 1]]), [0, 255]),
        (np.array([[-1.0, 0.0, 1.0]]), [0, 128, 255]),
        (np.array([[0, 128, 255]], np.int64), [0, 128, 255]),
        (np.array([[0, 128, 255]], np.uint16), [0, 128, 255]),
        (np.array([[0.0, 127.5, 255.0]], np.float32), [0, 128, 255]),
        (np.array([[0, 257, 65535]], np.int32), [0, 1, 255]),
        (np.array([[0, 0]], np.float64), [0, 0]),
    ],
)
def test_an_array_is_read_by_its_range(values: np.ndarray, expected: list[int]) -> None:
    assert read(values)[0, :, 0].tolist() == expected
