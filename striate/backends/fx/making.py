"""Values made of others: by a word, by a join, by padding that a word takes later, or as copies."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

import torch
from torch import fx

from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.words import Joint, Layer, Shape
from striate.backends.fx.rules import BORDER_FUNCTIONS, FUNCTIONS, JOINING, METHODS, SEVERAL
from striate.backends.fx.steps import kind_text, name_of, place_of
from striate.backends.fx.values import Overwritten, Value, join_values
from striate.errors import NotationError

if TYPE_CHECKING:
    from striate.architecture.aspects.border_reading import Border
    from striate.architecture.aspects.word import Reader, Words

CLONES: Final = {"clone", torch.clone}
PERMUTES: Final = {"permute", torch.permute}
ALONE: Final = "padding by itself has no word; it belongs to the conv or pool behind it"


class Making:
    """Makes values for the steps of a recorded graph, and keeps what has become of their memory."""

    def __init__(self) -> None:
        self._overwritten = Overwritten()
        self._joins: list[Value] = []

    def made_by(self, node: fx.Node, args: Sequence[Any], options: dict[str, Any]) -> Any:
        """Give what a function or method makes of values.

        Raises:
            Refused: it has no word.
        """
        if node.target in PERMUTES:
            return self._permuted(node, args)
        if node.target in SEVERAL:
            return self._several(node, args, options)
        if node.target in BORDER_FUNCTIONS:
            read = BORDER_FUNCTIONS[cast("Any", node.target)]
            return self._padded(node, args[0], lambda shape: read(shape, *args[1:], **options))
        if node.target in JOINING:
            return self._joined(node, args, options)
        if node.target in CLONES and isinstance(args[0], Value):
            return self._copied(args[0], node)
        table: Any = METHODS if node.op == "call_method" else FUNCTIONS
        return self._called(node, table.get(node.target), args, options)

    def _permuted(self, node: fx.Node, args: Sequence[Any]) -> Value:
        """Note where the channels of maps stand; the notation does not know of it."""
        value, *axes = args
        given = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes
        order = tuple(axis % 4 for axis in given)
        if len(value.shape) != 3 or order != ((0, 3, 1, 2) if value.last else (0, 2, 3, 1)):
            raise self._refused(node, f"there is no word for permute to {list(given)}")
        moved = self._copied(value, node)
        moved.storage, moved.last = value.memory, not value.last
        return moved

    def _several(self, node: fx.Node, args: Sequence[Any], options: dict[str, Any]) -> list[Value]:
        """Give the parts of a value."""
        value = args[0]
        try:
            parts = SEVERAL[node.target](value.shape, *args[1:], **options)
        except Refused as error:
            raise self._refused(node, error.reason) from None
        return [
            self._made(node, value, part if isinstance(part, tuple) else (part,)) for part in parts
        ]

    def _padded(self, node: fx.Node, value: Any, read: Callable[[Shape], Border]) -> Value:
        """Give a value with padding around it, which the conv or pool behind it takes."""
        if not isinstance(value, Value):
            raise self._refused(node, f"a tensor is padded, but here is {kind_text(value)}")
        try:
            border = read(value.shape)
            whole = border if value.border is None else value.border.inside(border)
        except Refused as error:
            raise self._refused(node, error.reason) from None
        source = value if value.border is None else value.sources[0]
        if whole.mode == "zero" and source.never_negative:
            whole = replace(whole, never_wins=True)
        padded = Value((source,), None, border.grown(value.shape), place_of(node), border=whole)
        return self._overwritten.keep(padded)

    def _called(
        self,
        node: fx.Node,
        give: Reader | None,
        args: Sequence[Any],
        options: dict[str, Any],
    ) -> Value:
        name = name_of(node)
        if give is None:
            raise self._refused(node, f"there is no word for {name}")
        if not args or not isinstance(args[0], Value):
            raise self._refused(node, "its first argument must be a tensor")
        arriving, others = args[0], args[1:]
        if any(holds_tensor(value) for value in (*others, *options.values())):
            raise self._refused(node, f"there is no word for {name} of two tensors")
        words = self._words(node, lambda: give(arriving.shape, *others, **options))
        inplace = options.get("inplace") is True or (name.endswith("_") and name[-2:] != "__")
        return self._made(node, arriving, words, inplace=inplace)

    def _words(self, node: fx.Node, give: Callable[[], Words]) -> tuple[Layer, ...]:
        try:
            words = give()
        except Refused as error:
            raise self._refused(node, error.reason) from None
        except (TypeError, NotationError) as error:
            raise self._refused(node, " ".join(str(error).split())) from error
        return words if isinstance(words, tuple) else (words,)

    def _made(
        self,
        node: fx.Node,
        value: Value,
        words: Sequence[Layer],
        *,
        target: str = "",
        inplace: bool = False,
        last: bool = False,
    ) -> Value:
        """Give the value behind words, and note what changes in place.

        Args:
            node: the step.
            value: what arrives.
            words: in their order.
            target: what has the weights.
            inplace: whether memory is changed.
            last: whether the words are read as of maps whose channels stand last.
        """
        place = place_of(node)
        result = value
        if value.border is not None:
            result = value.sources[0]
            words = [_taking(value.border, words, result.shape, place), *words[1:]]
        for word in words:
            try:
                shape = word.output(result.shape)
            except NotationError as error:
                raise Refused(error.message, place) from None
            if result.last and not last and not word.elementwise:
                raise Refused(f"channels stand last here, but {word} takes them second", place)
            storage = result.memory if word.hands_on(training=False) else None
            result = Value((result,), word, shape, place, target, storage, result.last)
            self._overwritten.keep(result)
        if inplace and result is not value:
            self._overwritten.change(value, result)
        return result

    def _joined(self, node: fx.Node, args: Sequence[Any], options: dict[str, Any]) -> Value:
        joint, rules = JOINING[node.target]
        try:
            operands = rules.operands(args, options)
        except Refused as error:
            raise self._refused(node, error.reason) from None
        values = [self._plain(o, node) for o in operands if isinstance(o, Value)]
        if len(values) < len(operands):
            kinds = kind_text(operands)
            raise self._refused(node, f"{joint} {rules.does}, but here are {kinds}")
        if joint.accumulates:
            values = self._with_earlier(joint, values)
        if len(values) == 1:
            return self._copied(values[0], node)
        result = self._overwritten.keep(join_values(joint, values, place_of(node)))
        self._joins.append(result)
        if node.target is operator.iadd or name_of(node).endswith("_"):
            self._overwritten.change(values[0], result)
        return result

    def _plain(self, value: Value, node: fx.Node) -> Value:
        """Make sure that a value is not mere padding around another one."""
        if value.border is not None:
            raise self._refused(node, ALONE)
        return value

    def _copied(self, value: Value, node: fx.Node) -> Value:
        """Give the same in memory of its own, which what is changed in place does not reach."""
        self._plain(value, node)
        return self._overwritten.keep(Value((value,), None, value.shape, place_of(node)))

    def _with_earlier(self, joint: Joint, values: list[Value]) -> list[Value]:
        """Put an earlier join in the place of the values that it has joined already.

        Dense networks keep a list of maps and join all of it before each layer; joining one
        after the other gives the same.
        """
        # all maps joined before each layer are not series-parallel, as branches of a text must be
        earlier = [value for value in self._joins if value.word == joint]
        for value in sorted(earlier, key=lambda value: -len(_parts(value))):
            parts = _parts(value)
            same = [a is b for a, b in zip(parts, values, strict=False)]
            if len(parts) <= len(values) and all(same):
                return [value, *values[len(parts) :]]
        return values

    def _refused(self, node: fx.Node, reason: str) -> Refused:
        return Refused(reason, place_of(node))


def _taking(border: Border, words: Sequence[Layer], shape: Shape, place: str) -> Layer:
    """Give the first of some words with the padding that stands before it."""
    if not words:
        raise Refused(ALONE, place)
    try:
        return words[0].behind_border(border, shape)
    except (Refused, NotationError) as error:
        raise Refused(getattr(error, "reason", str(error)), place) from None


def _parts(value: Value) -> list[Value]:
    """Return the values that a join joins, those of like joins at its front one by one."""
    parts: list[Value] = []
    first = value
    while first.word == value.word:
        parts = [*first.sources[1:], *parts]
        first = first.sources[0]
    return [first, *parts]


def holds_tensor(value: Any) -> bool:
    """Say whether an argument is a value, or has one in it."""
    if isinstance(value, tuple | list):
        return any(map(holds_tensor, value))
    return isinstance(value, Value)
