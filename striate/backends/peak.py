"""The most that a machine computes: a large matrix product, timed.

What training reaches is told as a share of it. Convolutions are such products at heart, so a
network that is all large convolutions comes near; what only moves memory lowers the share.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from striate.backends.bf16 import computes_bf16

SIDE = {"cuda": 8192}  # of the square matrices; elsewhere 1024, 20 ms on two processor cores
ROUNDS = 5
SECONDS = 0.25  # after which no new round is begun


@dataclass(frozen=True)
class Utilization:
    """How much of what the machine computes at best some work reaches (MFU).

    Attributes:
        operations: a second in that work; a multiply-accumulate counts as two.
        peak: a second in a large matrix product of the same number format; None where the device
            only imitates that format, and has no peak in it.
        number_format: "float32" or "bf16".
    """

    operations: float
    peak: float | None
    number_format: str

    @property
    def share(self) -> float | None:
        """What is reached, 0 to 1; None where there is no peak, or it was not measured rightly."""
        if self.peak is None:
            return None
        found = self.operations / self.peak
        return found if found <= 1 else None

    def __str__(self) -> str:
        """Return it in words.

        >>> print(Utilization(5e10, 1e11, "float32"))
        50 GFLOP/s, 50 % of this machine's float32 peak
        >>> print(Utilization(5e11, 1e11, "bf16"))
        500 GFLOP/s
        """
        rate = f"{self.operations / 1e9:,.3g} GFLOP/s"
        if self.share is None:
            return rate
        return f"{rate}, {self.share * 100:.0f} % of this machine's {self.number_format} peak"


def utilization(operations: float, device: str, number_format: str = "float32") -> Utilization:
    """Set some work beside a large matrix product on the same device, with the present threads.

    Args:
        operations: a second in the work.
        device: of torch: "cpu", "cuda", "mps".
        number_format: "float32" or "bf16".
    """
    if number_format == "bf16" and not computes_bf16(device):
        return Utilization(operations, None, number_format)
    kind = torch.bfloat16 if number_format == "bf16" else torch.float32
    return Utilization(operations, peak(device, kind), number_format)


def peak(device: str, kind: torch.dtype, *, side: int | None = None) -> float:
    """Measure how many operations a second a large matrix product does, the best of a few.

    Args:
        device: of torch: "cpu", "cuda", "mps".
        kind: of the values.
        side: of the square matrices; None takes that of `SIDE`.

    >>> peak("cpu", torch.float32) > 0
    True
    """
    side = side or SIDE.get(torch.device(device).type, 1024)
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(side, side, generator=generator).to(device, kind)
    seconds: list[float] = []
    begun = time.perf_counter()
    # the first may wait for the library's own code to be read from a disk
    while len(seconds) < ROUNDS and (len(seconds) < 2 or time.perf_counter() - begun < SECONDS):
        start = time.perf_counter()
        (values @ values)[0, 0].item()  # waits for the device
        seconds.append(time.perf_counter() - start)
    return 2 * side**3 / min(seconds)
