"""The last lines of a command: what to open, and what comes next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from striate.terminal.escape import escape_controls

LABEL = 10  # columns of what stands before a path or a command


def format_steps(steps: Iterable[tuple[str, str]]) -> str:
    r"""Return a line for each step; its path or command is not broken, so that it can be copied.

    A command keeps the line breaks within its quotes, which a shell takes as they stand.

    Args:
        steps: (label, path or command); a label that stands above is left empty.

    >>> print(format_steps([("open it", "runs/a/report.html"), ("next", "striate predict runs/a")]))
      open it     runs/a/report.html
      next        striate predict runs/a
    >>> print(format_steps([("next", command("describe", "conv 8\nfc")), ("open it", "a\nb.html")]))
      next        striate describe 'conv 8
    fc'
      open it     a\nb.html
    """
    return "\n".join(f"  {label:<{LABEL}}  {_shown(said)}" for label, said in steps)


def _shown(said: str) -> str:
    if not said.startswith("striate "):
        return escape_controls(said)
    return "\n".join(map(escape_controls, said.split("\n")))


def command(verb: str, *arguments: object) -> str:
    """Return a command of Striate as a shell takes it; words in capitals are to be filled in.

    >>> command("predict", "my runs/a", "IMAGES")
    "striate predict 'my runs/a' IMAGES"
    """
    return shlex.join(["striate", verb, *map(str, arguments)])
