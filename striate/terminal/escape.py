"""Texts from outside (names of files and classes) made fit for a screen, in one row."""

from __future__ import annotations

_UNFIT = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, separators
_TURNING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def escape_controls(text: str, *, longest: int = 0, lines: bool = False) -> str:
    r"""Show what a terminal would obey, and what no encoding holds, as it is written in Python.

    Line breaks, escape sequences, the halves of characters that stand for bytes that are no
    UTF-8, and the marks that turn the writing direction become visible; all else stays.

    Args:
        text: any text.
        longest: cut to so many characters, where it is above 0; the end, which tells files
            apart, is kept.
        lines: keep line breaks.

    >>> print(escape_controls("two\nlines, caf\udce9"))
    two\nlines, caf\udce9
    >>> escape_controls("photos/holiday/beach.png", longest=12)
    '...beach.png'
    """
    if not text.isprintable():
        text = "".join(
            letter if _is_fit(letter) or (lines and letter == "\n") else _escape(letter)
            for letter in text
        )
    return text if not 0 < longest < len(text) else "..." + text[len(text) - longest + 3 :]


def _is_fit(letter: str) -> bool:
    import unicodedata  # only where a text holds anything odd: the command line starts sooner

    return unicodedata.category(letter) not in _UNFIT and letter not in _TURNING


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
