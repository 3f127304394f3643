"""The receptive fields of many units of one network, each worked out once."""

from __future__ import annotations

from functools import cache

import torch

from striate.architecture.layer_table import summary
from striate.backends.torch.network import Net
from striate.explanation.receptive_fields import Rectangle, field_by_nan, field_of_row
from striate.model.classifier import Classifier


class ReceptiveFieldTable:
    """Gives the receptive field of any unit of a network.

    For a network of the notation that is arithmetic. Of a foreign module the rows and the columns
    are found apart, since a unit's rows depend on its own row alone, and remembered.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 3 > maxpool 2 > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> ReceptiveFieldTable(model).rectangle("maxpool1", 0, 0, 1)
    Rectangle(top=-1, left=1, bottom=3, right=5)
    """

    def __init__(self, model: Classifier) -> None:
        module = model.module
        self._size = (model.preprocess.height, model.preprocess.width)
        self._lines = (
            {line.name: line for line in summary(module.plan).layers}
            if isinstance(module, Net)
            else {}
        )
        values = torch.zeros(1, *model.preprocess.shape)
        self._reached = cache(
            lambda address, row, column: field_by_nan(
                module, values, address, row=row, column=column
            )
        )

    def rectangle(self, address: str, unit: int, row: int, column: int) -> Rectangle:
        """Return the field of a unit at a place.

        Behind a cat it is that of the branch that sees most.

        Args:
            address: of the layer.
            unit: the channel.
            row: of its map.
            column: likewise.
        """
        line = self._lines.get(address)
        if line is not None:
            return field_of_row(line, row, column, size=self._size)
        down, across = self._reached(address, row, 0), self._reached(address, 0, column)
        return Rectangle(down.top, across.left, down.bottom, across.right)
