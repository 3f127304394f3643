"""Self-contained HTML pages: the shell they share and the few elements they are made of.

A page is one file that asks the network for nothing and runs no script: its style and its
images lie inside it, and its content security policy holds the browser to that. Whatever
comes from a user (class names, file names, reasons) goes through `text` or `name`, which
escape it; the type `Html` tells finished markup from plain text, so that a type checker
finds what was not escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import NewType

from striate import __version__

Html = NewType("Html", str)
"""Finished markup, safe to put into a page as it is."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SEPARATORS = re.compile(r"(?<=[_/.\\-])(?=\w)")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Section:
    """A part of a page: its anchor, its heading (plain text) and its content."""

    anchor: str
    heading: str
    body: Html


def text(value: object) -> Html:
    """Make any value safe to stand in a page, in an attribute too.

    Control characters and halves of characters (a file name may hold bytes that are no
    UTF-8) become visible instead of breaking the page.

    >>> text('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    whole = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return Html(escape(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", whole), quote=True))


def name(value: str, *, longest: int = 0) -> Html:
    """Make a class or file name safe, its writing direction kept to itself.

    Long names may break after their separators; with `longest` they are cut to that many
    characters.

    >>> name("cat"), name("a long story", longest=7)
    ('<bdi>cat</bdi>', '<bdi>a long…</bdi>')
    """
    shown = value if not 0 < longest < len(value) else value[: longest - 1] + "…"
    kind = ' class="long"' if len(shown) > 16 else ""
    return Html(f"<bdi{kind}>{_SEPARATORS.sub('<wbr>', text(shown))}</bdi>")


def join(parts: Iterable[Html], between: str = "") -> Html:
    """Put finished parts together."""
    return Html(between.join(parts))


def paragraph(*sentences: str, kind: str = "") -> Html:
    """Make a paragraph of plain sentences.

    >>> paragraph("One.", "Two.")
    '<p>One. Two.</p>'
    """
    whole = text(" ".join(sentences)).replace(" %", "&nbsp;%")
    return element("p", Html(whole), kind=kind)


def element(tag: str, body: Html, *, kind: str = "") -> Html:
    """Wrap finished markup in one element; `kind` is its class in the style sheet."""
    marked = f' class="{kind}"' if kind else ""
    return Html(f"<{tag}{marked}>{body}</{tag}>")


def listing(items: Iterable[Html], *, kind: str = "") -> Html:
    """Make an unordered list."""
    return element("ul", join(element("li", item) for item in items), kind=kind)


def table(
    header: Sequence[Html],
    rows: Iterable[Sequence[Html]],
    *,
    label: str,
    numbers: Sequence[int] = (),
    total: Sequence[Html] = (),
    tall: bool = False,
) -> Html:
    """Make a table in a box of its own that scrolls where the page is too narrow.

    Args:
        header: the column names.
        rows: as many cells each; the first cell is the row's heading.
        label: what the table holds, for whoever hears the page read out.
        numbers: the columns that are right-aligned.
        total: a last row that sums up the others.
        tall: whether the box is also bounded in height on a screen (not in print).
    """

    def cell(tag: str, column: int, body: Html, scope: str = "") -> str:
        return f"<{tag}{scope}{' class=number' if column in numbers else ''}>{body}</{tag}>"

    head = "".join(cell("th", i, body, ' scope="col"') for i, body in enumerate(header))

    def line(row: Sequence[Html]) -> str:
        first = cell("th", 0, row[0], ' scope="row"')
        rest = (cell("td", i, body) for i, body in enumerate(row[1:], start=1))
        return f"<tr>{first}{''.join(rest)}</tr>"

    lines = [line(row) for row in rows]
    foot = f"<tfoot>{line(total)}</tfoot>" if total else ""
    markup = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>{foot}</table>"
    hint = paragraph(f"{len(lines):,} rows; scroll inside the box to see them all.", kind="hint")
    return join([box(Html(markup), label=label, tall=tall), *([hint] if tall else [])])


def bar(share: float, label: str) -> Html:
    """Write a number with a bar beside it that is `share`, 0 to 1, of its full length."""
    return Html(f'<span class="bar" style="--share:{share:.3f}">{text(label)}</span>')


def box(body: Html, *, label: str, tall: bool = False) -> Html:
    """Put something wide into a box that scrolls by itself, by finger, wheel and keyboard."""
    kind = "box tall" if tall else "box"
    return Html(
        f'<div class="{kind}" role="region" tabindex="0" aria-label="{text(label)}">{body}</div>'
    )


def image(source: str, *, alt: str, caption: Html, kind: str = "") -> Html:
    """Make a figure: an image as a data URI, what it shows, and a caption."""
    image = f'<img src="{text(source)}" alt="{text(alt)}">'
    return element("figure", Html(f"{image}<figcaption>{caption}</figcaption>"), kind=kind)


def page(title: str, opening: Html, sections: Sequence[Section]) -> str:
    """Put a whole page together: title, opening, list of contents, sections, footer.

    Args:
        title: plain text, for the browser's tab.
        opening: the first screen, with the page's `<h1>`.
        sections: in reading order.

    >>> whole = page("A page", Html("<h1>A page</h1>"), [Section("one", "Part one", Html(""))])
    >>> '<a href="#one">Part one</a>' in whole, "<script" in whole
    (True, False)
    """
    style = files("striate.render").joinpath("page.css").read_text("utf-8")
    contents = listing(
        Html(f'<a href="#{section.anchor}">{text(section.heading)}</a>') for section in sections
    )
    parts = join(
        Html(
            f'<section id="{section.anchor}" aria-labelledby="{section.anchor}-heading">\n'
            f'<h2 id="{section.anchor}-heading">{text(section.heading)}</h2>\n'
            f"{section.body}\n</section>"
        )
        for section in sections
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Striate {text(__version__)}">
<title>{text(title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<header>{opening}</header>
<nav aria-label="Contents"><div><h2>Contents</h2>{contents}</div></nav>
<main>
{parts}
</main>
<footer><p>Made by Striate {text(__version__)}. This page is complete in itself: it loads
nothing and runs no script, so it can be kept, printed and sent as one file.</p></footer>
</body>
</html>
"""
