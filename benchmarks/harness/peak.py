"""What this machine is and the fastest it multiplies two large matrices, as lines of JSON.

    python -m benchmarks.harness.peak

A network's convolutions come down to such products, so this is the most that training and
prediction could reach. A line is printed after every step, each with all that is known so far, so
that whoever ends this program early has what was found by then. bf16 is measured only where the
processor, or the card, computes it: elsewhere it is imitated, a hundred times slower.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

import torch

from benchmarks.harness.kind import find_kind
from striate.backends import peak as measured
from striate.model.environment import Environment

SIDES = (512, 1024, 2048, 4096)  # of the square matrices
GPU_SIDES = (4096, 8192)
SECONDS = 2.0  # the longest one product may take: a larger one is left out


def peak(device: str, dtype: torch.dtype, sides: tuple[int, ...] = SIDES) -> float:
    """Return billions of operations a second, each product counting 2 side^3.

    >>> peak("cpu", torch.float32, (64,)) > 0
    True
    """
    best = 0.0
    for side in sides:
        if best and 2 * side**3 / best > SECONDS:
            break
        best = max(best, measured.peak(device, dtype, side=side))
    return best / 1e9


def main() -> None:
    """Print what was found."""
    here = Environment.here().as_json()
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    kind = find_kind(capabilities, os.environ, here["gpus"])
    found: dict[str, Any] = {**here, **asdict(kind), "float32": None, "bf16": None}
    print(json.dumps(found), flush=True)
    device, sides = ("cuda", GPU_SIDES) if kind.kind == "gpu" else ("cpu", SIDES)
    found["float32"] = peak(device, torch.float32, sides)
    print(json.dumps(found), flush=True)
    if kind.has_bf16:
        found["bf16"] = peak(device, torch.bfloat16, sides)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
