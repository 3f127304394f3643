"""Which activation follows each conv and fc: it decides how their weights start."""

from __future__ import annotations

from collections.abc import Sequence

from striate.architecture.notation.expanded import Block, ExpandedNetwork, Join, Step
from striate.architecture.words import Layer


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
            follower = next((end for end in ends if _rectifies(end)), ends[0])
        else:
            if step.layer.width is not None:
                followers[step.address] = follower
            if step.layer.width is not None or step.layer.is_activation:
                follower = step.layer
    return follower


def _rectifies(layer: Layer | None) -> bool:
    return layer is not None and layer.negative_slope is not None
