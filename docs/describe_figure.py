"""Draws docs/describe/*.svg, the drawings in describe.md and README.md: make drawings."""

from __future__ import annotations

from pathlib import Path

from striate.architecture import draw_architecture, draw_graph
from striate.render.palette import for_file

WIDTH = 830  # pixels, as wide as GitHub shows a page's text
SMALL = """
# A small residual network
keep = add(conv in > bn | identity) > relu
input 3x32x32 classes=10
conv 16 > relu > [keep]*4 > gap > flatten > fc
"""


def drawings() -> dict[str, str]:
    """Give every drawing by the name of its file."""
    return {
        "resnet50.svg": for_file(draw_architecture("resnet50", width=WIDTH)),
        "graph.svg": for_file(draw_graph(SMALL, width=WIDTH)),
    }


if __name__ == "__main__":
    folder = Path(__file__).with_name("describe")
    for name, drawing in drawings().items():
        (folder / name).write_text(drawing, encoding="utf-8")
