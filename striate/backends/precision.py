"""Number format and memory layout of training, chosen by measuring a few steps.

Machines differ: one computes bf16 several times faster than float32, the next slower; one
prefers channels last in memory, the next channels first. So a few real steps are timed in each
way and the fastest is taken, bf16 only where it is clearly faster.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from striate.errors import SettingError

ROUNDS = 5  # of one step in each way; the shortest counts, since only other work makes one longer
SECONDS = 5.0  # after which no new round is begun
SLOW = 1.5  # times the seconds of the fastest way so far, from which a way is given up
GAIN = 1.1  # how much faster a way must be than the ones before it to be taken


@dataclass(frozen=True)
class Precision:
    """One way to compute training steps.

    Attributes:
        name: "float32", or "bf16" for bf16 arithmetic on float32 weights.
        layout: "channels-first" or "channels-last" in memory.
    """

    name: str
    layout: str

    @property
    def fabric(self) -> str:
        """Name the precision as Lightning Fabric does."""
        return "bf16-mixed" if self.name == "bf16" else "32-true"

    @property
    def memory_format(self) -> torch.memory_format:
        """Name the layout as torch does."""
        last = self.layout == "channels-last"
        return torch.channels_last if last else torch.contiguous_format

    def __str__(self) -> str:
        return f"{self.name} {self.layout}"


WAYS = (
    Precision("float32", "channels-first"),
    Precision("float32", "channels-last"),
    Precision("bf16", "channels-last"),
)
FIXED = {"float32": WAYS[0], "bf16": WAYS[2]} | {str(way).replace(" ", "-"): way for way in WAYS}


def fixed(name: str) -> Precision:
    """Find the way that a setting names.

    >>> fixed("bf16")
    Precision(name='bf16', layout='channels-last')
    >>> fixed("fp8")
    Traceback (most recent call last):
    striate.errors.SettingError: precision 'fp8' is unknown; choose auto, float32, bf16, ...
    """
    if name not in FIXED:
        raise SettingError(f"precision '{name}' is unknown; choose auto, {', '.join(FIXED)}")
    return FIXED[name]


def measure(
    module: nn.Module, values: torch.Tensor, labels: torch.Tensor
) -> dict[Precision, float]:
    """Time a training step of the module in every way.

    Args:
        module: the network; it is copied and left as it is.
        values: float32 (n, channels, rows, columns), a batch as training has it.
        labels: int64 (n,).

    Returns:
        Seconds a step for each of `WAYS`, the shortest of a few, taken in turns; what is far
        behind the others is not tried again.

    >>> layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> times = measure(layers, torch.zeros(4, 1, 8, 8), torch.zeros(4, dtype=torch.int64))
    >>> len(times) == len(WAYS) and min(times.values()) > 0
    True
    """
    trials = {way: make_trial(module, values, labels, way) for way in WAYS}
    for trial in trials.values():  # the first step of each also allocates and plans: not counted
        trial()
    begun = time.perf_counter()
    seconds = dict.fromkeys(WAYS, math.inf)
    for _ in range(ROUNDS):
        for way, trial in trials.items():
            seconds[way] = min(seconds[way], trial())
        best = min(seconds.values())
        trials = {way: trial for way, trial in trials.items() if seconds[way] < SLOW * best}
        if len(trials) == 1 or time.perf_counter() - begun > SECONDS:
            break
    return seconds


def fastest(seconds: Mapping[Precision, float]) -> Precision:
    """Choose the way to take: the first, unless a later one is clearly faster.

    >>> first, second, third = WAYS
    >>> fastest({first: 1.0, second: 0.95, third: 0.98}) == first
    True
    >>> fastest({first: 1.0, second: 0.8, third: 0.3}) == third
    True
    """
    chosen = next(iter(seconds))
    for way, time_needed in seconds.items():
        if time_needed * GAIN < seconds[chosen]:
            chosen = way
    return chosen


def make_trial(
    module: nn.Module, values: torch.Tensor, labels: torch.Tensor, way: Precision
) -> Callable[[], float]:
    """Return what makes one step in one way and says how many seconds it took."""
    copied = copy.deepcopy(module).train().to(memory_format=way.memory_format)  # type: ignore[call-overload]
    laid_out = values.contiguous(memory_format=way.memory_format)

    def step() -> float:
        start = time.perf_counter()
        with torch.autocast(values.device.type, torch.bfloat16, enabled=way.name == "bf16"):
            loss = functional.cross_entropy(copied(laid_out), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        copied.zero_grad()
        if values.is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - start

    return step
