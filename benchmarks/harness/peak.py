"""The fastest this machine multiplies two large matrices, in float32 and bf16, as JSON.

    python -m benchmarks.harness.peak

A network's convolutions come down to such products, so this is the most that training and
prediction could reach.
"""

from __future__ import annotations

import json

import torch

from striate.backends import peak as measured
from striate.model.environment import Environment

SIDE = 4096  # more than a run's own look takes: this one may last, and suits more cores


def peak(dtype: torch.dtype, side: int = SIDE) -> float:
    """Give billions of operations a second, each product counting 2 side^3.

    >>> peak(torch.float32, 64) > 0
    True
    """
    return measured.peak("cpu", dtype, side=side) / 1e9


def main() -> None:
    """Print what was found."""
    rates = {"float32": peak(torch.float32), "bf16": peak(torch.bfloat16)}
    print(json.dumps({**Environment.here().as_json(), **rates}))


if __name__ == "__main__":
    main()
