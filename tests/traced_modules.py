"""Torch modules for tracing, and what is asked of every one of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from striate.backends.fx import Traced, from_torch
from striate.backends.torch import build
from striate.errors import NotationError


class Called(nn.Module):
    """A module made of one function of its parts."""

    a: Callable[[Tensor], Tensor]
    a2: Callable[[Tensor], Tensor]
    b: Callable[[Tensor], Tensor]
    c: Callable[[Tensor], Tensor]

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


def computing(function: Callable[..., object], **parts: nn.Module) -> nn.Module:
    """A module that computes a function of its parts and its input."""

    class Computing(Called):
        def forward(self, x: Tensor) -> object:
            return function(self, x)

    return Computing(**parts)


def stirred(module: nn.Module) -> nn.Module:
    """Make the statistics of batch normalisation other than they start."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d | nn.BatchNorm1d) and part.running_var is not None:
            part.running_var.uniform_(0.5, 2)
            assert part.running_mean is not None
            part.running_mean.uniform_(-0.5, 0.5)
    return module.eval()


def carried(module: nn.Module, shape: tuple[int, ...]) -> Traced:
    """Trace a module; the network with the weights carried over gives the same numbers."""
    traced = from_torch(stirred(module), shape)
    ours = build(traced.network, seed=None).eval()
    ours.load_state_dict(traced.weights(module))
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours(x), module(x.clone()), rtol=1e-5, atol=1e-5)
    return traced


def text_of(module: nn.Module, shape: tuple[int, ...] = (3, 8, 8)) -> str:
    """The traced network's text without its input, in one line."""
    return " > ".join(map(str, carried(module, shape).network.flow))


def refusal(module: nn.Module, shape: tuple[int, ...] = (3, 8, 8)) -> str:
    with pytest.raises(NotationError) as caught:
        from_torch(module, shape)
    said = str(caught.value)
    assert "\n" not in said
    return said
