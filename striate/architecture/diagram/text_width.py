"""How wide a text will be, before there is a screen to measure it on."""

from __future__ import annotations

from collections.abc import Iterable

NARROW, WIDE = frozenset("ijl.,:;|'()[] !/"), frozenset("mwMWÄÖ@%&—×→")


def text_width(text: str, size: float) -> float:
    """Estimate the width of a line, on the wide side for the sans-serif fonts of browsers.

    Args:
        text: one line.
        size: of the letters, in the same unit as the result.

    >>> text_width("conv 3×3", 10) < text_width("convolution", 10)
    True
    """
    return size * sum(_share(letter) for letter in text)


def _share(letter: str) -> float:
    if letter in NARROW:
        return 0.38
    if letter in WIDE:
        return 0.92
    return 0.7 if letter.isupper() or not letter.isascii() else 0.62


def wrap_text(words: Iterable[str], size: float, width: float) -> list[str]:
    """Break words over lines no wider than that, where no single word is.

    >>> wrap_text(["1×1,", "7×1,", "1×7,", "7×1"], 10, 60)
    ['1×1, 7×1,', '1×7, 7×1']
    """
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
