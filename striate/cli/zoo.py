"""striate zoo: the known networks with their costs, and the text of each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from striate.terminal.tables import Table

WHOLE = 10_000  # columns of a file or a pipe, whose lines are kept whole


def zoo(
    name: Annotated[
        str | None, typer.Argument(help="A known network, whose text is printed as it is.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, one a network.")
    ] = False,
) -> None:
    """List the known networks with their costs, or print one.

    A name stands for its text wherever a network can be given: striate describe vgg16. To change
    one: striate zoo vgg16 > own.cnn.
    """
    import json
    import sys

    from striate.architecture import zoo as known
    from striate.cli.messages import say_steps
    from striate.terminal.next_steps import command
    from striate.terminal.wrapping import find_width

    if as_json:
        for each in [name] if name else known.names():
            print(
                json.dumps(
                    make_entry(each).as_json() | ({"text": known.text(each)} if name else {})
                )
            )
    else:
        width = find_width(sys.stdout) or WHOLE
        print(known.text(name).rstrip() if name else make_table(known.names()).as_text(width))
        say_steps(("next", command("describe", name or "NAME")))


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


def make_table(names: tuple[str, ...]) -> Table:
    """Return one row a network.

    >>> print(make_table(("lenet5",)))
    name    year  input    parameters     MACs  sees  what it is
    lenet5  1998  1x32x32      61,706  416,520    16  LeNet-5, for digits
    """
    from striate.architecture import zoo as known
    from striate.architecture.layer_table import summary
    from striate.architecture.words import short, text_of
    from striate.terminal.tables import Table

    header = ("name", "year", "input", "parameters", "MACs", "sees", "what it is")
    rows = []
    for name in names:
        table = summary(name)
        costs = f"{table.parameters:,}", f"{table.macs:,}", short(table.receptive_field)
        year = str(known.year(name))
        rows.append((name, year, text_of(table.input), *costs, known.title(name)))
    numbers = {"parameters", "MACs", "sees"}
    return Table(header, tuple(rows), numbers, spare=("sees", "year"), readable=28)
