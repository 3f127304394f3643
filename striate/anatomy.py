"""The table of a network: what each layer gives, costs and sees; whole-number arithmetic alone.

The receptive field of a unit is how much of the picture it can depend on: the distance from
the first pixel to the last, padding counted as picture; `striate.layers.sight` follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from striate.layers import Shape, short, text_of
from striate.layers.sight import Side, Sight, side_of
from striate.notation import Block, Join, Leaf, Network, Plan, Step, expand
from striate.tables import Table


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
        macs: multiply-accumulates for one picture, of conv and fc alone, without bias.
        receptive_field: pixels of the picture that one unit can depend on, rows or columns;
            (rows, columns) where the two differ. The whole picture from the first gap,
            flatten or ``avgpool to=`` on.
        stride: pixels of the picture from one unit to the next; None where a unit sees all.
        start: the first pixel that the first unit sees, negative where that is padding; None
            where a unit sees all.
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


@dataclass(frozen=True)
class Anatomy:
    """What a network is made of and what it costs.

    Attributes:
        name: the first line of its comment, or "network".
        input: (channels, rows, columns).
        classes: how many classes; None where that is not known.
        layers: every layer, in the order of running.
        parameters: numbers that it learns, in all.
        macs: multiply-accumulates for one picture, in all. Published "FLOPs" of networks are
            mostly these; counted as single operations they are twice as many.
        receptive_field: pixels that a unit sees before the first gap, flatten or
            ``avgpool to=``; (rows, columns) where the two differ.
        plan: what it was worked out from: the same layers with their blocks and branches.
    """

    name: str
    input: Shape
    classes: int | None
    layers: tuple[Row, ...]
    parameters: int
    macs: int
    receptive_field: Side
    plan: Plan = field(repr=False)

    def as_json(self) -> dict[str, object]:
        """Give what ``striate describe --json`` prints; sizes that differ by axis are lists.

        >>> described = describe("input 1x28x28 > conv 8 > gap").as_json()
        >>> described["receptive_field"], described["layers"][0]["output"]
        (3, [8, 28, 28])
        """
        return {
            "name": self.name,
            "input": list(self.input),
            "parameters": self.parameters,
            "macs": self.macs,
            "receptive_field": _plain(self.receptive_field),
            "layers": [
                {
                    "name": row.name,
                    "kind": row.kind,
                    "output": list(row.output),
                    "parameters": row.parameters,
                    "macs": row.macs,
                    "receptive_field": _plain(row.receptive_field),
                    "stride": _plain(row.stride),
                }
                for row in self.layers
            ],
        }

    def table(self) -> Table:
        """Give one row a layer, as text or HTML."""
        header = ("layer", "what it is", "output", "parameters", "MACs", "sees", "stride")
        rows = tuple(
            (
                row.name,
                row.text,
                text_of(row.output),
                f"{row.parameters:,}" if row.parameters else "",
                f"{row.macs:,}" if row.macs else "",
                _by_axis(row.receptive_field),
                "" if row.stride is None else short(row.stride),
            )
            for row in self.layers
        )
        return Table(header, rows, {"output", "parameters", "MACs", "sees", "stride"})

    @property
    def totals(self) -> str:
        """One line on the whole network."""
        classes = "" if self.classes is None else f" to {self.classes:,} classes"
        return (
            f"{self.name}: {text_of(self.input)}{classes}; "
            f"{self.parameters:,} parameters ({_bytes(4 * self.parameters)} in float32); "
            f"{self.macs:,} multiply-accumulates (MACs) a picture; "
            f"sees {_by_axis(self.receptive_field)} pixels"
        )

    def __str__(self) -> str:
        return f"{self.table()}\n\n{self.totals}"

    def _repr_html_(self) -> str:
        return f"{self.table().html()}<p>{escape(self.totals)}</p>"


def describe(
    network: str | Network | Plan,
    *,
    input: Shape | None = None,  # noqa: A002 (the notation's word)
    classes: int | None = None,
) -> Anatomy:
    """Say what each layer of a network gives, costs and sees, without computing anything.

    Args:
        network: a text in the notation, its tree, or its plan.
        input: (channels, rows, columns); overrides what the network says.
        classes: how many classes; overrides what the network says.

    Returns:
        The table; print it, show it in a notebook, or take its numbers.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.

    >>> print(describe("input 1x28x28 classes=10 > conv 8 > relu > maxpool 2 > flatten > fc"))
    layer     what it is   output  parameters    MACs   sees  stride
    conv1     conv 3x3 8  8x28x28          80  56,448    3x3       1
    relu1     relu        8x28x28                        3x3       1
    maxpool1  maxpool 2   8x14x14                        4x4       2
    flatten1  flatten        1568                      28x28
    fc1       fc 10            10      15,690  15,680  28x28
    <BLANKLINE>
    network: 1x28x28 to 10 classes; 15,770 parameters (63.1 kB in float32); 72,128
    multiply-accumulates (MACs) a picture; sees 4x4 pixels
    """
    if not isinstance(network, Plan):
        plan = expand(network, input=input, classes=classes)
    elif input is None and classes is None:
        plan = network
    else:
        plan = expand(network.network, input=input, classes=classes)
    walk = _Walk(plan.input)
    last = walk.follow(plan.steps, Sight())
    rows = tuple(walk.rows)
    sight, shape = walk.before_all or (last, plan.output)
    return Anatomy(
        name=plan.network.name or "network",
        input=plan.input,
        classes=plan.classes,
        layers=rows,
        parameters=sum(row.parameters for row in rows),
        macs=sum(row.macs for row in rows),
        receptive_field=walk.whole if sight is None else sight.size(shape),
        plan=plan,
    )


class _Walk:
    """Goes through the steps and writes the rows; sight is None where units see all."""

    def __init__(self, shape: Shape) -> None:
        self.rows: list[Row] = []
        self.whole = side_of(shape[1], shape[2])
        self.before_all: tuple[Sight, Shape] | None = None

    def follow(self, steps: Sequence[Step], sight: Sight | None) -> Sight | None:
        """Write the rows of steps; give what the units behind the last one see."""
        for step in steps:
            if isinstance(step, Block):
                sight = self.follow(step.steps, sight)
            elif isinstance(step, Join):
                sight = _together([self.follow(branch, sight) for branch in step.branches])
                self._write(step, sight)
            else:
                sight = self._through(step, sight)
                self._write(step, sight)
        return sight

    def _through(self, step: Leaf, sight: Sight | None) -> Sight | None:
        if sight is None:
            return None
        if step.layer.sees_all:
            self.before_all = self.before_all or (sight, step.input)
            return None
        window = step.layer.window
        return sight if window is None else sight.through(window)

    def _write(self, step: Leaf | Join, sight: Sight | None) -> None:
        parameters = macs = 0
        if isinstance(step, Leaf):
            parameters, macs = step.layer.parameters(step.input), step.layer.macs(step.input)
        self.rows.append(
            Row(
                name=step.address,
                kind=step.layer.word,
                text=str(step.layer),
                input=step.input,
                output=step.output,
                parameters=parameters,
                macs=macs,
                receptive_field=self.whole if sight is None else sight.size(step.output),
                stride=None if sight is None else sight.stride,
                start=None if sight is None else sight.start,
            )
        )


def _together(ends: Sequence[Sight | None]) -> Sight | None:
    """What a unit sees that joins branches: all that they see."""
    together = ends[0]
    for sight in ends[1:]:
        together = None if together is None or sight is None else together.union(sight)
    return together


def _by_axis(side: Side) -> str:
    return text_of(side if isinstance(side, tuple) else (side, side))


def _plain(side: Side | None) -> int | list[int] | None:
    return list(side) if isinstance(side, tuple) else side


def _bytes(count: int) -> str:
    """A number of bytes as people read it, in powers of ten."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
