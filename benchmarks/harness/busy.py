"""Other programs that keep cores busy, beside a side of a benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

# It ends by itself where the benchmark was killed and could not end it.
LOOP = """
import os
print("started", flush=True)
while os.getppid() == {parent}:
    for _ in range(1_000_000):
        pass
"""


@contextmanager
def busy(n: int) -> Iterator[tuple[int, ...]]:
    """Keep n cores busy by a process each, and end these whatever happens.

    Yields:
        Their process ids.

    >>> with busy(1) as (pid,):
    ...     os.kill(pid, 0)  # it is there
    >>> os.kill(pid, 0)
    Traceback (most recent call last):
    ProcessLookupError: ...
    """
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_busy()) for _ in range(n))


@contextmanager
def _busy() -> Iterator[int]:
    command = [sys.executable, "-S", "-c", LOOP.format(parent=os.getpid())]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # Ctrl-C reaches it too
    ) as process:
        try:
            for _ in process.stdout or ():
                break  # it has started
            yield process.pid
        finally:
            process.kill()
