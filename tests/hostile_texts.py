"""Hostile texts in every field of what a page shows, and a look at what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from html.parser import HTMLParser
from typing import Any, TypeVar

Value = TypeVar("Value")

HOSTILE = "</style></title><script>alert(1)</script>{{7*7}}\"'&amp;"
HARMLESS = "i" * len(HOSTILE)


class Poisoned:
    """Puts a hostile text before every text of a value.

    Attributes:
        before: what is put before it.
        kept: texts that stay as they are, since the program itself chooses among them.
        whole: what is left alone as a whole, since it is computed with.
    """

    def __init__(self, before: str, kept: set[str], *whole: type) -> None:
        self.before = before
        self.kept = kept
        self.whole = whole

    def __call__(self, value: Value) -> Value:
        """Give a copy with the text before every text in it."""
        made: Any = value
        if isinstance(value, self.whole):
            return value
        if isinstance(value, str) and value not in self.kept:
            made = self.before + value
        elif is_dataclass(value) and not isinstance(value, type):
            made = object.__new__(type(value))
            for one in fields(value):
                object.__setattr__(made, one.name, self(getattr(value, one.name)))
        elif isinstance(value, Mapping):
            made = {self(key): self(inner) for key, inner in value.items()}
        elif isinstance(value, tuple | list):
            made = type(value)(self(inner) for inner in value)
        return made  # type: ignore[no-any-return]


class Page(HTMLParser):
    """What a reader reads, and every tag with the names of its attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.kinds: set[tuple[str, str]] = set()
        self.words = ""
        self.told: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kinds |= {(tag, name) for name, _ in attrs} | {(tag, "")}
        self.told += [
            value or "" for name, value in attrs if name in ("alt", "title", "aria-label")
        ]

    def handle_data(self, data: str) -> None:
        self.words += data.replace("\xa0", " ")


def unharmed(harmless: str, hostile: str) -> Page:
    """Read a page with hostile texts, whose tags and attributes are those of the harmless ones."""
    page, other = Page(hostile), Page(harmless)
    assert page.kinds - {("wbr", "")} == other.kinds - {("wbr", "")}
    assert "<script" not in hostile
    assert hostile.count("</style>") == 1
    return page
