"""How weights start: He's for relu and its kin, Glorot's for the others.

Which of them a conv or fc gets is decided by the activation that follows it, through whatever
lies between: bn, pools, dropout, joins, the end of a block.

- A relu or one of its kin follows, a word with a `negative_slope`: normal with standard deviation
  sqrt(2 / ((1 + a^2) * fan_in)), a being that slope (0 of relu itself). He et al. 2015, Delving
  deep into rectifiers, equations 10 and 15, https://arxiv.org/abs/1502.01852
- Another activation follows, another conv or fc, or nothing: uniform between
  -sqrt(6 / (fan_in + fan_out)) and +sqrt(6 / (fan_in + fan_out)). Glorot and Bengio 2010,
  Understanding the difficulty of training deep feedforward neural networks, equation 16,
  https://proceedings.mlr.press/v9/glorot10a.html

fan_in is how many numbers a unit reads, arriving channels/groups * kernel rows * kernel columns;
fan_out how many units read a number, leaving channels/groups * kernel rows * kernel columns.
Biases start at 0; what other words keep starts as their torch modules start it. A channel that
reads only some of those that arrive has weights as much larger as keeps the variance of its sum,
and weights that never learn are the signs of what is drawn.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from striate.architecture.notation import ExpandedNetwork, Leaf
from striate.architecture.notation.followers import what_follows
from striate.architecture.words import Layer


def initialize(module: nn.Module, plan: ExpandedNetwork, seed: int | None) -> None:
    """Draw the weights of every conv and fc, in the order of running, from one generator.

    Args:
        module: the network, its parts named by their addresses.
        plan: what it was built from.
        seed: for the generator; None makes all weights zero.
    """
    generator = torch.Generator().manual_seed(seed or 0)
    followers = what_follows(plan)
    for step in plan.layers():
        if not isinstance(step, Leaf) or step.address not in followers:
            continue
        layer = module.get_submodule(step.address)
        if not isinstance(layer, nn.Conv2d | nn.Linear):
            raise TypeError(f"{step.address} is a {type(layer).__name__}, not a conv or fc")
        with torch.no_grad():
            if layer.bias is not None:
                layer.bias.zero_()
            if seed is None:
                layer.weight.zero_()
            else:
                _draw(layer.weight, step, followers[step.address], generator)


def _draw(weight: Tensor, step: Leaf, follower: Layer | None, generator: torch.Generator) -> None:
    """Draw the weight of a layer, whichever of its kernels are there and whether it learns."""
    table, groups = step.layer.channel_table, step.layer.channel_groups
    if table is None:
        draw(weight, follower, generator=generator, groups=groups)
    else:
        places = torch.from_numpy(table.places(step.input[0]))
        read = places < table.links
        dense = weight.new_empty((*places.shape, *weight.shape[1:]))
        draw(dense, follower, generator=generator)
        dense *= (read.shape[1] / read.sum(1)).sqrt()[:, None, None, None].to(dense)
        weight.copy_(dense[read])
    if step.layer.keeps_weight:
        weight.sign_()


def draw(
    weight: Tensor, follower: Layer | None, *, generator: torch.Generator, groups: int = 1
) -> None:
    """Fill a weight with its starting values.

    Args:
        weight: (leaving, arriving/groups, rows, columns), or (leaving, arriving).
        follower: the activation that follows; None or any other layer stands for none.
        generator: where the random numbers come from.
        groups: those of the conv.

    >>> from striate.architecture.words import Relu
    >>> weight = torch.empty(256, 128, 3, 3)
    >>> draw(weight, Relu(), generator=torch.Generator().manual_seed(0))
    >>> round(float(weight.std()), 3), round(math.sqrt(2 / (128 * 3 * 3)), 3)
    (0.042, 0.042)
    """
    area = math.prod(weight.shape[2:])
    fan_in = weight.shape[1] * area
    fan_out = weight.shape[0] // groups * area
    slope = None if follower is None else follower.negative_slope
    if slope is not None:
        weight.normal_(0.0, math.sqrt(2 / ((1 + slope**2) * fan_in)), generator=generator)
    else:
        bound = math.sqrt(6 / (fan_in + fan_out))
        weight.uniform_(-bound, bound, generator=generator)
