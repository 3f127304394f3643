"""The table of a network as text and HTML: the layers, how their numbers come about, the whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from striate.architecture.layer_table.design_warnings import DesignWarning, sides
from striate.architecture.layer_table.memory import TrainingMemory
from striate.architecture.layer_table.receptive_field import Side
from striate.architecture.layer_table.repeats import Repeat
from striate.architecture.layer_table.row import Row
from striate.architecture.words import short, text_of
from striate.terminal.tables import Table
from striate.terminal.wrapping import find_prose_width, wrap

NARROW: Final = 40  # columns, at least, are left for the names of layers
LONG_OPTION: Final = re.compile(r"(\b\w+=\w{8})\w{4,}")  # as a table of sixteen rows is
HEADER: Final = ("layer", "what it is", "output", "parameters", "MACs", "memory", "sees", "stride")

# What each list of formulas is headed with.
TITLES: Final = {
    "output": "Output size: (side + 2*pad - kernel)/stride + 1",
    "parameters": "Parameters: kernel rows * columns * channels in * channels out + biases",
    "macs": "MACs: weights * places that they are put on",
    "receptive_field": "Sees: what the layer before sees + (kernel - 1) * its stride",
}


def layers(rows: Sequence[Row | Repeat]) -> Table:
    """Give one row a layer, the formulas aside; what repeats others in one row of its own."""
    cells = tuple(_cells(row) if isinstance(row, Row) else _cells_of_repeat(row) for row in rows)
    return Table(HEADER, cells, set(HEADER[2:]), spare=("stride", "memory", "sees"))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        LONG_OPTION.sub(r"\1...", row.text),
        text_of(row.output),
        f"{row.parameters:,}" if row.parameters else "",
        f"{row.macs:,}" if row.macs else "",
        bytes_of(row.activation_memory) if row.activation_memory else "",
        short(row.receptive_field),
        "" if row.stride is None else short(row.stride),
    )


def _cells_of_repeat(repeat: Repeat) -> tuple[str, ...]:
    """Give the sums of what is left out, so that each column still adds up to its total."""
    rows = repeat.rows
    parameters, macs = sum(row.parameters for row in rows), sum(row.macs for row in rows)
    memory = sum(row.activation_memory for row in rows)
    return (
        repeat.name,
        repeat.text,
        "",
        f"{parameters:,}" if parameters else "",
        f"{macs:,}" if macs else "",
        bytes_of(memory) if memory else "",
        short(rows[-1].receptive_field),
        "",
    )


def arithmetic(rows: Sequence[Row]) -> str:
    """List every calculation once, with the layers that it holds for."""
    width = find_prose_width()
    parts = []
    for kind, title in TITLES.items():
        holders: dict[str, list[str]] = {}
        for row in rows:
            formula = getattr(row.formulas, kind)
            if formula:
                holders.setdefault(formula, []).append(row.name)
        longest = max(map(len, holders), default=0)
        below = width - longest - 4 < NARROW  # then the names stand below, as they would not fit
        lines = [title] if holders else []
        for formula, names in holders.items():
            if below:
                lines += [f"  {formula}", f"      {_named(names, width - 6)}"]
            else:
                lines.append(f"  {formula.ljust(longest)}  {_named(names, width - longest - 4)}")
        if lines:
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _named(names: Sequence[str], room: int) -> str:
    """List names as far as there is room; say how many more there are."""
    shown = list(names)
    while len(_listed(shown, len(names))) > room and len(shown) > 1:
        shown.pop()
    return _listed(shown, len(names))


def _listed(shown: Sequence[str], count: int) -> str:
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def totals(
    figures: Sequence[tuple[str, str]], warnings: Sequence[DesignWarning], *, title: str
) -> str:
    """Write the figures of the whole network and what a designer should know."""
    width, label = find_prose_width(), 2 + max(len(name) for name, _ in figures)
    lines = wrap(title, width).split("\n")
    for name, said in figures:
        rows = wrap(said, width - label - 2, indent="").split("\n")
        lines += [f"  {name}".ljust(label) + f"  {rows[0]}"]
        lines += [" " * (label + 2) + row for row in rows[1:]]
    if warnings:
        lines.append("")
    lines += [wrap(str(warning), width) for warning in warnings]
    return "\n".join(lines)


def training(memory: TrainingMemory, less: TrainingMemory) -> str:
    """Say in words what training keeps in memory."""
    return (
        f"{bytes_of(memory.total)} at batch {memory.batch} in float32: weights "
        f"{bytes_of(memory.weights)} + gradients {bytes_of(memory.gradients)} + AdamW's two "
        f"moments {bytes_of(memory.moments)} + maps kept for the backward pass "
        f"{bytes_of(memory.activations)}; {bytes_of(less.total)} with bf16 arithmetic"
    )


def html(rows: Sequence[Row], said: Sequence[str], *, title: str) -> str:
    """Give the table, what is said of the whole, and each layer with its formulas."""
    from striate.render.notebook import Folded, Text, to_html

    names = {"output": "its size", "parameters": "its parameters", "macs": "its MACs"}
    cells = tuple((row.name, *(getattr(row.formulas, kind) for kind in names)) for row in rows)
    formulas = Table(("layer", *names.values()), cells)
    return to_html(
        Text("", strong=title),
        layers(rows),
        Text("\n".join(said), kind="ul"),
        Folded("how these numbers come about", (formulas,)),
    )


def by_axis(side: Side) -> str:
    """Write rows x columns.

    >>> by_axis(7), by_axis((7, 9))
    ('7x7', '7x9')
    """
    return text_of(sides(side))


def bytes_of(count: int) -> str:
    """Write a number of bytes as people read it, in powers of ten.

    >>> bytes_of(40), bytes_of(246_824), bytes_of(1_234_567_890)
    ('40 B', '247 kB', '1.2 GB')
    """
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if round(size) < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:,.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
