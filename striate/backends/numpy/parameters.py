"""The numbers a network keeps: their names, their shapes, and how they start.

The names are those of the torch module: address, dot, what it is, as in ``conv1.weight`` and
``next12.bn2.running_mean``. So the ``state_dict()`` of `striate.build` can be used as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture.aspects.numpy_pass import Array, ByName
from striate.architecture.notation import ExpandedNetwork, Leaf, Network, expand
from striate.architecture.notation.followers import what_follows
from striate.architecture.words import Layer, Shape
from striate.backends.numpy.arrays import numbers
from striate.errors import SettingError

NOT_USED: Final = "num_batches_tracked"  # torch keeps it beside the running statistics


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
        for leaf in leaves(expand(network))
        for name, shape in leaf.layer.tensors(leaf.input).items()
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
    plan = expand(network)
    random = np.random.default_rng(seed)
    followers = what_follows(plan)
    parameters: ByName = {}
    for leaf in leaves(plan):
        for name, shape in leaf.layer.tensors(leaf.input).items():
            if leaf.layer.width is not None and name == "weight":
                values = _weights(shape, leaf, followers[leaf.address], random)
            else:
                values = np.full(shape, leaf.layer.starts.get(name, 0.0))
            parameters[f"{leaf.address}.{name}"] = values
    return parameters


def _weights(
    shape: Shape, leaf: Leaf, follower: Layer | None, random: np.random.Generator
) -> Array:
    table = leaf.layer.channel_table
    if table is not None:  # each channel reads some alone, with weights as much larger
        places = table.places(leaf.input[0])
        dense = _drawn((*places.shape, *shape[1:]), leaf.layer, follower, random)
        read = (places < table.links).mean(1)
        return table.gather(dense / np.sqrt(read)[:, None, None, None])
    drawn = _drawn(shape, leaf.layer, follower, random)
    return np.sign(drawn) if leaf.layer.keeps_weight else drawn


def _drawn(
    shape: Shape, layer: Layer, follower: Layer | None, random: np.random.Generator
) -> Array:
    reads = math.prod(shape[1:])  # n, the numbers that a unit reads
    read_by = (
        shape[0] // layer.channel_groups * math.prod(shape[2:])
    )  # m, the units that read a number
    slope = None if follower is None else follower.negative_slope
    if slope is not None:
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
            "striate.backends.numpy.start(network) makes them all"
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


def leaves(plan: ExpandedNetwork) -> list[Leaf]:
    """Give the layers of a network without its joins, which keep nothing."""
    return [step for step in plan.layers() if isinstance(step, Leaf)]


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
