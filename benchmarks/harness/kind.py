"""The kind of machine that figures hold for, known from what its processor can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from striate.backends.bf16 import INSTRUCTIONS

EMULATION = {  # of torch, of oneDNN (convolutions) and of MKL (matrix products)
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}


@dataclass(frozen=True)
class Kind:
    """What the results are sorted by.

    Attributes:
        kind: "gpu", "bf16" (a processor that computes bf16), "avx512", "avx2" or "other".
        emulated: whether the processor can do more and was told not to.
    """

    kind: str
    emulated: bool = False

    @property
    def has_bf16(self) -> bool:
        """Whether bf16 is computed by the machine itself."""
        return self.kind in ("gpu", "bf16")


def find_kind(
    capabilities: Mapping[str, object], environment: Mapping[str, str], gpus: Sequence[str]
) -> Kind:
    """Find the kind of a machine.

    Args:
        capabilities: of its processor, as torch.cpu.get_capabilities gives them.
        environment: variables, three of which make a processor do without what AVX2 lacks.
        gpus: names of its CUDA devices.

    >>> find_kind({"avx2": True, "avx512_f": True, "avx512_bf16": True}, {}, []).kind
    'bf16'
    >>> find_kind({"avx2": True, "avx512_f": False, "avx512_bf16": False}, {}, []).kind
    'avx2'
    """
    if gpus:
        return Kind("gpu")
    own = _kind_of({name for name, there in capabilities.items() if there is True})
    if len(emulating(environment)) == len(EMULATION) and own in ("bf16", "avx512"):
        return Kind("avx2", emulated=True)
    return Kind(own)


def emulating(environment: Mapping[str, str]) -> list[str]:
    """Find which of the variables ask for AVX2; with some alone, part of the work would do it.

    >>> emulating({"ONEDNN_MAX_CPU_ISA": "AVX2"})
    ['ONEDNN_MAX_CPU_ISA']
    """
    return [
        name
        for name, value in EMULATION.items()
        if environment.get(name, "").lower() == value.lower()
    ]


def _kind_of(can: set[str]) -> str:
    if can & set(INSTRUCTIONS):
        return "bf16"
    if "avx512_f" in can:
        return "avx512"
    return "avx2" if "avx2" in can else "other"
