"""Which words of the field a page does not explain where they first stand."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from striate.render.glossary import TERMS

LEFT = {
    "a",
    "summary",
    "h1",
    "h2",
    "h3",
    "h4",
    "code",
    "pre",
    "bdi",
    "dfn",
    "svg",
    "style",
    "nav",
    "title",
}


class Reader(HTMLParser):
    """The text of a page, and which of it is linked to a word's explanation."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.left = 0
        self.link = ""
        self.links: dict[int, str] = {}  # where it begins: the id it leads to
        self.ids: set[str] = set()
        self.tips: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.ids.add(said.get("id") or "")
        if said.get("class") == "term":
            self.links[len(self.text)] = (said["href"] or "")[1:]
            self.tips.append(said["title"] or "")
            self.link = tag
        elif tag in LEFT:
            self.left += 1
        elif tag not in {"wbr", "b", "i", "span", "em", "strong"}:
            self.text += "\n|\n"

    def handle_endtag(self, tag: str) -> None:
        if tag == self.link:
            self.link = ""
        elif tag in LEFT:
            self.left -= 1
            self.text += "\n|\n"

    def handle_data(self, data: str) -> None:
        self.text += "\n|\n" if self.left else data


def unexplained(page: str) -> list[str]:
    """Name the words that stand in a page and are not explained at the first place, and say why."""
    read = Reader(page)
    body = read.text.partition("\n|\nMade by Striate")[0]
    taken = [False] * len(body)
    missing = []
    for term in sorted(TERMS, key=lambda each: -len(each.name)):
        free = re.finditer(rf"(?<![\w-])(?:{term.pattern})(?![\w-])", body, re.IGNORECASE)
        places = [found.span() for found in free if not any(taken[slice(*found.span())])]
        for start, end in places:
            taken[start:end] = [True] * (end - start)
        if places and read.links.get(places[0][0]) != f"word-{term.anchor}":
            missing.append(f"{term.name}: {body[max(0, places[0][0] - 40) : places[0][1] + 10]!r}")
        if places and f"word-{term.anchor}" not in read.ids:
            missing.append(f"{term.name} is not in the glossary")
    return missing + [f"{tip!r} is no line" for tip in read.tips if not 20 < len(tip) < 110]
