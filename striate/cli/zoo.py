"""striate zoo: the known networks with their costs, and the text of each."""

from __future__ import annotations

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
        from striate.cli.zoo_entry import make_entry

        for each in [name] if name else known.names():
            text = {"text": known.text(each)} if name else {}
            print(json.dumps(make_entry(each).as_json() | text))
    else:
        width = find_width(sys.stdout) or WHOLE
        print(known.text(name).rstrip() if name else make_table(known.names()).as_text(width))
        say_steps(("next", command("describe", name or "NAME")))


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
