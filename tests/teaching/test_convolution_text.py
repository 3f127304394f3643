"""Images and kernels written as text: what is read, and what is said where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.errors import SettingError
from striate.teaching.convolution import FILTERS, Filter, is_grid, parse_image, parse_pool
from striate.teaching.convolution.number_grids import parse_kernels
from striate.teaching.convolution.number_text import (
    format_grid,
    format_number,
    format_weight,
    to_plain,
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("010/101", [[0, 1, 0], [1, 0, 1]]),
        ("010\n101\n", [[0, 1, 0], [1, 0, 1]]),
        ("\ufeff0 1\r\n\r\n10 -1.5\r\n", [[0, 1], [10, -1.5]]),
        ("0,1\n255,2", [[0, 1], [255, 2]]),
        ("0;1\n255;2", [[0, 1], [255, 2]]),
        ("0 1; 2 3;", [[0, 1], [2, 3]]),
        ("0 1 / 2 3", [[0, 1], [2, 3]]),
        ("1e2 .5", [[100, 0.5]]),
        ("\u22121 2", [[-1, 2]]),
        ("7", [[7]]),
    ],
)
def test_a_image_is_read(text: str, rows: list[list[float]]) -> None:
    assert parse_image(text).tolist() == rows


@pytest.mark.parametrize(
    ("text", "kernels"),
    [
        ("0 0 1; 1 0 0; 0 1 1", [[[0, 0, 1], [1, 0, 0], [0, 1, 1]]]),
        ("001/100/011", [[[0, 0, 1], [1, 0, 0], [0, 1, 1]]]),
        ("01/10", [[[0, 1], [1, 0]]]),
        ("1/4", [[[0.25]]]),
        ("1/4 -1/2; +1 .5", [[[0.25, -0.5], [1, 0.5]]]),
        ("1 2 / 3 4", [[[1, 2], [3, 4]]]),
        ("1, 2\n3, 4", [[[1, 2], [3, 4]]]),
        ("1; 2; 1", [[[1], [2], [1]]]),
        ("1 2 | 3 4", [[[1, 2]], [[3, 4]]]),
        ("0.5/2", [[[0.25]]]),
    ],
)
def test_kernels_are_read(text: str, kernels: list[list[list[float]]]) -> None:
    assert parse_kernels(text).tolist() == kernels


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the image is empty; give rows"),
        ("010/10", r"row 2 of the image has 2 digits \(without blanks .*\), but row 1 has 3"),
        ("1 2/3", "row 2 of the image has 1 number, but row 1 has 2"),
        ("1 2//3 4", "row 2 of the image is empty"),
        ("1,2\n3,x", "row 2, number 2 of the image is 'x'; expected a number such as 1 or -0.5"),
        ("1,,2", "row 1, number 2 of the image is ''"),
        ("1 nan", "row 1, number 2 of the image is 'nan'"),
        ("1 1e999", "row 1, number 2 of the image is '1e999', too large"),
    ],
)
def test_says_where_a_image_goes_wrong(text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        parse_image(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the kernel is empty"),
        ("1 2; 3", "row 2 of the kernel has 1 number, but row 1 has 2; give each row as many"),
        ("1 2; 3 a", "row 2, number 2 of the kernel is 'a'; .* 1, -0.5 or 1/9"),
        ("1 1/0", "row 1, number 2 of the kernel is '1/0', a division by zero"),
        ("1 2 | 3", "kernel 1 is 1x2, but kernel 2 is 1x1; .* need one size"),
        ("1 2 |", "kernel 2 is empty"),
        ("sobelx", "no filter 'sobelx'; did you mean 'sobel-x'"),
        ("relu", "no filter 'relu'; expected numbers such as .* or one of identity, sharpen"),
    ],
)
def test_says_where_a_filter_goes_wrong(text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        Filter.of(text)


def test_says_what_array_is_no_kernel() -> None:
    for wrong, said in (
        (np.zeros(3), r"shape \(3,\)"),
        ([[1, 2], [3]], "rows differ in length"),
        (np.zeros((1, 0)), r"shape \(1, 0\)"),
        ([[np.inf]], "not finite"),
        (np.zeros((1, 1025)), "1x1025; expected at most 1024x1024"),
    ):
        with pytest.raises(SettingError, match=said):
            Filter.of(wrong)
    with pytest.raises(SettingError, match="the bias is nan"):
        Filter.of("1", bias=float("nan"))


def test_names_are_taken_with_blanks_and_capitals() -> None:
    assert Filter.of("Gaussian Blur") is FILTERS["gaussian-blur"]
    assert Filter.of("sobel_x", bias=2).bias == 2


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("max", "maxpool 2 ceil=yes"),
        ("2", "maxpool 2 ceil=yes"),
        ("AVG 3", "avgpool 3 ceil=yes"),
        ("sumpool 2x3 stride=1 ceil=no", "sumpool 2x3 stride=1"),
    ],
)
def test_pooling_is_read(text: str, meant: str) -> None:
    assert str(parse_pool(text)) == meant


@pytest.mark.parametrize(
    "text", ["", "min", "max 2 2", "max two", "max -1", "max 0", "max 2 stride=0"]
)
def test_says_what_is_no_pooling(text: str) -> None:
    with pytest.raises(SettingError, match=r"the pooling is|must be at least 1"):
        parse_pool(text)


def test_a_file_s_name_is_no_grid() -> None:
    assert not any(map(is_grid, ("cat.png", "smile", "", "/", "a/b")))
    assert all(map(is_grid, ("010/101", "1 2\n3 4", "-1.5, 2")))


@given(st.floats(-1e9, 1e9, allow_nan=False))
def test_numbers_are_written_short_and_near(value: float) -> None:
    for text in (format_number(value), format_weight(value)):
        top, _, bottom = text.partition("/")
        assert len(text) <= 13
        assert float(top) / float(bottom or 1) == pytest.approx(value, rel=1e-5)
    assert format_weight(value / 7).count("/") <= 1


def test_grids_are_aligned_and_rounded_alike() -> None:
    assert format_grid(np.array([[1.0, -22.0], [333.0, 4.0]])) == ["  1 -22", "333   4"]
    assert format_grid(np.array([[0.25, -10.0]])) == ["  0.25 -10.00"]
    assert format_grid(np.array([[6.5]])) == ["6.5"]
    assert format_grid(np.array([[-0.0, 0.0]])) == ["0 0"]
    assert to_plain(np.array([[-0.0, 2.0]])) == [[0, 2]]


@given(st.lists(st.lists(st.integers(-99, 999), min_size=3, max_size=3), min_size=1, max_size=4))
def test_what_is_written_is_read_again(rows: list[list[int]]) -> None:
    text = "\n".join(" ".join(map(str, row)) for row in rows)
    assert parse_image(text).tolist() == rows
    assert parse_kernels(text).tolist() == [rows]
