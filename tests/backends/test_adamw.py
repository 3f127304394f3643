"""AdamW without torch.compile's parts: the same steps, whatever order tensors have in memory."""

from __future__ import annotations

import itertools

import pytest
import torch

from striate.backends.adamw import AdamW

PLAIN, LAST = torch.contiguous_format, torch.channels_last


def walk(kind: type[torch.optim.AdamW], layouts: tuple[torch.memory_format, ...]) -> torch.Tensor:
    """Take a step for each layout of the gradient; the first is the parameter's."""
    numbers = torch.Generator().manual_seed(0)
    weight = torch.nn.Parameter(
        torch.randn(4, 3, 3, 2, generator=numbers).to(memory_format=layouts[0])
    )
    optimizer = kind([weight], lr=0.1, weight_decay=0.1, fused=kind is AdamW)
    for layout in layouts[1:]:
        gradient = torch.randn(4, 3, 3, 2, generator=numbers)
        weight.grad = gradient.to(memory_format=layout)
        optimizer.step()
    return weight.detach().contiguous()


@pytest.mark.parametrize("layouts", list(itertools.product((PLAIN, LAST), repeat=3)), ids=str)
def test_steps_are_those_of_torch(layouts: tuple[torch.memory_format, ...]) -> None:
    expected = walk(torch.optim.AdamW, layouts)
    torch.testing.assert_close(walk(AdamW, layouts), expected, rtol=0, atol=1e-6)


def test_a_gradient_that_lies_as_its_weight_is_not_copied() -> None:
    weight = torch.nn.Parameter(torch.randn(8, 4, 3, 3).to(memory_format=LAST))
    optimizer = AdamW([weight], fused=True)
    weight.grad = torch.randn_like(weight)
    with torch.profiler.profile() as seen:
        optimizer.step()
    (step,) = (each for each in seen.events() if each.name == "aten::_fused_adamw_")
    assert "aten::contiguous" not in [child.name for child in step.cpu_children]
