"""Self-contained HTML pages: the shell that they share.

A page is one file that asks the network for nothing and runs no script: its style and its
images lie inside it, and its content security policy holds the browser to that.
"""

from __future__ import annotations

from collections.abc import Mapping

from striate import __version__
from striate.render.template import fill

NONE: Mapping[str, str] = {}


def page(
    title: str,
    opening: str,
    sections: Mapping[str, str],
    view: object,
    *,
    folded: Mapping[str, str] = NONE,
    behind: str = "",
) -> str:
    """Put a whole page together: title, opening, list of contents, sections, footer.

    Args:
        title: for the browser's tab.
        opening: the template of the first screen with its `<h1>`; ANCHOR.html of each section
            lies beside it.
        sections: anchor -> heading, in reading order.
        view: what the templates know as `view`.
        folded: likewise, of the sections that stand behind the others, each folded.
        behind: the heading over these.
    """
    whole = (title, opening, sections, view, __version__, folded, behind)
    return fill("render/templates/page.html", whole)
