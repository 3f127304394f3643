"""What a known network is and costs, as JSON has it; loaded where that is asked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ZooEntry:
    """What a known network is and costs.

    Attributes:
        name: of it.
        year: of the paper.
        title: what it is, in a few words.
        input: channels, rows, columns.
        classes: of the published network.
        parameters: numbers that it learns.
        macs: multiply-accumulates for one image.
        receptive_field: pixels a side, or (rows, columns) where they differ.
    """

    name: str
    year: int
    title: str
    input: tuple[int, ...]
    classes: int | None
    parameters: int
    macs: int
    receptive_field: int | tuple[int, int]

    def as_json(self) -> dict[str, object]:
        """Return it as plain JSON values, by the same names."""
        return asdict(self)


def make_entry(name: str) -> ZooEntry:
    """Return what a known network is and costs.

    >>> make_entry("lenet5").parameters, make_entry("lenet5").input
    (61706, (1, 32, 32))
    """
    from striate.architecture import zoo as known
    from striate.architecture.layer_table import summary

    table = summary(name)
    return ZooEntry(
        name=name,
        year=known.year(name),
        title=known.title(name),
        input=table.input,
        classes=table.classes,
        parameters=table.parameters,
        macs=table.macs,
        receptive_field=table.receptive_field,
    )
