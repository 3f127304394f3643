"""The reference beside torch: one network, the same numbers in, every number out compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from striate.architecture.aspects.numpy_pass import Array
from striate.architecture.notation import ExpandedNetwork
from striate.architecture.words import Dropout
from striate.backends import numpy
from striate.backends.numpy.parameters import leaves
from striate.backends.torch import Net, build

BATCH = 3


class Masked(nn.Module):
    """torch's dropout with what it keeps given, as torch itself draws it from a global state."""

    def __init__(self, kept: Array, rate: float) -> None:
        super().__init__()
        self.scale = torch.from_numpy(kept / (1 - rate))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


@dataclass(frozen=True)
class Difference:
    """How far the two lie apart: the largest difference of any number, and what it is of.

    It is told as a share of the largest number of its kind in the whole pass (at least 1): where
    gradients of 1e7 cancel each other, nobody's sum is right to more digits than that.
    """

    name: str
    share: float


def random_state(module: nn.Module, random: np.random.Generator) -> None:
    """Give every parameter and statistic a random value: none at its start, all ordinary."""
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if not tensor.is_floating_point():  # counts and places
                continue
            values = random.normal(size=tensor.shape)
            if name.endswith("running_var"):
                values = np.abs(values) + 0.3
            if tensor.ndim > 1:
                values *= np.sqrt(2 / np.prod(tensor.shape[1:]))
            tensor.copy_(torch.from_numpy(values))


def state_of(module: nn.Module) -> dict[str, Array]:
    """The state dict as arrays of its own."""
    return {name: tensor.numpy().copy() for name, tensor in module.state_dict().items()}


def with_masks(module: Net, plan: ExpandedNetwork, random: np.random.Generator) -> dict[str, Array]:
    """Draw what each dropout keeps, build it into the module, and give it by address."""
    masks = {}
    for leaf in leaves(plan):
        if not isinstance(leaf.layer, Dropout):
            continue
        shape = leaf.layer.mask_shape((BATCH, *leaf.input))
        kept = (random.random(shape) >= leaf.layer.rate).astype(float)
        masks[leaf.address] = kept
        parent, _, name = leaf.address.rpartition(".")
        place = module.get_submodule(parent) if parent else module
        setattr(place, name, Masked(kept, leaf.layer.rate))
    return masks


def compare(plan: ExpandedNetwork, *, training: bool, seed: int) -> Difference:
    """Run a network forward and backward with both, and give the largest difference."""
    random = np.random.default_rng(seed)
    module = build(plan, seed=None).double().train(training)
    random_state(module, random)
    state = state_of(module)
    masks = with_masks(module, plan, random) if training else {}
    images = random.normal(size=(BATCH, *plan.input))

    passed = numpy.forward(plan, state, images, training=training, masks=masks)
    dy = random.normal(size=passed.output.shape)
    gradient = numpy.backward(passed, dy)

    x = torch.from_numpy(images).requires_grad_()
    y = module(x)
    y.backward(torch.from_numpy(dy))

    numbers = max(1.0, *(float(np.abs(values).max()) for values in passed.values.values()))
    slopes = max(1.0, *(float(np.abs(values).max()) for values in gradient.values.values()))
    found = [
        ("output", apart(passed.output, y) / numbers),
        ("input", apart(gradient.input, x.grad) / slopes),
    ]
    learnt = dict(module.named_parameters())
    assert gradient.parameters.keys() == learnt.keys()
    found += [
        (name, apart(slope, learnt[name].grad) / slopes)
        for name, slope in gradient.parameters.items()
    ]
    after = module.state_dict()
    measured = {name for name in after if name.endswith(("running_mean", "running_var"))}
    assert passed.statistics.keys() == (measured if training else set())
    found += [
        (name, apart(values, after[name]) / numbers**2)  # a variance is a square
        for name, values in passed.statistics.items()
    ]
    return max((Difference(*each) for each in found), key=lambda each: each.share)


def apart(ours: Array, theirs: Tensor | None) -> float:
    """The largest difference; infinite if torch's are no numbers."""
    assert theirs is not None
    values = theirs.detach().numpy()
    assert ours.shape == values.shape
    return float(np.abs(ours - values).max()) if np.isfinite(values).all() else np.inf
