"""What the verbs say beside their results, on standard error: results alone go to the other."""

from __future__ import annotations

import sys

from striate.terminal.next_steps import format_steps
from striate.terminal.wrapping import find_width, wrap


def say(text: str) -> None:
    """Print a message, its first line broken at words where a person looks on.

    A network text and the caret below it, on further lines, stay as they are.
    """
    width = find_width(sys.stderr)
    first, *rest = text.split("\n")
    print("\n".join([first if width is None else wrap(first, width), *rest]), file=sys.stderr)


def say_steps(*steps: tuple[str, str]) -> None:
    """Print what to open and what comes next, a label and a path or command each."""
    sys.stdout.flush()
    print(f"\n{format_steps(steps)}", file=sys.stderr)
