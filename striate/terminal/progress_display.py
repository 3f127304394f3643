"""One rule for progress: shown in a terminal or a notebook, silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from striate.events import Callback, Event


def is_shown(progress: bool | None) -> bool:
    """Return whether progress is shown: as asked, else in a terminal or a notebook.

    >>> is_shown(True), is_shown(False)
    (True, False)
    """
    if progress is not None:
        return progress
    return sys.stderr.isatty() or in_notebook()  # asked without loading rich


def in_notebook() -> bool:
    """Return whether this process is a notebook's kernel; one that only starts such is none.

    >>> in_notebook()
    False
    """
    ipython = sys.modules.get("IPython")
    running = ipython is not None and ipython.get_ipython() is not None
    return running and "ipykernel" in sys.modules


@contextmanager
def display_progress(progress: bool | None, callback: Callback | None = None) -> Iterator[Callback]:
    """Return what is to be told of every event, while it is shown as the rule says.

    Args:
        progress: whether it is shown on standard error; None shows it in a terminal or a
            notebook, unless a callback is told instead.
        callback: the caller's own, told as well.

    >>> told = []
    >>> with display_progress(None, told.append) as tell:
    ...     tell("an event")
    >>> told
    ['an event']
    """
    if not (is_shown(progress) if callback is None else progress):
        yield callback or (lambda event: None)
        return
    from striate.terminal.console import Console
    from striate.terminal.notebook_line import NotebookLine

    with NotebookLine() if in_notebook() else Console() as console:

        def tell(event: Event) -> None:
            console(event)
            if callback is not None:
                callback(event)

        yield tell
