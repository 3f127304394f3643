"""The number of CPU threads: set for a while, and chosen by timing a few training steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from striate.backends.precision import GAIN, ROUNDS, Budget, Precision, make_trial
from striate.data import count_cores

LEAST = 0.2  # seconds that trying fewer takes at most, if there is no time: so much hangs on it
SHORT = 1.0  # seconds of a step, below which fewer threads are tried


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


def measure_threads(
    module: nn.Module,
    values: torch.Tensor,
    labels: torch.Tensor,
    *,
    way: Precision,
    first: float,
    budget: Budget,
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
        budget: the time there is for it.

    Returns:
        Seconds a step by the number of threads, from the present number to the fastest.
    """
    trial = make_trial(module, way)
    number = torch.get_num_threads()
    seconds = {number: first}
    while number > 1 and seconds[number] < SHORT:
        each = seconds[number] / len(values)
        if 3 * seconds[number] > LEAST and not budget.allows(3 * seconds[number], each=each):
            break
        number //= 2
        with use_threads(number):
            trial(values, labels)
            found = trial(values, labels)
            for _ in range(ROUNDS):
                if not budget.allows(found, each=each):
                    break
                found = min(found, trial(values, labels))
        if found * GAIN > first:
            break
        seconds[number] = first = found
    return seconds
