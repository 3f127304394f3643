"""One process with one device: what Lightning Fabric does for several, without loading it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from striate.backends.precision import Precision

if TYPE_CHECKING:
    from lightning_fabric import Fabric

AnyFabric: TypeAlias = "Fabric | SingleProcess"

Value = TypeVar("Value")


class SingleProcess:
    """Fabric's part of a training, by its names, where there is nobody to share it with.

    Fabric imports torch.compile's machinery, which takes as long as to import torch.

    Args:
        device: "cpu", "cuda" or "mps".
        way: the precision.

    >>> alone = SingleProcess("cpu", Precision("float32", "channels-first"))
    >>> alone.world_size, alone.global_rank, alone.broadcast("as it is")
    (1, 0, 'as it is')
    """

    world_size = 1
    global_rank = 0
    is_global_zero = True

    def __init__(self, device: str, way: Precision) -> None:
        self.device = torch.device("cuda:0" if device == "cuda" else device)
        self._way = way

    def setup(
        self, module: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Return the module on its device, computing in the precision, and the optimizer."""
        return _Cast(module.to(self.device), self), optimizer

    def autocast(self) -> torch.autocast:
        """Return what has a block of code compute in the precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._way.name == "bf16")

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients."""
        loss.backward()  # type: ignore[no-untyped-call]

    def broadcast(self, value: Value) -> Value:
        """Give the value to all processes, of which there is one."""
        return value

    def all_reduce(self, value: Tensor, reduce_op: str = "mean") -> Tensor:
        """Combine the values of all processes, of which there is one."""
        return value


class _Cast(nn.Module):
    """A module that computes in a precision and answers in float32."""

    def __init__(self, module: nn.Module, alone: SingleProcess) -> None:
        super().__init__()
        self.module, self._alone = module, alone

    def forward(self, values: Tensor) -> Tensor:
        with self._alone.autocast():
            answer: Tensor = self.module(values)
        return answer.float()
