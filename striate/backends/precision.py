"""Number format and memory layout of training, chosen by measuring a few steps.

Machines differ: one computes bf16 several times faster than float32, the next slower. So a few
real steps are timed in each way and the fastest is taken, bf16 only where it is clearly faster, and
not even tried where the processor has no instructions for it: there it takes 20 times as long.
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

from striate.backends.bf16 import computes_bf16
from striate.backends.threads import use_threads
from striate.backends.torch import convolution_products
from striate.data import OtherWork
from striate.errors import SettingError

ROUNDS = 5  # of one step in each way; the shortest counts, since only other work makes one longer
# parts of a batch that are timed one after another; with less than an eighth, bf16 gains nothing
SIZES = (8, 2, 1)
SHARE = 0.03  # of the run's time that choosing may take
LEAST = 0.25  # seconds that it may take in any run: with fewer, a few images decide by chance
MOST = 5.0  # seconds that it may take in a long run
SLOW = 1.5  # times the seconds of the fastest way so far, from which a way is given up
GAIN = 1.1  # how much faster a way must be than the ones before it to be taken

Trial = Callable[[torch.Tensor, torch.Tensor], float]


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


# Channels last is not timed against channels first: of eleven networks, with AVX2 and with AVX-512,
# every one was faster with it, by 7 to 90 %.
FLOAT32 = Precision("float32", "channels-last")
BF16 = Precision("bf16", "channels-last")
# for torch modules, whose own code may call view on its maps, and for the chips of Macs
CHANNELS_FIRST = Precision("float32", "channels-first")
WAYS = (FLOAT32, BF16)
# `striate.settings.PRECISIONS` names them, and "auto"
FIXED = {"float32": FLOAT32, "bf16": BF16} | {
    str(way).replace(" ", "-"): way for way in (CHANNELS_FIRST, *WAYS)
}


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


@dataclass(frozen=True)
class Timing:
    """What a step takes in every way that was tried.

    Attributes:
        n: images of the largest steps that were timed.
        seconds: a step of so many, for the ways that were still among the fastest then.
        rates: images a second for every way, at the largest size that it was timed with.
    """

    n: int
    seconds: Mapping[Precision, float]
    rates: Mapping[Precision, float]


class Budget:
    """The time that choosing may take: a share of the run's, which the first steps tell of.

    Args:
        images: how many the run will compute, all epochs together.
        seconds: how long the run may take, where that is what ends it; 0 elsewhere.

    >>> Budget(images=1000).allows(0.2, each=0.01), Budget(images=1000).allows(0.5, each=0.01)
    (True, False)
    """

    def __init__(self, images: float, seconds: float = 0.0) -> None:
        self._images, self._seconds, self._begun = images, seconds, time.perf_counter()

    def allows(self, more: float, *, each: float) -> bool:
        """Say whether so many seconds more are within the budget, if an image takes ``each``."""
        run = self._seconds or self._images * each
        return time.perf_counter() - self._begun + more <= min(max(LEAST, SHARE * run), MOST)


def measure(
    module: nn.Module, values: torch.Tensor, labels: torch.Tensor, budget: Budget
) -> Timing:
    """Time a training step of the module in every way that the device computes in.

    A few images come first, then more: what is far behind is given up early, and where the time
    is used up the last size that was timed decides. Beside other programs that need the cores
    each way is timed on one thread: several wait for each other, for as long as it happens.

    Args:
        module: the network; it is copied and left as it is.
        values: float32 (n, channels, rows, columns), a batch as training has it.
        labels: int64 (n,).
        budget: the time there is for it; the smallest size is timed whatever that takes.

    >>> layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> values, labels = torch.zeros(4, 1, 8, 8), torch.zeros(4, dtype=torch.int64)
    >>> timing = measure(layers, values, labels, Budget(images=1e6))
    >>> timing.n, min(timing.rates.values()) > 0
    (4, True)
    """
    low = computes_bf16(values.device.type)
    trials = {way: make_trial(module, way) for way in WAYS if low or way.name != "bf16"}
    others, threads = OtherWork(), torch.get_num_threads()
    rates: dict[Precision, float] = {}
    timed, seconds = 0, dict.fromkeys(trials, math.inf)
    for n in sorted({min(len(values), max(2, len(values) // part)) for part in SIZES}):
        # the first step of each way also allocates and plans, and is not counted
        more = n * sum(2 / rates[way] for way in trials) if rates else 0.0
        if rates and not budget.allows(more, each=1 / max(rates.values())):
            break
        some, their = values[:n], labels[:n]
        for trial in trials.values():
            trial(some, their)
        timed, seconds = n, dict.fromkeys(trials, math.inf)
        # of a single way there is nothing to compare
        for number in range(ROUNDS if n == len(values) and len(trials) > 1 else 2):
            each = min(seconds.values()) / n
            if number and not budget.allows(sum(seconds.values()), each=each):
                break
            for way, trial in trials.items():
                seconds[way] = min(seconds[way], trial(some, their))
        if values.device.type == "cpu" and threads > 1 and others.crowds(threads):
            with use_threads(1):
                seconds = {
                    way: min(trial(some, their), trial(some, their))
                    for way, trial in trials.items()
                }
        rates |= {way: n / value for way, value in seconds.items()}
        best = min(seconds.values())
        trials = {way: trial for way, trial in trials.items() if seconds[way] < SLOW * best}
    return Timing(timed, {way: seconds[way] for way in trials}, rates)


def fastest(seconds: Mapping[Precision, float]) -> Precision:
    """Choose the way to take: the first, unless a later one is clearly faster.

    >>> fastest({FLOAT32: 1.0, BF16: 0.95}).name, fastest({FLOAT32: 1.0, BF16: 0.8}).name
    ('float32', 'bf16')
    """
    chosen = next(iter(seconds))
    for way, time_needed in seconds.items():
        if time_needed * GAIN < seconds[chosen]:
            chosen = way
    return chosen


def make_trial(module: nn.Module, way: Precision) -> Trial:
    """Return what makes one step in one way, of images and labels, and gives its seconds."""
    copied = copy.deepcopy(module).train().to(memory_format=way.memory_format)  # type: ignore[call-overload]

    def step(values: torch.Tensor, labels: torch.Tensor) -> float:
        laid_out = values.contiguous(memory_format=way.memory_format)
        start = time.perf_counter()
        low = torch.autocast(values.device.type, torch.bfloat16, enabled=way.name == "bf16")
        with low, convolution_products(copied):
            loss = functional.cross_entropy(copied(laid_out), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        copied.zero_grad()
        if values.is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - start

    return step
