"""What a check-up of a network in training measures, as plain numbers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Layer:
    """A convolution or full connection that is trained.

    Attributes:
        address: of the layer.
        gradient: the norm of the loss's gradient with respect to its weights, over a sample of the
            training images.
        weight: the norm of its weights.
        update: how far the last step moved the weights, as a share of their norm.
    """

    address: str
    gradient: float
    weight: float
    update: float


@dataclass(frozen=True)
class Bend:
    """An activation function at work, once.

    Attributes:
        after: the layer with weights that worked last before it.
        kind: "relu", "sigmoid", "tanh", ...
        dead: the share of its units that are 0 for every image of the sample, everywhere.
        saturated: the share of its numbers that lie where it is flat: a sigmoid or tanh within
            a hundredth of its ends, a relu6 at 6.
    """

    after: str
    kind: str
    dead: float
    saturated: float


@dataclass(frozen=True)
class Normalisation:
    """A batch normalisation, and what comes into it.

    Attributes:
        address: of the layer.
        shift: how far the mean of the sample lies from the mean that it keeps, in standard
            deviations that it keeps: the middle channel's.
        spread: the sample's variance as a multiple of the one that it keeps: the middle channel's.
        initial: whether it still keeps what it began with, mean 0 and variance 1 everywhere.
        learning: whether it takes in new averages while the network is trained.
    """

    address: str
    shift: float
    spread: float
    initial: bool
    learning: bool


@dataclass(frozen=True)
class Values:
    """What goes into the first layer with weights.

    Attributes:
        mean: over the sample.
        std: standard deviation.
    """

    mean: float
    std: float


@dataclass(frozen=True)
class CheckUp:
    """A network between two epochs.

    Attributes:
        epoch: after which.
        layers: those that are trained, in the order of definition.
        bends: activation functions, in the order in which they work.
        norms: batch normalisations.
        train: what goes into the first layer, of a sample of the training images as they are.
        val: of the validation images.
        loss: mean cross-entropy of the training sample, told as validation is.
        accuracy: on it, 0 to 1.
        images: in each of the samples.
        seconds: that the check-up took.
    """

    epoch: int
    layers: tuple[Layer, ...]
    bends: tuple[Bend, ...]
    norms: tuple[Normalisation, ...]
    train: Values
    val: Values
    loss: float
    accuracy: float
    images: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> CheckUp:
        """Read what `as_json` gave.

        >>> one = CheckUp(1, (Layer("fc1", 1.0, 2.0, 0.1),), (), (), Values(0, 1), Values(0, 1),
        ...               2.3, 0.1, 32, 0.1)
        >>> CheckUp.from_json(one.as_json()) == one
        True
        """
        lists: dict[str, type[Layer] | type[Bend] | type[Normalisation]] = {
            "layers": Layer,
            "bends": Bend,
            "norms": Normalisation,
        }
        parts: dict[str, Any] = {
            name: tuple(kind(**each) for each in values[name]) for name, kind in lists.items()
        }
        parts |= {name: Values(**values[name]) for name in ("train", "val")}
        return CheckUp(**(values | parts))
