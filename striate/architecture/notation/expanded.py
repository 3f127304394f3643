"""A network worked out: every layer with its address and its shapes, in the order of running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from striate.architecture.notation.suggestions import shorten, suggestion
from striate.architecture.notation.tree import Network
from striate.architecture.words import Joint, Leaf, Shape, text_of
from striate.errors import NotationError


@dataclass(frozen=True)
class Join:
    """Branches and the word that makes one of them.

    Attributes:
        address: as in ``add1`` or ``next12.add1``.
        layer: cat or add.
        branches: the steps of each branch; all get the same input.
        input: the shape that goes into every branch.
        output: the shape that comes out.
    """

    address: str
    layer: Joint
    branches: tuple[tuple[Step, ...], ...]
    input: Shape
    output: Shape


@dataclass(frozen=True)
class Block:
    """A block called by the network itself; blocks called within it are part of its steps.

    Attributes:
        address: as in ``next12``.
        name: the block's name.
        call: how it was called, as in ``first(64, 1)``.
        steps: what happens in it.
        input: the shape that goes in.
        output: the shape that comes out.
    """

    address: str
    name: str
    call: str
    steps: tuple[Step, ...]
    input: Shape
    output: Shape


Step = Leaf | Join | Block


@dataclass(frozen=True)
class ExpandedNetwork:
    """A network worked out for one input shape.

    Attributes:
        network: the tree, with input and classes filled in.
        input: (channels, rows, columns).
        classes: how many classes; None where the network needs none and nobody said.
        output: the shape that comes out.
        steps: what happens, in order.
    """

    network: Network
    input: Shape
    classes: int | None
    output: Shape
    steps: tuple[Step, ...]

    def __deepcopy__(self, memo: dict[int, Any]) -> ExpandedNetwork:
        return self  # nothing in it can change

    def layers(self) -> Iterator[Leaf | Join]:
        """Give every layer in the order of running, a join after its branches.

        >>> from striate.architecture.notation import expand
        >>> plan = expand("input 1x8x8 > add(conv 1 > relu | identity) > gap")
        >>> [step.address for step in plan.layers()]
        ['conv1', 'relu1', 'identity1', 'add1', 'gap1']
        """
        return _layers(self.steps)

    @property
    def uses_batch_statistics(self) -> bool:
        """Whether a layer normalises by the statistics of the batch in training, as bn does.

        >>> from striate.architecture.notation import expand
        >>> expand("input 1x8x8 > [conv 2 > bn]*2 > gap").uses_batch_statistics
        True
        """
        leaves = (step for step in self.layers() if isinstance(step, Leaf))
        return any(leaf.layer.uses_batch_statistics for leaf in leaves)

    def addresses(self) -> dict[str, Step]:
        """Give every step by its address: layers, joins and blocks, in the order of running."""
        return dict(_addressed(self.steps))

    def find(self, address: str) -> Step:
        r"""Give the step at an address; a number may be left out where there is only one.

        Args:
            address: as in ``conv3``, ``next12``, ``next12.conv2`` or ``gap``.

        Raises:
            NotationError: there is none, or more than one.

        >>> from striate.architecture.notation import expand
        >>> plan = expand("b = conv 4 > relu > conv 4\ninput 1x8x8 > b > b > gap")
        >>> plan.find("b2.conv1").output, plan.find("gap").address, plan.find("b1.relu").address
        ((4, 8, 8), 'gap1', 'b1.relu1')
        >>> plan.find("b")
        Traceback (most recent call last):
        striate.errors.NotationError: 'b' is not the only one; expected one of b1, b2
        """
        every = self.addresses()
        if address in every:
            return every[address]
        meant = {
            full: step for full, step in every.items() if _without_numbers(full, step) >= {address}
        }
        if len(meant) == 1:
            return next(iter(meant.values()))
        if meant:
            listed = ", ".join(list(meant)[:8]) + (", ..." if len(meant) > 8 else "")
            raise NotationError(
                f"'{shorten(address)}' is not the only one; expected one of {listed}"
            )
        raise NotationError(
            f"the network has no layer '{shorten(address)}'; {_instead(address, every)}"
        )

    def check_classes(self) -> None:
        """Make sure that the network can tell classes: one number comes out for each.

        Raises:
            NotationError: the classes are not known, or something else comes out.

        >>> from striate.architecture.notation import expand
        >>> expand("input 3x32x32 classes=10 > conv 8 > relu").check_classes()
        Traceback (most recent call last):
        striate.errors.NotationError: the network ends with 8x32x32, but 10 classes need 10 ...
        """
        if self.classes is None:
            raise NotationError("the number of classes is not known; give classes=")
        if self.output != (self.classes,):
            raise NotationError(
                f"the network ends with {text_of(self.output)}, but {self.classes} classes need "
                f"{self.classes} features; end it with 'flatten > fc' or 'gap > flatten > fc'"
            )


def _layers(steps: tuple[Step, ...]) -> Iterator[Leaf | Join]:
    for step in steps:
        if isinstance(step, Block):
            yield from _layers(step.steps)
        elif isinstance(step, Join):
            for branch in step.branches:
                yield from _layers(branch)
            yield step
        else:
            yield step


def _addressed(steps: tuple[Step, ...]) -> Iterator[tuple[str, Step]]:
    for step in steps:
        if isinstance(step, Block):
            yield from _addressed(step.steps)
        elif isinstance(step, Join):
            for branch in step.branches:
                yield from _addressed(branch)
        yield step.address, step


def _instead(address: str, every: Mapping[str, Step]) -> str:
    """Say what there is instead of an address that there is not."""
    alike = [full for full in every if _stem(full) == _stem(address)]
    if alike:
        return f"it has {alike[0]}" + (f" to {alike[-1]}" if len(alike) > 1 else "")
    close = suggestion(address, every)
    return f"did you mean '{close}'?" if close else f"it has {', '.join(list(every)[:12])}"


def _stem(address: str) -> str:
    """An address, or the part of one, without its number: relu6_1 -> relu6, conv12 -> conv."""
    bare = address.rstrip("0123456789")
    return bare.removesuffix("_")


def _without_numbers(address: str, step: Step) -> set[str]:
    block, dot, word = address.rpartition(".")
    return {f"{b}{dot}{w}" for b in {block, _stem(block)} for w in {word, _stem(word)}} - {address}
