"""AdamW as torch has it, without the parts that serve torch.compile alone."""

from __future__ import annotations

from inspect import unwrap
from typing import Any

import torch

_ORIGINAL = torch.optim.AdamW


class AdamW(torch.optim.AdamW):
    """torch's AdamW, with the same arithmetic.

    torch wraps some methods of every optimizer so that torch.compile leaves them alone, and imports
    torch.compile's machinery (torch._dynamo, sympy) for that when an optimizer is made: as long
    as to import torch itself. These are the methods without.

    Source: Loshchilov and Hutter 2017, https://arxiv.org/abs/1711.05101.

    >>> weight = torch.nn.Parameter(torch.ones(1))
    >>> optimizer = AdamW([weight], lr=0.1, weight_decay=0.0)
    >>> weight.sum().backward()
    >>> _ = optimizer.step()
    >>> round(weight.item(), 6)
    0.9
    """

    add_param_group = unwrap(_ORIGINAL.add_param_group)
    state_dict = unwrap(_ORIGINAL.state_dict)
    load_state_dict = unwrap(_ORIGINAL.load_state_dict)
    zero_grad = unwrap(_ORIGINAL.zero_grad)
    step = torch.no_grad()(unwrap(_ORIGINAL.step))

    def _init_group(self, group: Any, *lists: list[torch.Tensor]) -> bool:
        """Collect what a step changes, channels last as views without gaps.

        torch's fused step copies each gradient that lies channels last, 2.5 % of a step of
        ResNet-18; of a view whose axes stand as they lie in memory it does not. The order within a
        tensor does not matter to it, as long as it is that of the parameter: it walks through both
        in the order of memory, so a gradient that lies otherwise is laid like its parameter first.
        """
        is_complex = super()._init_group(group, *lists)  # type: ignore[no-untyped-call]
        changed = lists[:4]  # parameters, gradients, both moments
        for place in range(len(changed[0]) if group["fused"] else 0):
            weight, gradient = changed[0][place], changed[1][place]
            if gradient.stride() != weight.stride():
                changed[1][place] = torch.empty_like(weight).copy_(gradient)
            if all(lies_channels_last(tensors[place]) for tensors in changed):
                for tensors in changed:
                    tensors[place] = tensors[place].permute(0, 2, 3, 1)
        return bool(is_complex)


def lies_channels_last(tensor: torch.Tensor) -> bool:
    """Say whether a tensor lies channels last in memory, and in no other order.

    >>> plain = torch.zeros(2, 3, 4, 5)
    >>> lies_channels_last(plain), lies_channels_last(plain.to(memory_format=torch.channels_last))
    (False, True)
    """
    if tensor.ndim != 4 or tensor.is_contiguous():
        return False
    return tensor.is_contiguous(memory_format=torch.channels_last)
