"""Whether a processor or graphics card has instructions for bf16: known, as a rule not timed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

WITHOUT: Final = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI"}
"""What ONEDNN_MAX_CPU_ISA may limit oneDNN to that has no bf16, whatever the processor has."""

PROCESSORS: Final = Path("/proc/cpuinfo")  # what Linux says of them
INSTRUCTIONS: Final = ("avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16", "sve_bf16")
LIMIT = 0.2  # seconds for timing it where the processor cannot be asked


def computes_bf16(device: str) -> bool:
    """Say whether a device computes in bf16 rather than imitating it.

    Args:
        device: of torch: "cpu", "cuda".

    >>> computes_bf16("cpu") in (True, False)
    True
    """
    if device == "cuda":
        import torch

        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in WITHOUT:
        return False
    if PROCESSORS.exists():  # known without loading torch
        return not set(INSTRUCTIONS).isdisjoint(PROCESSORS.read_text("utf-8").split())
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is None:
        return is_fast_in_bf16()
    has = capabilities()
    return any(has.get(name, False) for name in INSTRUCTIONS)


def is_fast_in_bf16() -> bool:
    """Find out by a small matrix product, within `LIMIT`, whether bf16 is faster than float32."""
    import torch

    seconds = []
    for kind in (torch.float32, torch.bfloat16):
        values = torch.ones(64, 64, dtype=kind)
        found: list[float] = []
        begun = time.perf_counter()
        while len(found) < 20 and time.perf_counter() - begun < LIMIT / 2:
            start = time.perf_counter()
            values @ values
            found.append(time.perf_counter() - start)
        seconds.append(min(found))
    return seconds[1] < 2 * seconds[0]  # so small a product hardly gains by it, but loses without
