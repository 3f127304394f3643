"""How many columns a terminal has, and texts broken at words so that they fit."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

from striate.terminal.escape import escape_controls

WIDEST = 100  # columns of a line where nothing says how many there are, and of prose always
NARROWEST = 40  # below this, tables would be all breaks

# a space that belongs to a number: "98.3 %", "1 min 4 s", "n = 360", "3.2 MB"
_WITHIN = re.compile(
    r"(?<=[\d.]) (?=(?:%|[kMG]?B|[nµm]?s|min|h|[kMG]|k?Wh|k?g)(?![\w/]))"
    r"|(?<=\d min) (?=\d+ s)|(?<=\d h) (?=\d+ min)"
    r"|(?<=\b[a-zA-Z]) (?=[<=>] ?-?\d)|(?<=\b[a-zA-Z] [<=>]) (?=-?\d)"
)
_KEPT = "\N{NO-BREAK SPACE}"


def find_width(stream: TextIO) -> int | None:
    """Return how many columns a terminal shows in a line; None of a file or a pipe.

    The variable COLUMNS says so first, then the terminal itself.

    Args:
        stream: such as `sys.stderr`.
    """
    if not stream.isatty():
        return None
    try:
        columns = _told() or os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return None
    return max(NARROWEST, columns)


def find_table_width() -> int:
    """Return how many columns a table may take: as COLUMNS or the terminal say, else 100."""
    return max(NARROWEST, _told() or find_width(sys.stdout) or WIDEST)


def _told() -> int:
    """Return what the variable COLUMNS says; 0 where it says nothing."""
    told = os.environ.get("COLUMNS", "")
    return int(told) if told.isdecimal() else 0


def find_prose_width() -> int:
    """Return how many columns prose may take: those of the terminal, at most 100."""
    return min(find_table_width(), WIDEST)


def count_columns(text: str) -> int:
    """Return how many columns a text takes: letters of Chinese, Japanese and Korean take two.

    >>> count_columns("cat"), count_columns("\u732b")
    (3, 2)
    """
    if text.isascii():
        return len(text)
    import unicodedata  # only where it is needed: the command line starts sooner

    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text up to a width with spaces, behind it or before it.

    >>> pad("cat", 5), pad("7", 3, right=True)
    ('cat  ', '  7')
    """
    space = " " * (width - count_columns(text))
    return space + text if right else text + space


def wrap(text: str, width: int | None = None, *, indent: str = "  ", first: str = "") -> str:
    """Break every line of a text at words; no word and no number is broken, however long.

    Args:
        text: of one or more lines, each of which keeps the spaces that it begins with.
        width: columns; None takes those of the terminal, at most 100.
        indent: stands before what follows a line's first row, behind the line's own spaces.
        first: stands before the very first row.

    >>> print(wrap("accuracy 98.3 % of 360 images", 24))
    accuracy 98.3 % of 360
      images
    >>> print(wrap("about 4 min 10 s, or more", 10, first="- "))
    - about
      4 min 10 s,
      or more
    """
    width = width or find_prose_width()
    rows: list[str] = []
    for line in text.split("\n"):
        words = _WITHIN.sub(_KEPT, line).split(" ")
        start = " " * (len(line) - len(line.lstrip(" ")))
        row, empty = ("" if rows else first) + start, True
        for word in words[len(start) :]:
            if not empty and count_columns(row) + 1 + count_columns(word) > width:
                rows.append(row)
                row, empty = start + indent, True
            row += word if empty else f" {word}"
            empty = False
        rows.append(row.rstrip(" "))
    return "\n".join(rows).replace(_KEPT, " ")


def shorten(text: str, width: int) -> str:
    """Cut a name to a width; its end, which tells files apart, is kept.

    >>> shorten("photos/holiday/beach.png", 12), shorten("cat.png", 12)
    ('...beach.png', 'cat.png')
    """
    if count_columns(text) <= width:
        return text
    end = escape_controls(text, longest=max(4, width))
    while count_columns(end) > width and len(end) > 4:
        end = "..." + end[4:]
    return end
