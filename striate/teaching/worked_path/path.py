"""One image's way through a network to a loss and back: every value of every step, as numbers."""

from __future__ import annotations

from striate.architecture.notation import Leaf
from striate.architecture.words import Conv
from striate.teaching.convolution.convolution_matrix import (
    MOST_ENTRIES,
    ConvolutionMatrix,
    lay_out_matrix,
)
from striate.teaching.worked_path import path_json
from striate.teaching.worked_path.gradient_sums import (
    GradientSum,
    work_parameter_gradient,
    work_value_gradient,
)
from striate.teaching.worked_path.path_text import write_path
from striate.teaching.worked_path.record import PathRecord
from striate.teaching.worked_path.sums import WorkedSum, work_sum


class WorkedPath(PathRecord):
    """One image's way through a network, with every number; `work_through` makes it.

    It holds what `PathRecord` says, and writes itself: as text, as JSON, as a page.
    """

    def at(self, address: str, *place: int) -> WorkedSum:
        """Return how one value comes about: its terms, and the calculation as text.

        Args:
            address: of the layer: ``fc1``.
            place: channel, row and column, or the feature, from 0; of one map the row and the
                column are enough.

        Raises:
            NotationError: the network has no such layer.
            SettingError: the layer has no such value.
        """
        step = self.step(address)
        return work_sum(step, step.settle_place(place))

    def gradient_at(self, name: str, *place: int) -> GradientSum:
        """Return how the gradient of the loss by one number comes about.

        Args:
            name: of a parameter, ``fc1.weight``, or the address of a layer, or ``image``.
            place: of the number, from 0.

        Raises:
            NotationError: the network has no such layer.
            SettingError: there is no such number, or no loss.
        """
        if "." in name and name not in self.plan.addresses():
            return work_parameter_gradient(self, name, place)
        step = self.step(name)
        return work_value_gradient(self, step, step.settle_place(place))

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
        return write_path(self, width)

    def as_json(self) -> dict[str, object]:
        """Return it as plain values; maps of over 10,000 numbers are null."""
        return path_json.as_json(self)

    def as_page(self, *, command: str = "") -> str:
        """Return it as one HTML page that can be read like a worked exercise.

        Args:
            command: what makes it again, shown at its end.
        """
        from striate.teaching.worked_path.page import make_page

        return make_page(self, command, self.lay_out_matrix())
