"""The numbers a network keeps: their names, their shapes, and how they start.

The names are those of the torch module: address, dot, what it is, as in ``conv1.weight`` and
``next12.bn2.running_mean``. So the ``state_dict()`` of `striate.build` can be used as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture.notation import ExpandedNetwork, Leaf, Network, expand
from striate.architecture.notation.followers import RELU_LIKE, what_follows
from striate.architecture.words import Bn, Conv, Fc, Layer, LeakyRelu, Prelu, Shape
from striate.backends.numpy.arrays import numbers
from striate.backends.numpy.result import Array, ByName
from striate.errors import SettingError

NOT_USED: Final = "num_batches_tracked"  # torch keeps it beside the running statistics
PRELU_START: Final = 0.25


def _conv(layer: Conv, shape: Shape) -> dict[str, Shape]:
    weight = (layer.channels, shape[0] // layer.groups, *layer.kernel)
    return {"weight": weight, "bias": (layer.channels,)} if layer.bias else {"weight": weight}


def _fc(layer: Fc, shape: Shape) -> dict[str, Shape]:
    weight = (layer.units, shape[0])
    return {"weight": weight, "bias": (layer.units,)} if layer.bias else {"weight": weight}


def _bn(layer: Bn, shape: Shape) -> dict[str, Shape]:
    names = ("weight", "bias", "running_mean", "running_var")
    return dict.fromkeys(names, (shape[0],))


# What a layer keeps, from the layer and the shape that goes in; the other words keep nothing.
KEPT: Final[Mapping[type[Layer], Callable[[Any, Shape], dict[str, Shape]]]] = {
    Conv: _conv,
    Fc: _fc,
    Bn: _bn,
    Prelu: lambda layer, shape: {"weight": (shape[0],)},
}


def shapes(network: str | Network | ExpandedNetwork) -> dict[str, Shape]:
    """List every number a network keeps, by name, in the order of running.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.

    >>> shapes("input 3x8x8 classes=2 > conv 5x5 4 > bn > gap > flatten > fc bias=no")
    {'conv1.weight': (4, 3, 5, 5), 'conv1.bias': (4,), 'bn1.weight': (4,), 'bn1.bias': (4,),
     'bn1.running_mean': (4,), 'bn1.running_var': (4,), 'fc1.weight': (2, 4)}
    """
    return {
        f"{leaf.address}.{name}": shape
        for leaf in leaves(planned(network))
        for name, shape in kept(leaf).items()
    }


def start(network: str | Network | ExpandedNetwork, *, seed: int = 0) -> ByName:
    """Draw the numbers a network starts with, so that signals keep their size from layer to layer.

    A sum of n products of variance v each has variance n * v. He's weights, before relu and its
    kin, have variance 2 / n, as relu lets half of it through (with a slope a, 2 / (1 + a^2) / n);
    Glorot's, before all else, 2 / (n + m), a compromise between the n numbers that a unit
    reads and the m units that read a number. He's are normal; Glorot's are uniform between
    -r and r, of variance r^2 / 3, so r = sqrt(6 / (n + m)).
    He et al. 2015, equations 10 and 15, https://arxiv.org/abs/1502.01852. Glorot and Bengio 2010,
    equation 16, https://proceedings.mlr.press/v9/glorot10a.html

    Args:
        network: a text in the notation, its tree, or its plan.
        seed: for the random numbers.

    Returns:
        float64 arrays by name.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.

    >>> parameters = start("input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc")
    >>> {name: values.shape for name, values in parameters.items()}
    {'conv1.weight': (4, 1, 3, 3), 'conv1.bias': (4,), 'fc1.weight': (2, 4), 'fc1.bias': (2,)}
    """
    plan = planned(network)
    random = np.random.default_rng(seed)
    followers = what_follows(plan)
    parameters: ByName = {}
    for leaf in leaves(plan):
        for name, shape in kept(leaf).items():
            if isinstance(leaf.layer, Conv | Fc) and name == "weight":
                values = _weights(shape, leaf.layer, followers[leaf.address], random)
            elif isinstance(leaf.layer, Prelu):
                values = np.full(shape, PRELU_START)
            else:
                values = np.full(shape, 1.0 if name in ("weight", "running_var") else 0.0)
            parameters[f"{leaf.address}.{name}"] = values
    return parameters


def _weights(
    shape: Shape, layer: Conv | Fc, follower: Layer | None, random: np.random.Generator
) -> Array:
    reads = math.prod(shape[1:])  # n, the numbers that a unit reads
    groups = layer.groups if isinstance(layer, Conv) else 1
    read_by = shape[0] // groups * math.prod(shape[2:])  # m, the units that read a number
    if isinstance(follower, RELU_LIKE):
        slope = follower.slope if isinstance(follower, LeakyRelu) else 0.0
        if isinstance(follower, Prelu):
            slope = PRELU_START
        return random.normal(0.0, math.sqrt(2 / ((1 + slope**2) * reads)), shape)
    bound = math.sqrt(6 / (reads + read_by))
    return random.uniform(-bound, bound, shape)


def by_layer(plan: ExpandedNetwork, parameters: Mapping[str, ArrayLike]) -> dict[str, ByName]:
    """Hand each layer its own numbers, in float64, checked.

    Args:
        plan: the network.
        parameters: by name; torch tensors are taken too.

    Returns:
        By address, then by what they are: ``["conv1"]["weight"]``.

    Raises:
        SettingError: one is missing, of the wrong shape, or not of this network.
    """
    expected = shapes(plan)
    missing = [name for name in expected if name not in parameters]
    if missing:
        raise SettingError(
            f"the parameters lack {_some(missing)}; expected the names of this network; "
            "reference.start(network) makes them all"
        )
    foreign = [
        name
        for name in parameters
        if name not in expected
        and not (name.endswith(NOT_USED) and name.replace(NOT_USED, "running_var") in expected)
    ]
    if foreign:
        raise SettingError(
            f"the network has no {_some(foreign)}; expected only {_some(list(expected))}; "
            "were these parameters made for another network?"
        )
    handed: dict[str, ByName] = {leaf.address: {} for leaf in leaves(plan)}
    for name, shape in expected.items():
        values = numbers(parameters[name], name)
        if values.shape != shape:
            raise SettingError(
                f"{name} has shape {values.shape}; expected {shape}; "
                "were these parameters made for another network?"
            )
        address, _, what = name.rpartition(".")
        handed[address][what] = values
    return handed


def planned(network: str | Network | ExpandedNetwork) -> ExpandedNetwork:
    """Work a network out, unless that is done already."""
    return network if isinstance(network, ExpandedNetwork) else expand(network)


def leaves(plan: ExpandedNetwork) -> list[Leaf]:
    """Give the layers of a network without its joins, which keep nothing."""
    return [step for step in plan.layers() if isinstance(step, Leaf)]


def kept(leaf: Leaf) -> dict[str, Shape]:
    """Say what one layer keeps, with shapes."""
    shapes_of = KEPT.get(type(leaf.layer))
    return shapes_of(leaf.layer, leaf.input) if shapes_of else {}


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
