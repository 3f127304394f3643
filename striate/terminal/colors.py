"""Right, wrong and unsure in the colours of a terminal, where it has any."""

from __future__ import annotations

import os
import sys
from typing import Literal, TextIO

Mark = Literal["right", "wrong", "unsure", ""]

_CODES: dict[Mark, str] = {"right": "32", "wrong": "31", "unsure": "33"}  # green, red, yellow


def has_colors(stream: TextIO | None = None) -> bool:
    """Return whether a stream shows colours: a terminal that is not dumb, unless NO_COLOR is set.

    Args:
        stream: None asks for `sys.stdout`.

    Source: https://no-color.org.
    """
    stream = sys.stdout if stream is None else stream
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def paint(text: str, mark: Mark) -> str:
    r"""Colour a text as what it tells of; the words around it must say the same.

    >>> paint("bees", "wrong"), paint("bees", "")
    ('\x1b[31mbees\x1b[0m', 'bees')
    """
    return f"\x1b[{_CODES[mark]}m{text}\x1b[0m" if mark else text
