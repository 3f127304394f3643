"""The colours and the look of every drawing, and how an SVG comes to stand inside a page."""

from __future__ import annotations

import re
import zlib
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

INK, PALE = "#1b1f24", "#8b949e"
BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
"""Four colours of Okabe and Ito's palette, which colour-blind people can tell apart."""

THEMED = {
    INK: "--ink",
    PALE: "--faint",
    BLUE: "--blue",
    ORANGE: "--orange",
    GREEN: "--green",
    PINK: "--pink",
}

LOOK: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "striate",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": PALE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def painted(*, fill: str = "none", stroke: str = "none") -> str:
    """Write the colours of an SVG element: the page's own where it has them, else these.

    A program that knows no variables takes the plain attributes.

    >>> painted(fill=BLUE)
    'fill="#0072b2" stroke="none" style="fill:var(--blue,#0072b2)"'
    """
    given = {"fill": fill, "stroke": stroke}
    own = [f"{key}:var({THEMED[value]},{value})" for key, value in given.items() if value in THEMED]
    style = f' style="{";".join(own)}"' if own else ""
    return " ".join(f'{key}="{value}"' for key, value in given.items()) + style


def for_file(svg: str) -> str:
    """Give a drawing that stands by itself the colours of the pages, light and dark.

    >>> ":root" in for_file('<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    True
    """
    css = files("striate").joinpath("render/templates/page.css").read_text("utf-8")
    colours = css[: css.index("*, *::before")]  # the page's own begin there
    end = svg.index(">") + 1
    return f"{svg[:end]}<style>{colours}svg {{ background: var(--paper); }}</style>{svg[end:]}"


def for_page(svg: str, *, title: str, description: str) -> Markup:
    """Cut an SVG file down to its element, named for readers, coloured by the page."""
    body = svg[svg.index("<svg") :].strip()
    head = re.match(r"<svg\b[^>]*>", body)
    box = re.search(r'viewBox="([^"]+)"', body)
    if head is None or box is None:
        raise AssertionError("matplotlib wrote an SVG without a head or a viewBox")
    # The style element would colour the whole page, the metadata are of no use in it.
    body = re.sub(r"<(metadata|style)\b.*?</\1>", "", body[head.end() :], flags=re.DOTALL)
    # No id may stand twice in a page with two drawings: drop those that nothing refers to,
    # and mark the others with the drawing's own checksum.
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))
    mark = f"{zlib.crc32(body.encode()):08x}"
    body = re.sub(
        r' id="([^"]+)"', lambda found: f' id="{found[1]}-{mark}"' * (found[1] in used), body
    )
    body = re.sub(r'(url\(#|href="#)([^)"]+)', rf"\1\2-{mark}", body)
    for colour, name in THEMED.items():
        body = body.replace(colour, f"var({name}, {colour})")
    body = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", body)
    label = escape(f"{title}. {description}".strip())
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box[1]}" role="img" aria-label="{label}">{body}'
    )
