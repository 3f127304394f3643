"""How quickly the studio answers the hand, and what it keeps.

A studio is opened in Chromium. Each of 200 moves is timed from its event in the page to the first
task after the frame that paints its answer; in turns with it the same work runs in Python without
page and socket, and the bare forward pass of an image. Run it on a quiet machine:

    python -m benchmarks.studio [--read FOLDER] [--only PART ...]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from striate.cli import wait_idly

PARTS = (
    *("paint", "hover", "stroke", "brush", "slider", "key", "long-key", "camera", "tasks"),
    "memory",
)


def main() -> None:
    """Print the figures."""
    asked = argparse.ArgumentParser(prog="benchmarks.studio", description=__doc__.splitlines()[0])
    asked.add_argument("--only", nargs="*", default=PARTS, choices=PARTS, metavar="PART")
    asked.add_argument("--count", type=int, default=200, help="moves of each kind")
    asked.add_argument("--read", type=Path, nargs="*", default=[], help="folders with weights")
    given = asked.parse_args()
    wait_idly()  # as the command does, before torch is loaded
    from benchmarks.studio.visits import measure

    measure(given.only, given.count, given.read)


if __name__ == "__main__":
    main()
