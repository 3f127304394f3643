"""Text read as a grid of numbers: a small image, or the kernels of a filter.

A row of digits without blanks or commas is a row of single digits, ``0100010``; otherwise
numbers stand between blanks or commas. In a file each line is a row; on one line ``/`` or
``;`` ends a row. In kernels ``1/9`` is a fraction, so there rows end with ``;``, with a
line, or with `` / `` between blanks; ``001/100/011`` is read as three rows all the same.
"""

from __future__ import annotations

import math
import re

import numpy as np

from striate.errors import SettingError

DECIMAL = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
NUMBER = re.compile(rf"({DECIMAL})(?:/({DECIMAL}))?")
ROWS_OF_DIGITS = re.compile(r"[0-9]+(/[0-9]+){2,}|([0-9]{2,})/([0-9]{2,})")
ONLY_NUMBERS = re.compile(r"[0-9\s,;/.eE+\-\u2212]*")


def is_grid(text: str) -> bool:
    """Return whether a text can be meant as a grid and not as a file's name.

    >>> is_grid("010/101"), is_grid("0 1; 1 0"), is_grid("cat.png")
    (True, True, False)
    """
    return bool(ONLY_NUMBERS.fullmatch(text)) and any(letter.isdigit() for letter in text)


def parse_image(text: str, *, digits: bool = True) -> np.ndarray:
    r"""Read an image written as text, as float64 (rows, columns).

    Args:
        text: the rows.
        digits: whether rows without blanks and commas are single digits; in a table's file,
            such as CSV, they are numbers.

    Raises:
        SettingError: it is empty or ragged, or holds something else than numbers.

    >>> parse_image("010/101").tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    >>> parse_image("12 0\n255 7").tolist()
    [[12.0, 0.0], [255.0, 7.0]]
    """
    return parse_numbers(split_image_rows(text), "the image", fractions=False, digits=digits)


def split_image_rows(text: str) -> list[str]:
    """Split the text of an image into the texts of its rows."""
    lines = split_lines(text)
    if len(lines) > 1:
        return [line.replace(";", ",") for line in lines]
    return re.split(r"[/;]", lines[0].rstrip("/; ")) if lines else []


def explain_digits(rows: list[str]) -> str:
    """Describe that rows were read as single digits; empty where they were not.

    >>> explain_digits(["10", "16"])
    'read as single digits, 2x2; numbers need blanks or commas between them'
    >>> explain_digits(["1 0", "1 6"]), explain_digits(["7"])
    ('', '')
    """
    rows = [row.strip() for row in rows]
    if not are_digits(rows) or max(map(len, rows)) < 2:
        return ""
    many = f"{len(rows)}x{len(rows[0])}"
    return f"read as single digits, {many}; numbers need blanks or commas between them"


def are_digits(rows: list[str]) -> bool:
    """Return whether rows are nothing but digits.

    >>> are_digits(["010", "101"]), are_digits(["0 1", "10"])
    (True, False)
    """
    return bool(rows) and all(re.fullmatch(r"[0-9]+", row) for row in rows)


def parse_kernels(text: str) -> np.ndarray:
    """Read the kernels of a filter, as float64 (kernels, rows, columns).

    Args:
        text: one kernel, or one for each channel with ``|`` between them.

    Raises:
        SettingError: one is empty or ragged, holds something else than numbers, or they differ
            in size.

    >>> parse_kernels("1/9 -0.5; 0 2").tolist()
    [[[0.1111111111111111, -0.5], [0.0, 2.0]]]
    >>> parse_kernels("0 1; 2")
    Traceback (most recent call last):
    striate.errors.SettingError: row 2 of the kernel has 1 number, but row 1 has 2; give each ...
    """
    parts = text.split("|")
    names = ["the kernel"] if len(parts) == 1 else [f"kernel {n + 1}" for n in range(len(parts))]
    kernels = [
        parse_numbers(split_kernel_rows(part), name, fractions=True)
        for part, name in zip(parts, names, strict=True)
    ]
    for name, kernel in zip(names, kernels, strict=True):
        if kernel.shape != kernels[0].shape:
            raise SettingError(
                f"kernel 1 is {describe_size(kernels[0])}, but {name} is {describe_size(kernel)}; "
                "the kernels of one filter need one size"
            )
    return np.stack(kernels)


def split_kernel_rows(text: str) -> list[str]:
    """Split the text of one kernel into the texts of its rows."""
    lines = split_lines(text)
    if len(lines) != 1:
        return [row for line in lines for row in line.rstrip("; ").split(";")]
    line = lines[0].rstrip("; ")
    if ";" in line:
        return line.split(";")
    if ROWS_OF_DIGITS.fullmatch(line):
        return line.split("/")
    return re.split(r"\s/\s", line)


def split_lines(text: str) -> list[str]:
    """Return the lines that hold something, without a byte order mark or a typographic minus."""
    even = text.replace("\ufeff", "").replace("\u2212", "-")
    return [line.strip() for line in even.splitlines() if line.strip()]


def parse_numbers(
    rows: list[str], what: str, *, fractions: bool, digits: bool = True
) -> np.ndarray:
    """Read the texts of rows as numbers, all rows of one length."""
    rows = [row.strip() for row in rows]
    if not any(rows):
        raise SettingError(f"{what} is empty; give rows of numbers, such as '0 1 0; 1 -4 1; 0 1 0'")
    digits = digits and are_digits(rows)
    read: list[list[float]] = []
    for place, row in enumerate(rows, start=1):
        cells = list(row) if digits else split_cells(row)
        if not cells:
            raise SettingError(f"row {place} of {what} is empty; leave it out, or fill it")
        read.append(
            [
                parse_value(cell, f"row {place}, number {column} of {what}", fractions=fractions)
                for column, cell in enumerate(cells, start=1)
            ]
        )
        if len(read[-1]) != len(read[0]):
            raise SettingError(
                f"row {place} of {what} has {describe_count(len(read[-1]), digits)}, "
                f"but row 1 has {len(read[0])}; give each row as many"
            )
    return np.array(read, dtype=np.float64)


def split_cells(row: str) -> list[str]:
    """Split a row at its commas, or else at its blanks."""
    if "," in row:
        return [cell.strip() for part in row.split(",") for cell in (part.split() or [""])]
    return row.split()


def parse_value(text: str, where: str, *, fractions: bool) -> float:
    """Read one number: whole, decimal or, where they may stand, a fraction."""
    found = NUMBER.fullmatch(text)
    expected = "a number such as 1, -0.5 or 1/9" if fractions else "a number such as 1 or -0.5"
    if found is None or (found[2] and not fractions):
        raise SettingError(f"{where} is '{text[:40]}'; expected {expected}")
    if found[2] and float(found[2]) == 0:
        raise SettingError(f"{where} is '{text[:40]}', a division by zero; expected {expected}")
    value = float(found[1]) / float(found[2] or 1)
    if not math.isfinite(value):
        raise SettingError(f"{where} is '{text[:40]}', too large; expected {expected}")
    return value


def describe_count(count: int, digits: bool) -> str:
    """Write how many numbers there are; the rule on digits is told where it was taken.

    >>> describe_count(1, False), describe_count(3, True)
    ('1 number', '3 digits (without blanks or commas each digit is a number)')
    """
    if digits:
        word = "digit" if count == 1 else "digits"
        return f"{count} {word} (without blanks or commas each digit is a number)"
    return f"{count} number" + "s" * (count != 1)


def describe_size(values: np.ndarray) -> str:
    """Write the rows and columns of an array: 3x5."""
    return f"{values.shape[-2]}x{values.shape[-1]}"
