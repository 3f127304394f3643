"""The most that a machine computes: a large matrix product, timed.

What training reaches is told as a share of it. Convolutions are such products at heart, so a
network that is all large convolutions comes near; what only moves memory lowers the share.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

SIDE = {"cuda": 8192}  # of the square matrices; elsewhere 1024, 20 ms on two processor cores
ROUNDS = 5
SECONDS = 0.25  # after which no new round is begun


@dataclass(frozen=True)
class Reach:
    """How much of what the machine computes at best a training step reaches.

    Attributes:
        operations: a second in training; a multiply-accumulate counts as two.
        float32: a second in a large matrix product of float32 values.
        bf16: the same of bf16 values.
    """

    operations: float
    float32: float
    bf16: float

    def __str__(self) -> str:
        shares = (
            f"{self.operations / peak:.0%} of a large matrix product's in {name}"
            for name, peak in (("float32", self.float32), ("bf16", self.bf16))
        )
        return f"{self.operations / 1e9:,.3g} GFLOP/s, {' and '.join(shares)}"

    def as_json(self) -> dict[str, float]:
        """Give the numbers, rounded to whole operations."""
        return {name: round(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Reach:
        """Make it of what `as_json` gave.

        >>> print(Reach.from_json({"operations": 2e11, "float32": 1e11, "bf16": 4e11}))
        200 GFLOP/s, 200% of a large matrix product's in float32 and 50% of a large matrix
        product's in bf16
        """
        return cls(**values)


def reach(operations: float, device: str) -> Reach:
    """Set training beside a large matrix product on the same device, with the present threads.

    Args:
        operations: a second in training.
        device: of torch: "cpu", "cuda", "mps".
    """
    return Reach(operations, peak(device, torch.float32), peak(device, torch.bfloat16))


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
    while len(seconds) < ROUNDS and (not seconds or time.perf_counter() - begun < SECONDS):
        start = time.perf_counter()
        (values @ values)[0, 0].item()  # waits for the device
        seconds.append(time.perf_counter() - start)
    return 2 * side**3 / min(seconds)
