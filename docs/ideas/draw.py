"""Draws every image of the ideas: make ideas."""

from __future__ import annotations

import sys

import draw_history
import draw_images
import draw_layers
import draw_learning
import draw_networks
import draw_path
from drawing import HERE

MODULES = (draw_history, draw_images, draw_layers, draw_learning, draw_networks, draw_path)


def main() -> None:
    """Draw all, or those whose function's name is given."""
    wanted = sys.argv[1:]
    for module in MODULES:
        for draw in module.ALL:
            if not wanted or draw.__name__ in wanted:
                draw()
                print(draw.__name__, flush=True)
    total = sum(path.stat().st_size for path in HERE.glob("*.png"))
    print(f"{total / 1000:,.0f} kB in all")


if __name__ == "__main__":
    main()
