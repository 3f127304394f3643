"""Which value of a network is its feature vector: one rule for every network.

It is what goes into the last linear layer, a full connection or a convolution that every image
passes (none within the branch of a join); where that has positions, its mean over them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from striate.architecture.notation import Block, ExpandedNetwork, Leaf, Step
from striate.architecture.words import Conv, Fc

NO_FEATURES: Final = (
    "the network has no full connection and no convolution outside of branches, so it has no "
    "feature vector in which images could lie far off"
)


def find_feature_layer(plan: ExpandedNetwork) -> Leaf | None:
    """Return the layer whose input is the feature vector of a network; None where there is none.

    >>> from striate.architecture.notation import expand
    >>> plan = expand("input 1x8x8 classes=3 > conv 4 > relu > gap > flatten > dropout 0.5 > fc")
    >>> layer = find_feature_layer(plan)
    >>> layer.address, layer.input
    ('fc1', (4,))
    >>> plan = expand("input 1x8x8 classes=3 > conv 1x1 classes > gap > flatten")
    >>> layer = find_feature_layer(plan)
    >>> layer.address, layer.input  # the mean of its channels: one number
    ('conv1', (1, 8, 8))
    """
    linear = [leaf for leaf in _passed(plan.steps) if isinstance(leaf.layer, (Fc, Conv))]
    return linear[-1] if linear else None


def _passed(steps: Sequence[Step]) -> Iterator[Leaf]:
    for step in steps:
        if isinstance(step, Block):
            yield from _passed(step.steps)
        elif isinstance(step, Leaf):
            yield step
