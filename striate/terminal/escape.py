"""Texts from outside (names of files and classes) made fit for a screen, in one row."""

from __future__ import annotations

from collections.abc import Iterable

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


def shorten_distinctly(texts: Iterable[str], longest: int) -> dict[str, str]:
    """Cut texts to so many characters, and no two of them to the same.

    As much as tells them apart is kept of the beginning, the rest of the end; a number stands
    before those that only the middle tells apart.

    >>> shorten_distinctly(["photos/holiday/beach.png", "photos/work/beach.png"], 14)
    {'photos/holiday/beach.png': '...y/beach.png', 'photos/work/beach.png': '...k/beach.png'}
    >>> list(shorten_distinctly(["american robin", "european robin"], 10).values())
    ['a... robin', 'e... robin']
    """
    whole = {text: escape_controls(text) for text in texts}

    def cut(text: str, begin: str) -> str:
        rest = longest - 3 - len(begin)
        return text if len(text) <= longest else f"{begin}...{text[len(text) - rest :]}"

    for kept in range(longest - 3):
        found = {name: cut(text, text[:kept]) for name, text in whole.items()}
        if len(set(found.values())) == len(found):
            return found
    return {name: cut(text, str(place)) for place, (name, text) in enumerate(whole.items(), 1)}


def _is_fit(letter: str) -> bool:
    import unicodedata  # only where a text holds anything odd: the command line starts sooner

    return unicodedata.category(letter) not in _UNFIT and letter not in _TURNING


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
