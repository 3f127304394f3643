"""Which activation follows each conv and fc: it decides how their weights start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from striate.architecture.notation.expanded import Block, ExpandedNetwork, Join, Step
from striate.architecture.words import (
    Conv,
    Fc,
    Layer,
    LeakyRelu,
    Prelu,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    Tanh,
)

RELU_LIKE: Final = (Relu, Relu6, LeakyRelu, Prelu)
DECIDING: Final = (*RELU_LIKE, Sigmoid, Tanh, Softmax, Conv, Fc)


def what_follows(plan: ExpandedNetwork) -> dict[str, Layer | None]:
    """Say which layer decides how each conv and fc starts; None where nothing follows.

    It looks through whatever lies between: bn, pools, dropout, joins, the end of a block.

    >>> from striate.architecture.notation import expand
    >>> plan = expand("input 1x8x8 > conv 4 > bn > relu > conv 4 > gap > flatten > fc 2")
    >>> {address: str(layer) for address, layer in what_follows(plan).items()}
    {'fc1': 'None', 'conv2': 'fc 2', 'conv1': 'relu'}
    """
    followers: dict[str, Layer | None] = {}
    _walk_back(plan.steps, None, followers)
    return followers


def _walk_back(
    steps: Sequence[Step], follower: Layer | None, followers: dict[str, Layer | None]
) -> Layer | None:
    """Go from the last step to the first; give what decides for a layer before them."""
    for step in reversed(steps):
        if isinstance(step, Block):
            follower = _walk_back(step.steps, follower, followers)
        elif isinstance(step, Join):
            ends = [_walk_back(branch, follower, followers) for branch in step.branches]
            follower = next((end for end in ends if isinstance(end, RELU_LIKE)), ends[0])
        else:
            if isinstance(step.layer, Conv | Fc):
                followers[step.address] = follower
            if isinstance(step.layer, DECIDING):
                follower = step.layer
    return follower
