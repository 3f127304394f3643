"""The processes that share a run, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Workers:
    """The processes that share a run, each with a device of its own.

    Attributes:
        device: "cpu", "cuda" or "mps".
        local_size: processes on each machine.
        nodes: how many machines there are.
        launched: whether the processes are running already, started by torchrun.
    """

    device: str
    local_size: int = 1
    nodes: int = 1
    launched: bool = False

    @property
    def size(self) -> int:
        """How many processes there are in all."""
        return self.local_size * self.nodes

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return self.size > 1
