"""Tree -> plan: blocks called, repeats unrolled, sums worked out, shapes followed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from striate.architecture import zoo
from striate.architecture.notation.arguments import bind
from striate.architecture.notation.expanded import Block, ExpandedNetwork, Join, Step
from striate.architecture.notation.nodes import (
    Branches,
    Call,
    Definition,
    Flow,
    Item,
    Number,
    Repeat,
    Word,
)
from striate.architecture.notation.parsing import locate, parse
from striate.architecture.notation.source_text import check_given
from striate.architecture.notation.tree import Network
from striate.architecture.notation.values import Given, evaluate
from striate.architecture.words import JOINS, WORDS, Conv, Fc, Layer, Leaf, Shape
from striate.errors import NotationError

MOST: Final = 20_000  # words, calls and turns; the deepest networks published have some 3,000


def expand(
    network: str | Network | ExpandedNetwork,
    *,
    input: Shape | None = None,  # noqa: A002 (the notation's word)
    classes: int | None = None,
) -> ExpandedNetwork:
    """Work a network out, layer by layer, for one input shape.

    Args:
        network: a text, the name of a known network, a tree, or a plan, which is given back as it
            is where nothing overrides it.
        input: (channels, rows, columns); overrides what the text says.
        classes: how many classes; overrides what the text says.

    Returns:
        The steps with their addresses and shapes.

    Raises:
        NotationError: the text breaks a rule, a window does not fit, branches do not match,
            or the input is not known.

    >>> plan = expand("conv 8 > relu > maxpool 2 > flatten > fc", input=(1, 28, 28), classes=10)
    >>> for step in plan.steps:
    ...     print(step.address, step.output)
    conv1 (8, 28, 28)
    relu1 (8, 28, 28)
    maxpool1 (8, 14, 14)
    flatten1 (1568,)
    fc1 (10,)
    >>> expand("input 1x8x8 > [conv 5x5 8 pad=valid]*2")
    Traceback (most recent call last):
    striate.errors.NotationError: a 5x5 window does not fit in 4x4; pad by 1 or pool less
      line 1: input 1x8x8 > [conv 5x5 8 pad=valid]*2
                             ^
    """
    if isinstance(network, ExpandedNetwork):
        if input is None and classes is None:
            return network
        network = network.network
    check_given(network, (str, Network), "a text, a tree or a plan")
    if isinstance(network, str):
        if zoo.is_name(network):
            network = zoo.text(network.strip(), input=input, classes=classes)
        tree = parse(network)
    else:
        tree = network
    if not tree.source:
        tree = parse(str(tree))  # built by hand: checked, and given positions
    tree = tree.with_input(input, classes=classes)
    if tree.input is None:
        raise NotationError(
            "the network does not say what goes in; write it in front, as in "
            "'input 3x224x224', or give it apart (--input in the shell, input= in Python)"
        )
    unfolding = _Unfolding(tree)
    try:
        steps, output = unfolding.flow(tree.flow, {}, tree.input, _Scope())
    except NotationError as error:
        message = error.message + unfolding.context
        channels, rows, columns = tree.input
        if "does not fit" in message and columns in (1, 3) and min(channels, rows) > columns:
            message += f"; channels come first: did you mean input {columns}x{channels}x{rows}?"
        raise locate(NotationError(message, position=error.position), tree.source) from None
    plan = ExpandedNetwork(tree, tree.input, tree.classes, output, steps)
    if next(plan.layers(), None) is None:
        raise NotationError("the network comes to no layer at all; its repeats are all 0 times")
    return plan


@dataclass
class _Scope:
    """Where addresses are counted: the network itself, or a block that it calls.

    Attributes:
        block: the address of the block; empty for the network itself.
        counts: how many of each name there have been.
    """

    block: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    def address(self, name: str) -> str:
        """Give the next address of a word or block."""
        self.counts[name] += 1
        divider = "_" if name[-1].isdigit() else ""
        within = f"{self.block}." if self.block else ""
        return f"{within}{name}{divider}{self.counts[name]}"


class _Unfolding:
    """One walk through a tree; it knows the calls it is in and how much it has unfolded."""

    def __init__(self, tree: Network) -> None:
        self._tree = tree
        self._definitions: Mapping[str, Definition] = {d.name: d for d in tree.definitions}
        self._calls: list[Call] = []
        self._unfolded = 0
        self._bare_fc: Word | None = None

    @property
    def context(self) -> str:
        """Which call of the network an error happened in; empty outside of blocks."""
        if not self._calls:
            return ""
        outermost = self._calls[0]
        line = self._tree.source.count("\n", 0, outermost.position) + 1
        return f" (in {outermost}, line {line})"

    def flow(
        self, flow: Flow, names: Mapping[str, Given], shape: Shape, scope: _Scope
    ) -> tuple[tuple[Step, ...], Shape]:
        """Work out items one after the other; ``names`` are the parameters of the block."""
        steps: list[Step] = []
        for item in flow:
            added, shape = self._item(item, names, shape, scope)
            steps += added
        return tuple(steps), shape

    def _item(
        self, item: Item, names: Mapping[str, Given], shape: Shape, scope: _Scope
    ) -> tuple[tuple[Step, ...], Shape]:
        self._unfolded += 1
        if self._unfolded > MOST:
            raise NotationError(
                f"the network unfolds to more than {MOST:,} words; repeat less",
                position=item.position,
            )
        known = dict(names)
        known["in"] = shape[0]
        if self._tree.classes is not None:
            known["classes"] = self._tree.classes
        match item:
            case Word():
                return self._word(item, known, shape, scope)
            case Call():
                return self._call(item, known, shape, scope)
            case Repeat():
                steps: list[Step] = []
                for _ in range(_times(item, known)):
                    added, shape = self.flow(item.flow, names, shape, scope)
                    steps += added
                return tuple(steps), shape
            case Branches():
                return self._branches(item, names, shape, scope)

    def _word(
        self, word: Word, names: Mapping[str, Given], shape: Shape, scope: _Scope
    ) -> tuple[tuple[Step, ...], Shape]:
        if self._bare_fc is not None and WORDS[word.name] in (Conv, Fc):
            raise NotationError(
                f"a bare fc has a unit a class and must be the last to learn, but {word.name} "
                "follows; say how many units it has, as in fc 128",
                position=self._bare_fc.position,
            )
        try:
            layer = self._layer(word, names)
            output = layer.output(shape)
        except NotationError as error:
            at = word.position if error.position is None else error.position
            raise NotationError(error.message, position=at) from None
        return (Leaf(scope.address(word.name), layer, shape, output),), output

    def _layer(self, word: Word, names: Mapping[str, Given]) -> Layer:
        if word.name != "fc" or word.arguments:
            return bind(word, names)
        if self._tree.classes is None:
            raise NotationError(
                "a bare fc has a unit a class, but the number of classes is not known; write it "
                "in front, as in 'input 3x224x224 classes=10', or give classes="
            )
        self._bare_fc = word
        return bind(dataclasses.replace(word, arguments=(Number(self._tree.classes),)), names)

    def _call(
        self, call: Call, names: Mapping[str, Given], shape: Shape, scope: _Scope
    ) -> tuple[tuple[Step, ...], Shape]:
        block = self._definitions[call.name]
        given: dict[str, Given] = {
            parameter.name: evaluate(value, names)
            for parameter, value in zip(block.parameters, call.arguments, strict=False)
        }
        given |= {option.name: evaluate(option.value, names) for option in call.options}
        around = {name: names[name] for name in ("in", "classes") if name in names}
        for parameter in block.parameters:
            if parameter.name not in given and parameter.default is not None:
                given[parameter.name] = evaluate(parameter.default, {**around, **given})
        top = not scope.block
        inner = _Scope(scope.address(call.name)) if top else scope
        self._calls.append(call)
        steps, output = self.flow(block.flow, given, shape, inner)
        self._calls.pop()
        if not top:
            return steps, output
        return (Block(inner.block, call.name, str(call), steps, shape, output),), output

    def _branches(
        self, item: Branches, names: Mapping[str, Given], shape: Shape, scope: _Scope
    ) -> tuple[tuple[Step, ...], Shape]:
        branches = []
        shapes = []
        for number, flow in enumerate(item.branches, start=1):
            steps, output = self.flow(flow, names, shape, scope)
            if not steps:
                raise NotationError(
                    f"branch {number} of {item.name} comes to nothing, its repeats being 0 times; "
                    "write identity where nothing is to happen",
                    position=item.position,
                )
            branches.append(steps)
            shapes.append(output)
        layer = JOINS[item.name]()
        try:
            output = layer.output(shapes)
        except NotationError as error:
            raise NotationError(error.message, position=item.position) from None
        join = Join(scope.address(item.name), layer, tuple(branches), shape, output)
        return (join,), output


def _times(repeat: Repeat, names: Mapping[str, Given]) -> int:
    count = evaluate(repeat.count, names)
    if not isinstance(count, int) or count < 0:
        raise NotationError(
            f"a repeat got {repeat.count} as its count; expected a whole number of at least 0",
            position=repeat.count.position,
        )
    return count
