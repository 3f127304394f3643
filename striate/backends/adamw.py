"""AdamW as torch has it, without the parts that serve torch.compile alone."""

from __future__ import annotations

from inspect import unwrap

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
