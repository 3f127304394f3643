"""The number of CPU threads: torch's own, and another for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from striate.data import count_cores


def default_threads() -> int:
    """Return torch's own number of CPU threads, or the cores that a container may use, if fewer.

    >>> 1 <= default_threads() <= torch.get_num_threads()
    True
    """
    return min(torch.get_num_threads(), count_cores())


@contextmanager
def use_threads(number: int) -> Iterator[None]:
    """Compute on so many CPU threads, and put the number back.

    >>> before = torch.get_num_threads()
    >>> with use_threads(1):
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
