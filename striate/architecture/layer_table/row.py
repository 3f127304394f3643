"""One layer in the table of a network."""

from __future__ import annotations

from dataclasses import dataclass

from striate.architecture.layer_table.formulas import Formulas
from striate.architecture.layer_table.receptive_field import Side
from striate.architecture.words import Shape


@dataclass(frozen=True)
class Row:
    """One layer in the table.

    Attributes:
        name: its address, as in ``next12.conv2``.
        kind: its word, as in ``conv``.
        text: the word with its values worked out, as in ``conv 3x3 512 bias=no``.
        input: the shape that goes in.
        output: the shape that comes out.
        parameters: numbers that it learns.
        macs: multiply-accumulates for one image, of conv and fc alone, without bias.
        receptive_field: pixels of the image that one unit can depend on, rows or columns;
            (rows, columns) where the two differ. The whole image from the first gap,
            flatten or ``avgpool to=`` on.
        stride: pixels of the image from one unit to the next; None where a unit sees all.
        start: the first pixel that the first unit sees, negative where that is padding; None
            where a unit sees all.
        gated: whether gates that have seen the whole image scale its channels, so that strictly
            each unit depends on all of it; the receptive field is that of what is scaled.
        activation_memory: bytes of its output for one image, in float32; 0 of flatten and
            identity, which hand on what is there.
        formulas: how these numbers come about.
    """

    name: str
    kind: str
    text: str
    input: Shape
    output: Shape
    parameters: int
    macs: int
    receptive_field: Side
    stride: Side | None
    start: Side | None
    gated: bool
    activation_memory: int
    formulas: Formulas

    def as_json(self) -> dict[str, object]:
        """Give it as ``striate describe --json`` does; sizes that differ by axis are lists."""
        return {
            "name": self.name,
            "kind": self.kind,
            "output": list(self.output),
            "parameters": self.parameters,
            "macs": self.macs,
            "receptive_field": plain(self.receptive_field),
            "stride": plain(self.stride),
            "text": self.text,
            "input": list(self.input),
            "activation_memory": self.activation_memory,
            "formulas": self.formulas.as_json(),
        }


def plain(side: Side | None) -> int | list[int] | None:
    """Give a size as JSON has it.

    >>> plain(7), plain((7, 9)), plain(None)
    (7, [7, 9], None)
    """
    return list(side) if isinstance(side, tuple) else side
