"""What a mistyped or foreign name was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from striate.architecture.words import JOINS, WORDS

# What other libraries and papers call the words.
FOREIGN: Final = {
    **{alias: kind.word for kind in WORDS.values() for alias in kind.aliases},
    **{alias: kind.word for kind in JOINS.values() for alias in kind.aliases},
}
FOREIGN_VALUES: Final = {"true": "yes", "false": "no", "replicate": "edge", "none": "no"}


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that was probably meant, or None.

    >>> suggestion("strid", ["stride", "pad"]), suggestion("x", ["stride", "pad"])
    ('stride', None)
    """
    if len(name) < 3:  # too short to tell a slip from another name
        return next((candidate for candidate in known if candidate.lower() == name.lower()), None)
    close = {candidate.lower(): candidate for candidate in known}
    from difflib import get_close_matches

    found = get_close_matches(name.lower(), close, n=1, cutoff=0.6)
    return close[found[0]] if found else None


def word_meant(name: str, blocks: Iterable[str]) -> str | None:
    """Give the word or block that was probably meant, as it is to be written, or None.

    >>> word_meant("cnv", []), word_meant("BatchNorm2d", []), word_meant("maxpool2", [])
    ('conv', 'bn', 'maxpool 2')
    """
    blocks = list(blocks)
    glued = re.fullmatch(r"([A-Za-z]+?)_?([0-9]+(?:x[0-9]+)?)", name)
    if glued and glued[1].lower() in WORDS:
        return f"{glued[1].lower()} {glued[2]}"
    plain = re.sub(r"_|[123]?d$", "", name.lower())
    if plain in WORDS or plain in JOINS:
        return plain
    if plain in FOREIGN:
        return FOREIGN[plain]
    foreign = suggestion(plain, FOREIGN)
    near = suggestion(name, [*blocks, *WORDS, *JOINS, "input"])
    return near or (FOREIGN[foreign] if foreign else None)


def value_meant(name: str, known: Iterable[str]) -> str | None:
    """Give the value that was probably meant, or None.

    >>> value_meant("True", []), value_meant("sane", ["same"])
    ('yes', 'same')
    """
    return FOREIGN_VALUES.get(name.lower()) or suggestion(name, known)


def shorten(text: str) -> str:
    """Keep what an error message quotes readable."""
    return text if len(text) <= 40 else f"{text[:37]}..."
