"""The number of CPU threads of training, chosen by timing a few steps."""

from __future__ import annotations

import torch
from torch import nn

from striate.backends.precision import GAIN, ROUNDS, SLOW, Budget, Precision, make_trial
from striate.backends.threads import use_threads

LEAST = 0.2  # seconds of a step, below which fewer are tried in any case: so much hangs on it
STEPS = 3  # that trying a number takes at least


def measure_threads(
    module: nn.Module,
    values: torch.Tensor,
    labels: torch.Tensor,
    *,
    way: Precision,
    step: float,
    budget: Budget,
) -> dict[int, float]:
    """Find out whether a step is as fast on fewer CPU threads than there are now.

    Threads wait for each other at the end of every layer: in small networks, and where other
    programs are busy, for longer than they compute. The number is halved as long as that is not
    clearly slower: twice the cores for a few percent are better left to others. Whole batches are
    timed, since a few images suit fewer threads than many do; steps that take too long for it are
    those that all threads are good for.

    Args:
        module: the network; it is copied and left as it is.
        values: a batch, as for `measure`.
        labels: int64 (n,).
        way: how the step is computed.
        step: the seconds that one is thought to take with the present number.
        budget: the time there is for it.

    Returns:
        Seconds a step by the number of threads, from the present number to the fastest; empty
        where none were timed.
    """
    seconds: dict[int, float] = {}
    number = torch.get_num_threads()
    trial = make_trial(module, way)
    while number and (step < LEAST or budget.allows(STEPS * step, each=step / len(values))):
        with use_threads(number):
            trial(values, labels)
            found = trial(values, labels)
            for done in range(ROUNDS):
                slow = bool(done and seconds) and found > SLOW * min(seconds.values())
                if slow or not budget.allows(found, each=found / len(values)):
                    break
                found = min(found, trial(values, labels))
        if seconds and found > GAIN * min(seconds.values()):
            break
        seconds[number] = step = found
        number //= 2
    return seconds
