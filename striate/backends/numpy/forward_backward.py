"""A whole network, forward and backward.

A row of words is a word itself: forward, each takes what the one before it gave; backward, the
gradient goes through their ways back in reverse, for by the chain rule

    dL/dx = dL/dy * dy/dx        with y = f(x), whatever y is used for later.

A block is such a row, and so is a branch. Where several branches read the same x, each gives
its own dx, and x gets their sum. That is all of backpropagation. A conv or fc multiplies as often
for dx, and again for dweight, as it does for y: a backward pass costs about two forward ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture.aspects.numpy_pass import Array, Back, ByName, Result, Visit
from striate.architecture.notation import Block, ExpandedNetwork, Join, Leaf, Network, Step, expand
from striate.backends.numpy.arrays import numbers
from striate.backends.numpy.parameters import by_layer, leaves
from striate.errors import SettingError


@dataclass(frozen=True, repr=False)
class Passed:
    """What a forward pass gave.

    Attributes:
        output: (batch, ...), what the network answers.
        values: by address, what came out of every layer, join and block, in the order of running.
        statistics: by name, the running means and variances of bn after this batch; empty
            unless the pass was one of training.
        back: the way back through the whole network; `backward` goes it.
    """

    output: Array
    values: ByName
    statistics: ByName
    back: Back

    def __repr__(self) -> str:
        return f"Passed(output {self.output.shape}, {len(self.values)} values by address)"


@dataclass(frozen=True, repr=False)
class Gradient:
    """How fast the loss grows as each number of a pass grows.

    Attributes:
        input: for the images, (batch, channel, row, column).
        parameters: for what is learnt, by name, as in ``conv1.weight``.
        values: for what came out of every layer, join and block, by address.
    """

    input: Array
    parameters: ByName
    values: ByName

    def __repr__(self) -> str:
        return f"Gradient(input {self.input.shape}, {len(self.parameters)} parameters by name)"


def forward(
    network: str | Network | ExpandedNetwork,
    parameters: Mapping[str, ArrayLike],
    images: ArrayLike,
    *,
    training: bool = False,
    seed: int = 0,
    masks: Mapping[str, ArrayLike] | None = None,
) -> Passed:
    """Run images through a network and keep every value on the way.

    Args:
        network: a text in the notation, its tree, or its plan.
        parameters: by name, as `start` or ``striate.build(network).state_dict()`` gives them.
        images: (batch, channel, row, column); everything is computed in float64.
        training: whether bn uses the statistics of this batch, and dropout drops.
        seed: for what dropout drops.
        masks: what dropout keeps, by address, 1 or 0 a number; drawn where it is not given.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.
        SettingError: images, parameters or masks do not fit the network.

    >>> network = "input 1x2x2 > conv 1x1 1 bias=no > relu > maxpool 2"
    >>> passed = forward(network, {"conv1.weight": [[[[2.0]]]]}, [[[[1.0, -1.0], [3.0, 0.0]]]])
    >>> passed
    Passed(output (1, 1, 1, 1), 3 values by address)
    >>> passed.values["conv1"][0, 0], passed.output[0, 0]
    (array([[ 2., -2.],
           [ 6.,  0.]]), array([[6.]]))
    """
    plan = expand(network)
    x = numbers(images, "the images")
    if x.shape[1:] != plan.input or len(x) == 0:
        raise SettingError(
            f"the images have shape {x.shape}; expected (batch, channel, row, column) with "
            f"{plan.input} behind the batch, as the network's input says"
        )
    walk = _Walk(
        by_layer(plan, parameters), training, np.random.default_rng(seed), _masks(plan, masks)
    )
    output, back = walk.row(plan.steps, x)
    return Passed(output, walk.values, walk.statistics, back)


def backward(passed: Passed, gradient: ArrayLike) -> Gradient:
    """Take the gradient of the loss from the output back to every number it came from.

    Args:
        passed: what `forward` gave.
        gradient: that of the loss by the output, of the output's shape; a loss gives it.

    Raises:
        SettingError: the gradient does not have the output's shape.

    >>> network = "input 1x2x2 > conv 1x1 1 bias=no > relu > maxpool 2"
    >>> passed = forward(network, {"conv1.weight": [[[[2.0]]]]}, [[[[1.0, -1.0], [3.0, 0.0]]]])
    >>> gradient = backward(passed, [[[[1.0]]]])
    >>> gradient.input[0, 0], gradient.parameters["conv1.weight"].item()
    (array([[0., 0.],
           [2., 0.]]), 3.0)
    """
    dy = numbers(gradient, "the gradient")
    if dy.shape != passed.output.shape:
        raise SettingError(
            f"the gradient has shape {dy.shape}; expected that of the output, "
            f"{passed.output.shape}: one number for each"
        )
    found = passed.back(dy)
    dx = found.pop("x")
    values = {address: found.pop(address) for address in passed.values}
    return Gradient(dx, found, values)


@dataclass
class _Walk:
    """One forward pass through the steps of a plan."""

    parameters: Mapping[str, ByName]
    training: bool
    random: np.random.Generator
    masks: Mapping[str, Array]
    values: ByName = field(default_factory=dict)
    statistics: ByName = field(default_factory=dict)

    def row(self, steps: Sequence[Step], x: Array) -> Result:
        """Run steps one after the other: a network, a block or a branch."""
        backs = []
        for step in steps:
            x, back_of_step = self.step(step, x)
            backs.append(back_of_step)

        def back(dy: Array) -> ByName:
            found = {"x": dy}
            for back_of_step in reversed(backs):
                found |= back_of_step(found["x"])
            return found

        return x, back

    def step(self, step: Step, x: Array) -> Result:
        """Run one step, and keep its value forward, the gradient of that value backward."""
        if isinstance(step, Block):
            y, back_of_step = self.row(step.steps, x)
        elif isinstance(step, Join):
            y, back_of_step = self.join(step, x)
        else:
            y, back_of_step = self.leaf(step, x)
        self.values[step.address] = y
        return y, lambda dy: {step.address: dy, **back_of_step(dy)}

    def join(self, step: Join, x: Array) -> Result:
        """Run every branch on the same x, and join what they give."""
        branches = [self.row(branch, x) for branch in step.branches]
        y, apart = step.layer.numpy_pass([y for y, _ in branches])

        def back(dy: Array) -> ByName:
            found: ByName = {"x": np.zeros_like(x)}
            for (_, back_of_branch), dy_of_branch in zip(branches, apart(dy), strict=True):
                of_branch = back_of_branch(dy_of_branch)
                found |= {**of_branch, "x": found["x"] + of_branch["x"]}
            return found

        return y, back

    def leaf(self, step: Leaf, x: Array) -> Result:
        """Run one layer; what it learnt and measured gets its address in front."""
        visit = Visit(
            address=step.address,
            own=self.parameters[step.address],
            training=self.training,
            random=self.random,
            mask=self.masks.get(step.address),
        )
        y, back_of_word = step.layer.numpy_pass(x, visit)
        self.statistics |= _addressed(step.address, visit.measured)

        def back(dy: Array) -> ByName:
            of_word = back_of_word(dy)
            dx = of_word.pop("x")
            return {"x": dx, **_addressed(step.address, of_word)}

        return y, back


def _addressed(address: str, found: ByName) -> ByName:
    return {f"{address}.{name}": values for name, values in found.items()}


def _masks(plan: ExpandedNetwork, masks: Mapping[str, ArrayLike] | None) -> ByName:
    given = masks or {}
    dropouts = [leaf.address for leaf in leaves(plan) if leaf.layer.draws]
    foreign = [address for address in given if address not in dropouts]
    if foreign:
        raise SettingError(
            f"a mask is given for {foreign[0]}; expected one for a dropout of the network, "
            f"which are: {', '.join(dropouts) or 'none'}"
        )
    return {address: numbers(mask, f"the mask of {address}") for address, mask in given.items()}
