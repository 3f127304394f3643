"""A trained network as plain numbers: what engines take, and what its torch module is built of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from striate.architecture.notation import ExpandedNetwork, Leaf
from striate.architecture.words import Shape
from striate.backends.numpy.parameters import NOT_USED, shapes

if TYPE_CHECKING:
    import torch

    from striate.backends.torch import Net


@dataclass(frozen=True, eq=False)
class Trained:
    """A network and its weights, without torch.

    Attributes:
        plan: the network, worked out.
        weights: by name as in torch: "conv1.weight", "b2.bn1.running_mean".
    """

    plan: ExpandedNetwork
    weights: Mapping[str, np.ndarray]

    @staticmethod
    def of(plan: ExpandedNetwork, state: Mapping[str, torch.Tensor]) -> Trained:
        """Take the weights of a torch module, which may go on learning without harm.

        >>> from striate.backends.torch import build
        >>> module = build("input 1x4x4 classes=2 > flatten > fc bias=no")
        >>> Trained.of(module.plan, module.state_dict()).weights["fc1.weight"].shape
        (2, 16)
        """
        copied = {name: value.detach().cpu().numpy().copy() for name, value in state.items()}
        return Trained(plan, copied)

    @property
    def parameters(self) -> int:
        """How many numbers it has learnt."""
        leaves = [step for step in self.plan.layers() if isinstance(step, Leaf)]
        return sum(leaf.layer.parameters(leaf.input) for leaf in leaves)

    def module(self) -> Net:
        """Build the torch module, in evaluation mode; torch is loaded here."""
        import torch

        from striate.backends.torch import build

        module = build(self.plan, seed=None)
        module.load_state_dict(
            {name: torch.from_numpy(np.array(value)) for name, value in self.weights.items()}
        )
        return module.eval()


def state_shapes(plan: ExpandedNetwork) -> dict[str, Shape]:
    """List what the torch module of a network keeps, by name, without building it.

    >>> from striate.architecture.notation import expand
    >>> state_shapes(expand("input 1x4x4 > conv 2 bias=no > bn"))
    {'conv1.weight': (2, 1, 3, 3), 'bn1.weight': (2,), 'bn1.bias': (2,), 'bn1.running_mean': (2,),
     'bn1.running_var': (2,), 'bn1.num_batches_tracked': ()}
    """
    found: dict[str, Shape] = {}
    for name, shape in shapes(plan).items():
        found[name] = shape
        if name.endswith("running_var"):
            found[name.replace("running_var", NOT_USED)] = ()
    return found
