"""Results as a notebook shows them: texts and tables, one below the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from striate.render.template import fill
from striate.terminal.tables import Table


@dataclass(frozen=True)
class Text:
    """A text with line breaks.

    Attributes:
        text: what it says.
        strong: what stands before it in bold.
        kind: a paragraph, an unordered list of its lines, or as it is, every space kept.
    """

    text: str
    strong: str = ""
    kind: Literal["p", "ul", "pre"] = "p"


def to_html(*parts: Text | Table) -> str:
    """Return HTML for a notebook, every text escaped; a text that says nothing is left out.

    >>> print(to_html(Text("of <b>", strong="3")))
    <p><strong>3</strong>of &lt;b&gt;</p>
    """
    return fill("render/templates/notebook.html", parts).strip()
