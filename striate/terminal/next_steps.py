"""The last lines of a command: what to open, and what comes next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from striate.terminal.escape import escape_controls

LABEL = 10  # columns of what stands before a path or a command


def format_steps(steps: Iterable[tuple[str, str]]) -> str:
    """Return a line for each step; its path or command is not broken, so that it can be copied.

    Args:
        steps: (label, path or command); a label that stands above is left empty.

    >>> print(format_steps([("open it", "runs/a/report.html"), ("next", "striate predict runs/a")]))
      open it     runs/a/report.html
      next        striate predict runs/a
    """
    return "\n".join(f"  {label:<{LABEL}}  {escape_controls(said)}" for label, said in steps)


def command(verb: str, *arguments: object) -> str:
    """Return a command of Striate as a shell takes it; words in capitals are to be filled in.

    >>> command("predict", "my runs/a", "IMAGES")
    "striate predict 'my runs/a' IMAGES"
    """
    return shlex.join(["striate", verb, *map(str, arguments)])
