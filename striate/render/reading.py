"""What a reader needs of a page's text: words explained where they first stand, whole numbers.

Works on markup that is ready, text by text, so that no template has to think of it. Names stand in
`<bdi>`, programs in `<code>` and `<pre>`: these are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from striate.render.glossary import TERMS, Term

_PIECES = re.compile(r"<!--.*?-->|<(svg|style)\b.*?</\1>|</?([a-z][a-z0-9]*)[^>]*>", re.DOTALL)
_LITERAL = {"code", "pre", "bdi"}  # what is shown as it is
_NAMED = {
    "a",
    "summary",
    "h1",
    "h2",
    "h3",
    "h4",
    "dfn",
}  # and where no link to an explanation stands
_WORDS = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(
        f"(?P<t{place}>{term.pattern})"
        for place, term in sorted(enumerate(TERMS), key=lambda each: -len(each[1].name))
    )
    + r")(?![\w-])",
    re.IGNORECASE,
)
_NUMBERS = re.compile(
    r"(?P<minus>(?<![^\s(\[+,=×])-(?=\.?\d)|(?<=\de)-(?=\d))"
    r"|(?<=\d)(?:\s|&nbsp;)*(?P<sign>%)"
    r"|(?<=\d)(?:\s|&nbsp;)(?P<times>×)\s(?=\d)"
)


@dataclass(frozen=True)
class Explained:
    """Parts of a page with their words explained.

    Attributes:
        parts: the markup, in the order in which it was given.
        glossary: (word, explanation as markup) of those that stand in it and in the explanations
            of these, in alphabetical order.
    """

    parts: tuple[Markup, ...]
    glossary: tuple[tuple[Term, Markup], ...]


def explain_words(parts: Sequence[str]) -> Explained:
    """Link each word of the field, where it first stands, to its explanation; keep numbers whole.

    Headings, links, names and programs have no such links: the next place counts.

    Args:
        parts: markup in the order in which it is read.

    >>> found = explain_words(["<bdi>logit</bdi> is -0.5", "<p>The logit, 90.2%.</p>"])
    >>> found.parts[0]
    Markup('<bdi>logit</bdi> is −0.5')
    >>> [term.name for term, _ in found.glossary], 'href="#word-logit"' in found.parts[1]
    (['logit'], True)
    """
    seen: set[int] = set()
    made = tuple(Markup(_explain(part, seen)) for part in parts)
    listed, new = set(seen), set(seen)
    while new:  # the words of the explanations themselves
        new = {at for place in new for at in _places(TERMS[place].explanation)} - listed
        listed |= new
    terms = [TERMS[place] for place in sorted(listed)]
    glossary = tuple((each, Markup(_explain(escape(each.explanation), seen))) for each in terms)
    return Explained(made, glossary)


def keep_numbers_whole(text: str) -> str:
    r"""Write numbers in one way: a real minus sign, and no break before a per cent sign.

    >>> keep_numbers_whole("from -0.5 to 1e-05: 90.2% of 2024-11-30")
    'from −0.5 to 1e−05: 90.2\xa0% of 2024-11-30'
    """
    return _NUMBERS.sub(_number, text)


def _number(found: re.Match[str]) -> str:
    if found["minus"]:
        return "−"
    return "\N{NO-BREAK SPACE}%" if found["sign"] else "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"


def _explain(markup: str, seen: set[int]) -> str:
    made: list[str] = []
    at = literal = named = 0

    def read(text: str) -> None:
        if literal:
            made.append(text)
        else:
            text = keep_numbers_whole(text)
            made.append(text if named else _WORDS.sub(lambda found: _link(found, seen), text))

    for piece in _PIECES.finditer(markup):
        read(markup[at : piece.start()])
        step = -1 if piece[0].startswith("</") else 1
        literal += step * (piece[2] in _LITERAL)
        named += step * (piece[2] in _NAMED)
        made.append(piece[0])
        at = piece.end()
    read(markup[at:])
    return "".join(made)


def _places(text: str) -> set[int]:
    return {_place(found) for found in _WORDS.finditer(text)}


def _place(found: re.Match[str]) -> int:
    return int(str(found.lastgroup)[1:])


def _link(found: re.Match[str], seen: set[int]) -> str:
    place = _place(found)
    if place in seen:
        return found[0]
    seen.add(place)
    term = TERMS[place]
    return (
        f'<a class="term" id="first-{term.anchor}" href="#word-{term.anchor}" '
        f'title="{escape(term.explanation)}">{found[0]}</a>'
    )
