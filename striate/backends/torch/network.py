"""A network as a torch module whose parts have the addresses of the notation.

Three stages that do not mix: the text is worked out (the notation), each word gives its
torch module, and the weights are drawn (`striate.backends.torch.initialisation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from torch import Tensor, nn

from striate.architecture.notation import Block, ExpandedNetwork, Join, Leaf, Network, Step, expand
from striate.architecture.words import Joint, Shape
from striate.backends.torch.initialisation import initialize
from striate.errors import NotationError

BATCH_NORMS: Final = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
"""Torch's kinds of batch normalisation; a module of someone else's may hold any of them."""

MOST_PARAMETERS: Final = 2_000_000_000  # 8 GB in float32; ConvNeXt-XXL has 0.85 thousand millions


class Steps(nn.Module):
    """Steps one after the other: a block, or the whole network.

    Every layer, join and block called from here is a submodule named by its address, so that
    its output can be hooked; the layers of a block are named within it.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__()
        self._steps = tuple(steps)
        for step in _here(self._steps):
            self.add_module(_own_name(step), _module_of(step))

    def forward(self, x: Tensor) -> Tensor:
        """Run the steps.

        Args:
            x: (batch, channels, rows, columns), or (batch, features) behind flatten.
        """
        return self._run(self._steps, x)

    def _run(self, steps: Sequence[Step], x: Tensor) -> Tensor:
        for step in steps:
            module = self._modules[_own_name(step)]
            if module is None:
                raise RuntimeError(f"the module at {step.address} was taken out")
            if isinstance(step, Join):
                x = module(*(self._run(branch, x) for branch in step.branches))
            else:
                x = module(x)
        return x


class Net(Steps):
    """A whole network.

    Attributes:
        plan: every layer with its address and shapes.
    """

    plan: ExpandedNetwork

    def __init__(self, plan: ExpandedNetwork) -> None:
        super().__init__(plan.steps)
        self.plan = plan


# One for all joins: a class made inside a function of the word would be another one at each call.
class Joining(nn.Module):
    """What a join makes of its branches.

    Attributes:
        joint: cat or add, say.
    """

    def __init__(self, joint: Joint) -> None:
        super().__init__()
        self.joint = joint

    def forward(self, *branches: Tensor) -> Tensor:
        """Join the branches, each (batch, channels, ...)."""
        return self.joint.torch_forward(branches)

    def extra_repr(self) -> str:
        """Return the join's word."""
        return str(self.joint)


def build(
    network: str | Network | ExpandedNetwork,
    *,
    input: Shape | None = None,  # noqa: A002 (the notation's word)
    classes: int | None = None,
    seed: int | None = 0,
) -> Net:
    """Make the torch module of a network, ready to be trained.

    Weights start as the field does it: He's for layers that a relu or its kin follows,
    Glorot's for the others; `initialisation` says which, with the formulas and
    their sources.

    Args:
        network: a text in the notation, its tree, or its plan.
        input: (channels, rows, columns); overrides what the network says.
        classes: how many classes; overrides what the network says.
        seed: for the weights; the global random state is neither used nor changed. None
            leaves all weights zero, for a network whose weights are loaded next.

    Returns:
        A module in training mode, on the CPU, in float32: (batch, channels, rows, columns)
        in, (batch, ...) out. Its submodules carry the addresses, as in ``conv1`` and
        ``next12.conv2``, and ``module.plan`` is the plan.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or is too large.

    >>> import torch
    >>> module = build("input 1x8x8 classes=10 > conv 4 > relu > gap > flatten > fc")
    >>> list(module.state_dict())
    ['conv1.weight', 'conv1.bias', 'fc1.weight', 'fc1.bias']
    >>> module(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 10])
    """
    plan = expand(network, input=input, classes=classes)
    leaves = [step for step in plan.layers() if isinstance(step, Leaf)]
    parameters = sum(leaf.layer.parameters(leaf.input) for leaf in leaves)
    if parameters > MOST_PARAMETERS:
        raise NotationError(
            f"the network has {parameters:,} parameters, more than {MOST_PARAMETERS:,}; "
            "pool more before the first fc, or take fewer channels"
        )
    module = Net(plan)
    initialize(module, plan, seed)
    return module


def _here(steps: Sequence[Step]) -> Iterator[Step]:
    """Give the steps that are modules of the same parent, branches before their join."""
    for step in steps:
        if isinstance(step, Join):
            for branch in step.branches:
                yield from _here(branch)
        yield step


def _own_name(step: Step) -> str:
    """The last part of an address: next12.conv2 -> conv2."""
    return step.address.rpartition(".")[2]


def _module_of(step: Step) -> nn.Module:
    if isinstance(step, Block):
        return Steps(step.steps)
    if isinstance(step, Join):
        return Joining(step.layer)
    return step.layer.torch_module(step.input)
