"""Torch modules whose weights are not drawn, since others are put in their place next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def with_memory(module: nn.Module) -> nn.Module:
    """Give a layer that was made on torch's meta device memory for its weights, on the CPU.

    `nn.Module.to_empty` does the same, and imports sympy for it: 0.3 s.

    Args:
        module: a layer with parameters of its own alone; it is changed and returned.

    >>> from torch import nn
    >>> with_memory(nn.Linear(3, 2, device="meta")).weight.shape
    torch.Size([2, 3])
    """
    import torch
    from torch import nn

    for name, parameter in list(module.named_parameters()):
        values = torch.empty(parameter.shape, dtype=parameter.dtype, device="cpu")
        setattr(module, name, nn.Parameter(values))
    return module
