"""How a processor adds up products of 8-bit numbers, on which the answers in int8 depend.

Processors with AVX2 or AVX-512 but without VNNI add two products of an unsigned and a signed
number in 16 bits (the instruction VPMADDUBSW), and cut off what does not fit: 2 * 255 * 127 is
64,770, and 32,767 is the most. Weights of 7 bits always fit: 2 * 255 * 64 is 32,640.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from striate.model.environment import processor

CPUINFO: Final = Path("/proc/cpuinfo")  # what Linux says of the processor
VNNI: Final = {"avx512_vnni": "AVX-512 VNNI", "avx_vnni": "AVX VNNI"}
SATURATING: Final = {"avx512bw": "AVX-512 without VNNI", "avx2": "AVX2 without VNNI"}
ARM: Final = ("aarch64", "arm64")


@dataclass(frozen=True)
class Processor:
    """A processor, and how it adds up in int8.

    Attributes:
        name: "AMD EPYC".
        instructions: "AVX-512 VNNI"; what they are called, or "unknown".
        saturates: whether sums of products of 8-bit weights are cut off; True where that is not
            known.
    """

    name: str
    instructions: str
    saturates: bool

    def __str__(self) -> str:
        """Return it in words.

        >>> print(Processor("AMD EPYC", "AVX-512 VNNI", False))
        AMD EPYC (AVX-512 VNNI)
        """
        return f"{self.name} ({self.instructions})"


def find_processor() -> Processor:
    """Return the processor of this machine."""
    text = CPUINFO.read_text("utf-8", "replace") if CPUINFO.is_file() else ""
    instructions, saturates = read_instructions(text, platform.machine())
    return Processor(processor(), instructions, saturates)


def read_instructions(cpuinfo: str, machine: str) -> tuple[str, bool]:
    """Return what a processor adds up in int8 with, and whether it cuts off sums.

    Args:
        cpuinfo: what Linux says of it; "" elsewhere.
        machine: its kind, as `platform.machine` gives it.

    >>> read_instructions("flags : fpu avx2 avx512bw avx512_vnni", "x86_64")
    ('AVX-512 VNNI', False)
    >>> read_instructions("flags : fpu avx2", "x86_64")
    ('AVX2 without VNNI', True)
    >>> read_instructions("", "arm64"), read_instructions("", "AMD64")
    (('ARM', False), ('unknown', True))
    """
    if machine.lower() in ARM:
        return "ARM", False
    flags = set(cpuinfo.split())
    for known, saturates in ((VNNI, False), (SATURATING, True)):
        for flag, name in known.items():
            if flag in flags:
                return name, saturates
    return "unknown", True
