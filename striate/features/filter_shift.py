"""What fine-tuning changed: how far each layer and each filter moved from where it started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from striate.render.notebook import to_html
from striate.terminal.tables import Table


@dataclass(frozen=True)
class LayerShift:
    """How far the weights of one layer moved.

    Attributes:
        name: its address.
        change: the length of the whole change over the length of the weights before.
        filters: the same of each filter (or unit) by itself, in their order.
    """

    name: str
    change: float
    filters: tuple[float, ...]

    @property
    def median(self) -> float:
        """The change of the filter in the middle."""
        return sorted(self.filters)[len(self.filters) // 2]


@dataclass(frozen=True)
class FilterShift:
    """How far the weights of a backbone moved, layer by layer, from the images to the classes."""

    layers: tuple[LayerShift, ...]

    def as_json(self) -> list[dict[str, object]]:
        """Return every number as plain values, rounded to six digits."""
        return [
            {
                "name": layer.name,
                "change": float(f"{layer.change:.6g}"),
                "filters": [float(f"{value:.6g}") for value in layer.filters],
            }
            for layer in self.layers
        ]

    @classmethod
    def from_json(cls, values: Sequence[Mapping[str, Any]]) -> FilterShift:
        """Return what `as_json` wrote, as exactly as it was written."""
        return cls(
            tuple(
                LayerShift(each["name"], each["change"], tuple(each["filters"])) for each in values
            )
        )

    def table(self) -> Table:
        """Return one row a layer."""
        header = ("layer", "moved by", "filters", "the least", "the middle one", "the most")
        rows = tuple(
            (
                layer.name,
                f"{layer.change * 100:.2f} %",
                f"{len(layer.filters):,}",
                f"{min(layer.filters) * 100:.2f} %",
                f"{layer.median * 100:.2f} %",
                f"{max(layer.filters) * 100:.2f} %",
            )
            for layer in self.layers
        )
        return Table(header, rows, set(header[1:]))

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return to_html(self.table())


def measure_filter_shift(
    before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor]
) -> FilterShift:
    """Say how far the filters of a network moved.

    The change of a filter w is |w' - w| / |w|, lengths being the root of the sum of squares; 0
    says that it is as it was, 1 that it has gone as far as it was long. Filters that were all
    zeros count 0 where they still are, else 1.

    Args:
        before: tensors by address, as a state dict.
        after: the same layers later; those with new names are left out.

    >>> before = {"conv1.weight": torch.tensor([3.0, 4.0]).view(2, 1, 1, 1)}
    >>> after = {"conv1.weight": torch.tensor([3.0, 5.0]).view(2, 1, 1, 1)}
    >>> print(measure_filter_shift(before, after))
    layer  moved by  filters  the least  the middle one  the most
    conv1   20.00 %        2     0.00 %         25.00 %   25.00 %
    """
    layers = []
    for name, old in before.items():
        new = after.get(name)
        if not name.endswith(".weight") or old.ndim < 2 or new is None or new.shape != old.shape:
            continue
        rows = old.detach().cpu().double().flatten(1)
        change = new.detach().cpu().double().flatten(1) - rows
        layers.append(
            LayerShift(
                name=name.removesuffix(".weight"),
                change=_share(change.flatten(), rows.flatten()),
                filters=tuple(_share(one, row) for one, row in zip(change, rows, strict=True)),
            )
        )
    return FilterShift(tuple(layers))


def _share(change: torch.Tensor, before: torch.Tensor) -> float:
    length = float(before.norm())
    return float(change.norm()) / length if length else float(bool(change.any()))
