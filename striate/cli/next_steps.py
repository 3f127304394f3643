"""The last lines of a verb, on standard error, so that standard output holds results alone."""

from __future__ import annotations

import sys

from striate.terminal.next_steps import format_steps


def say_steps(*steps: tuple[str, str]) -> None:
    """Print what to open and what comes next, a label and a path or command each."""
    sys.stdout.flush()
    print(f"\n{format_steps(steps)}", file=sys.stderr)
