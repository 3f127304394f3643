"""One layer at work on one image: what it reads, what it has learnt, what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from striate.architecture.notation import Join, Leaf
from striate.errors import SettingError

IMAGE: Final = "image"  # the address of what goes in
SHOWN_SIDE: Final = 12  # rows and columns of a map whose values are all shown
ROUNDING: Final = 1e-13  # of the largest number beside it: what rounding leaves of a 0
SHOWN_MAPS: Final = 16  # side by side
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

    @property
    def map_names(self) -> tuple[str, ...]:
        """The names of its grids: filter by filter, channel by channel; none where it is one."""
        if self.values.ndim != 4:
            return ()
        filters, channels = self.values.shape[:2]
        return tuple(
            f"filter {n}" + (f", channel {c}" if channels > 1 else "")
            for n in range(filters)
            for c in range(channels)
        )


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


def fits(values: np.ndarray) -> bool:
    """Return whether all numbers of an array are shown: up to 16 maps of 12x12, rows up to 64.

    >>> fits(np.zeros((3, 12, 12))), fits(np.zeros((1, 13, 2))), fits(np.zeros(64))
    (True, False, True)
    """
    if values.ndim <= 1:
        return values.size <= SHOWN_VALUES
    side = SHOWN_SIDE if values.ndim > 2 else SHOWN_VALUES
    maps = values.size // (values.shape[-2] * values.shape[-1])
    return bool(max(values.shape[-2:]) <= side and maps <= SHOWN_MAPS)


def drop_rounding(values: np.ndarray) -> np.ndarray:
    """Return numbers to be shown, with 0 for what is left of sums that cancel but for rounding.

    >>> drop_rounding(np.array([1.0, 1e-16])).tolist()
    [1.0, 0.0]
    """
    scale = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    return np.where(np.abs(values) < ROUNDING * scale, 0.0, values)
