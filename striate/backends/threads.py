"""The number of CPU threads: set for a while, and chosen by timing a few training steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from striate.backends.precision import GAIN, ROUNDS, Precision, make_trial

SHORT = 1.0  # seconds of a step, below which fewer threads are tried


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


def measure_threads(
    module: nn.Module, values: torch.Tensor, labels: torch.Tensor, *, way: Precision, first: float
) -> dict[int, float]:
    """Find out whether a step is faster on fewer CPU threads than there are now.

    Threads wait for each other at the end of every layer: in small networks, and where other
    programs are busy, for longer than they compute. The number is halved as long as that is
    clearly faster.

    Args:
        module: the network; it is copied and left as it is.
        values: a batch, as for `measure`.
        labels: int64 (n,).
        way: how the step is computed.
        first: the seconds it takes with the present number, as `measure` found it.

    Returns:
        Seconds a step by the number of threads, from the present number to the fastest.
    """
    trial = make_trial(module, values, labels, way)
    number = torch.get_num_threads()
    seconds = {number: first}
    while number > 1 and seconds[number] < SHORT:
        number //= 2
        with use_threads(number):
            trial()
            begun = time.perf_counter()
            found = trial()
            while time.perf_counter() - begun < ROUNDS * found < SHORT:
                found = min(found, trial())
        if found * GAIN > first:
            break
        seconds[number] = first = found
    return seconds
