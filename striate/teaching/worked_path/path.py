"""One image's way through a network to a loss and back: every value of every step, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from striate.architecture.notation import ExpandedNetwork, Join, Leaf
from striate.architecture.words import Conv, Fc
from striate.errors import SettingError
from striate.teaching.convolution.convolution_matrix import (
    MOST_ENTRIES,
    ConvolutionMatrix,
    lay_out_matrix,
)
from striate.teaching.worked_path.sums import WorkedSum, work_sum

if TYPE_CHECKING:
    from striate.teaching.worked_path.loss import WorkedLoss

IMAGE: Final = "image"  # the address of what goes in
SHOWN_SIDE: Final = 12  # rows and columns of a map whose values are all shown
SHOWN_VALUES: Final = 64  # values of a layer whose sums are all written out


@dataclass(frozen=True, eq=False, repr=False)
class WorkedParameter:
    """What a layer has learnt, and how one step of gradient descent changes it.

    Attributes:
        name: address, dot, what it is: ``fc1.weight``.
        values: as in the forward pass.
        gradient: of the loss by each; None without a label, and of what is not learnt.
        after: what one step makes of them; None likewise.
    """

    name: str
    values: np.ndarray
    gradient: np.ndarray | None = None
    after: np.ndarray | None = None


@dataclass(frozen=True, eq=False, repr=False)
class WorkedStep:
    """One layer at work on one image.

    Attributes:
        address: as in ``conv1`` or ``unit2.relu1``; ``image`` of what goes in.
        layer: the layer with its shapes; None of the image.
        sources: the addresses of what it reads, in their order.
        inputs: what it reads, each (channels, rows, columns) or (features,).
        values: what comes out, of such a shape.
        parameters: what it has learnt.
        gradient: of the loss by the values, of their shape; None without a label.
        after: the values once one step of gradient descent is done; None likewise.
    """

    address: str
    layer: Leaf | Join | None
    sources: tuple[str, ...]
    inputs: tuple[np.ndarray, ...]
    values: np.ndarray
    parameters: tuple[WorkedParameter, ...] = ()
    gradient: np.ndarray | None = None
    after: np.ndarray | None = None

    @property
    def word(self) -> str:
        """The layer as the notation writes it; empty of the image."""
        return "" if self.layer is None else str(self.layer.layer)

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, rows, columns) or (features,) of what comes out."""
        return self.values.shape

    @property
    def is_shown(self) -> bool:
        """Whether all its values are shown: maps of up to 12x12, rows of up to 64."""
        return fits(self.values)

    @property
    def is_written_out(self) -> bool:
        """Whether the sum of each value is: up to 64 of them, all shown."""
        return self.layer is not None and self.is_shown and self.values.size <= SHOWN_VALUES

    def own(self) -> Mapping[str, np.ndarray]:
        """Return what it has learnt by its last name: weight, bias."""
        return {each.name.rpartition(".")[2]: each.values for each in self.parameters}

    def at(self, *place: int) -> WorkedSum:
        """Return how one value comes about.

        Args:
            place: channel, row and column, or the feature, from 0; of one map the row and the
                column are enough.

        Raises:
            SettingError: there is no such place.
        """
        return work_sum(self, self.settle_place(place))

    def settle_place(self, place: tuple[int, ...]) -> tuple[int, ...]:
        """Return a place with its channel; make sure that there is such a one."""
        shape, asked = self.shape, place
        if len(place) == 2 and len(shape) == 3 and shape[0] == 1:
            place = (0, *place)
        if len(place) != len(shape) or any(
            not 0 <= index < side for index, side in zip(place, shape, strict=True)
        ):
            names = ("channel", "row", "column") if len(shape) == 3 else ("feature",)
            wanted = ", ".join(
                f"{name} 0 to {side - 1}" for name, side in zip(names, shape, strict=True)
            )
            told = " ".join(map(str, asked)) or "nothing"
            raise SettingError(f"'{self.address}' has no value at {told}; expected {wanted}")
        return place


@dataclass(frozen=True)
class Descent:
    """One step of gradient descent: parameter - learning rate * gradient, of every parameter.

    Attributes:
        learning_rate: how far it goes.
        chosen: whether the rate was chosen so that the loss falls; else it was given.
        raised: larger rates that were tried first and would not have lowered the loss.
        before: the loss before.
        after: the loss of the same image afterwards.
    """

    learning_rate: float
    chosen: bool
    raised: tuple[float, ...]
    before: float
    after: float

    @property
    def lowers(self) -> bool:
        """Whether the loss is lower afterwards."""
        return self.after < self.before


@dataclass(frozen=True, eq=False, repr=False)
class WorkedPath:
    """One image's way through a network, with every number; `work_through` makes it.

    Attributes:
        plan: the network, worked out.
        channels: the names of the image's channels.
        steps: the image, then every layer in the order of running.
        origin: where the parameters come from, in words.
        classes: their names, in the order of the outputs.
        loss: how wrong the answer is; None without a label.
        descent: one step of learning; None likewise.
    """

    plan: ExpandedNetwork
    channels: tuple[str, ...]
    steps: tuple[WorkedStep, ...]
    origin: str
    classes: tuple[str, ...] = ()
    loss: WorkedLoss | None = None
    descent: Descent | None = None

    def step(self, address: str) -> WorkedStep:
        """Return the step at an address; a number may be left out where there is only one.

        Raises:
            NotationError: there is none.
        """
        if address == IMAGE:
            return self.steps[0]
        full = self.plan.find(address).address
        found = {step.address: step for step in self.steps}
        if full not in found:
            raise SettingError(
                f"'{full}' is a block; expected one of its layers: "
                + ", ".join(name for name in found if name.startswith(f"{full}."))
            )
        return found[full]

    def at(self, address: str, *place: int) -> WorkedSum:
        """Return how one value comes about: its terms, and the calculation as text.

        Args:
            address: of the layer: ``fc1``.
            place: channel, row and column, or the feature, from 0.

        Raises:
            NotationError: the network has no such layer.
            SettingError: the layer has no such value.
        """
        return self.step(address).at(*place)

    @property
    def output(self) -> np.ndarray:
        """What the network answers."""
        return self.steps[-1].values

    @property
    def parameters(self) -> Mapping[str, WorkedParameter]:
        """What the network has learnt, by name."""
        return {each.name: each for step in self.steps for each in step.parameters}

    def multiplying(self) -> tuple[tuple[Conv | Fc, tuple[int, ...]], ...]:
        """Return every convolution and full connection with the shape that it takes."""
        return tuple(
            (step.layer.layer, step.layer.input)
            for step in self.steps
            if isinstance(step.layer, Leaf) and isinstance(step.layer.layer, Conv | Fc)
        )

    def lay_out_matrix(self) -> ConvolutionMatrix | None:
        """Lay the first convolution out as one matrix on its whole input, with its gradients.

        None where there is no convolution of one group, or it is too large.
        """
        for step in self.steps:
            layer = step.layer
            if not isinstance(layer, Leaf) or not isinstance(layer.layer, Conv):
                continue
            if layer.layer.groups == 1 and layer.layer.macs(layer.input) <= MOST_ENTRIES:
                weights = step.own()["weight"]
                return lay_out_matrix(step.inputs[0], weights, layer.layer, step.gradient)
        return None

    def __repr__(self) -> str:
        told = "" if self.loss is None else f", loss {self.loss.value:.4g}"
        return f"WorkedPath({len(self.steps) - 1} steps{told})"

    def __str__(self) -> str:
        return self.as_text()

    def as_text(self, *, width: int = 80) -> str:
        """Write every step: the values, the sums, the loss, the way back, one step of learning.

        Args:
            width: characters that a line may have.
        """
        from striate.teaching.worked_path.path_text import write_path

        return write_path(self, width)

    def as_json(self) -> dict[str, object]:
        """Return it as plain values; maps of over 10,000 numbers are null."""
        from striate.teaching.worked_path.path_json import to_json

        return to_json(self)


def fits(values: np.ndarray) -> bool:
    """Return whether all numbers of an array are shown: maps up to 12x12, rows up to 64.

    >>> fits(np.zeros((3, 12, 12))), fits(np.zeros((1, 13, 2))), fits(np.zeros(64))
    (True, False, True)
    """
    if values.ndim <= 1:
        return values.size <= SHOWN_VALUES
    side_fits = max(values.shape[-2:]) <= (SHOWN_SIDE if values.ndim > 2 else SHOWN_VALUES)
    return side_fits and values.size <= 12 * SHOWN_SIDE**2
