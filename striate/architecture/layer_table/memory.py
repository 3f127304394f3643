"""What training has to remember: weights, gradients, AdamW's moments, and maps kept for later.

A layer's backward pass needs numbers of the forward pass: a convolution its input, a ReLU its
output, a max pooling the place of each largest value. Which ones, each layer says in torch's
https://github.com/pytorch/pytorch/blob/main/tools/autograd/derivatives.yaml; a map that two
layers need is kept once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from striate.architecture.layer_table.wiring import IMAGE, Node, gets_gradient
from striate.architecture.notation import Join, Leaf
from striate.architecture.words import Shape

FLOAT32: Final = 4  # bytes of a number
BF16: Final = 2
INDEX: Final = 8  # bytes of a place within a map: a 64-bit whole number
PRECISIONS: Final[Mapping[str, int]] = {"float32": FLOAT32, "bf16": BF16}


@dataclass(frozen=True)
class Kept:
    """What the forward pass keeps for the backward pass.

    Attributes:
        values: numbers of maps, for each image.
        places: places within maps, which max pooling remembers, for each image.
        statistics: means and deviations that bn has found, for the whole batch.
        weights: those of conv and fc; bf16 arithmetic has copies of them, for the whole batch.
    """

    values: int
    places: int
    statistics: int = 0
    weights: int = 0

    def activations(self, batch: int, *, precision: str = "float32") -> int:
        """Give the bytes of all but the weights.

        >>> Kept(values=100, places=10, statistics=2).activations(1)
        488
        """
        each = self.values * PRECISIONS[precision] + self.places * INDEX
        return batch * each + FLOAT32 * self.statistics


@dataclass(frozen=True)
class TrainingMemory:
    """What training keeps in memory at once, in bytes; what the library itself needs is not in it.

    Attributes:
        batch: images a step.
        precision: "float32", or "bf16" for bf16 arithmetic on float32 weights.
        weights: 4 bytes a parameter; with bf16, 2 more for the copy of each weight of conv and fc.
        gradients: as many numbers as parameters, in float32.
        moments: AdamW's two running means, of the gradient and of its square, in float32.
        activations: the maps that the backward pass needs, of all images of the batch.
    """

    batch: int
    precision: str
    weights: int
    gradients: int
    moments: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.moments + self.activations

    def as_json(self) -> dict[str, object]:
        """Give it as plain values."""
        return {**vars(self), "total": self.total}


def kept(nodes: Sequence[Node]) -> Kept:
    """Count what the forward pass keeps for the backward pass.

    >>> from striate.architecture.layer_table.wiring import wire
    >>> from striate.architecture.notation import expand
    >>> kept(wire(expand("input 1x8x8 > conv 4 > relu > maxpool 2 > flatten > fc 2")))
    Kept(values=384, places=64, statistics=0, weights=164)
    """
    flags = gets_gradient(nodes)
    values: dict[int, int] = {}  # place of the layer whose output is kept -> numbers
    places = extra = statistics = 0
    for place, (node, flag) in enumerate(zip(nodes, flags, strict=True)):
        if not (flag or node.learns):
            continue
        if isinstance(node.step, Join):
            if node.step.layer.gates:
                extra += _keep_factors(nodes, place, node.step, flags, values)
            continue
        step, source = node.step, _origin(nodes, node.sources[0])
        needs = step.layer.backward_needs(step, gradient=flag)
        extra += needs.values
        places += needs.places
        statistics += needs.statistics
        if needs.map == "input":
            _keep(nodes, source, step.input, values)
        elif needs.map == "output":
            values[place] = math.prod(step.output)
    weights = sum(_weights(node.step) for node in nodes if isinstance(node.step, Leaf))
    return Kept(sum(values.values()) + extra, places, statistics, weights)


def _keep(nodes: Sequence[Node], source: int, shape: Shape, values: dict[int, int]) -> None:
    """Note that a map is kept; of a part of it, all is."""
    whole = nodes[source].step.output if source != IMAGE else shape
    first = nodes[0].step
    if source == IMAGE and isinstance(first, Leaf):
        whole = first.input  # a slice of the image keeps the image
    values[source] = max(math.prod(whole), values.get(source, 0))


def _keep_factors(
    nodes: Sequence[Node], place: int, join: Join, flags: Sequence[bool], values: dict[int, int]
) -> int:
    """Note which factors a product keeps, for the gradients of the others.

    Returns:
        How many numbers of its own it keeps: of the products of all but the last.
    """
    sources = nodes[place].sources
    shapes = [branch[-1].output for branch in join.branches]
    learnt = [s != IMAGE and (flags[s] or nodes[s].learns) for s in sources]
    own = 0
    for at in range(1, len(shapes)):
        if any(learnt[:at]):
            _keep(nodes, _origin(nodes, sources[at]), shapes[at], values)
        if learnt[at] and at == 1:
            _keep(nodes, _origin(nodes, sources[0]), shapes[0], values)
        elif learnt[at]:
            own += math.prod(join.layer.output(shapes[:at]))
    return own


def _weights(step: Leaf) -> int:
    """Count the weights of a conv or fc, the biases aside."""
    if step.layer.width is None:
        return 0
    return math.prod(step.layer.tensors(step.input)["weight"])


def _origin(nodes: Sequence[Node], source: int) -> int:
    """Give the layer that made a map, behind the words that hand it on as it is."""
    while source != IMAGE and nodes[source].renames:
        source = nodes[source].sources[0]
    return source


def backward_macs(nodes: Sequence[Node]) -> int:
    """Count the multiply-accumulates of the backward pass for one image.

    A conv or fc costs its forward MACs once for the gradient of its weights, and once more for
    the gradient of its input where anything before it learns.

    >>> from striate.architecture.layer_table.wiring import wire
    >>> from striate.architecture.notation import expand
    >>> plan = expand("input 1x8x8 > conv 4 > flatten > fc 10")
    >>> backward_macs(wire(plan)) == 1 * (3*3*1*4 * 8*8) + 2 * (256*10)
    True
    """
    return sum(
        node.step.layer.macs(node.step.input) * (2 if flag else 1)
        for node, flag in zip(nodes, gets_gradient(nodes), strict=True)
        if isinstance(node.step, Leaf)
    )
