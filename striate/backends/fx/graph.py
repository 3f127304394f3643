"""A recorded graph as values: each step of the module gets its word."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

import torch
from torch import fx, nn
from torch.nn.utils.parametrize import is_parametrized

from striate.architecture.aspects.torch_reading import Batch, Refused
from striate.architecture.words import Joint, Layer, Shape
from striate.backends.fx.recording import FAULTS, HOOKED, INSTEAD, defaults, kind_of
from striate.backends.fx.rules import (
    BORDER_FUNCTIONS,
    BORDER_MODULES,
    FUNCTIONS,
    JOINING,
    METHODS,
    MODULES,
    ON_TENSORS,
)
from striate.backends.fx.steps import Attribute, kind_text, name_of, place_of
from striate.backends.fx.values import Overwritten, Value, join_values
from striate.errors import NotationError

if TYPE_CHECKING:
    from striate.architecture.aspects.border_reading import Border
    from striate.architecture.aspects.word import Reader, Words

CLONES: Final = {"clone", torch.clone}
CHECKS: Final = {torch._assert, fx._symbolic_trace._assert_is_none}  # without public names
ALONE: Final = "padding by itself has no word; it belongs to the conv or pool behind it"


class Reading:
    """Goes through a recorded graph and gives each step its value."""

    def __init__(self, module: nn.Module, shape: Shape, name: str) -> None:
        self._module = module
        self._name = name
        self._shape = shape
        self._known: dict[fx.Node, Any] = {}
        self._overwritten = Overwritten()
        self._joins: list[Value] = []
        self._weights: set[int] = set()
        self._left_out = set(defaults(module))
        self._others = 0  # arguments but the first
        self.input: Value | None = None

    def read(self, graph: fx.Graph) -> Value:
        """Give the value that comes out.

        Raises:
            Refused: a step has no word.
            NotationError: the module takes or gives something else than one tensor.
        """
        for node in graph.nodes:
            if node.op == "output":
                return self._output(node)
            self._known[node] = self._step(node)
        raise NotationError("nothing comes out of the module")

    def _output(self, node: fx.Node) -> Value:
        result = self._resolved(node.args[0], node)
        if isinstance(result, Value):
            self._plain(result, node)
        if not isinstance(result, Value):
            raise NotationError(
                f"{self._name} gives {kind_text(result)}; a network of the notation "
                f"gives one tensor. Leave out all but one, or {INSTEAD}"
            )
        return result

    def _step(self, node: fx.Node) -> Any:
        if node.op == "placeholder":
            return self._placeholder(node)
        if node.op == "get_attr":
            return Attribute(str(node.target))
        args = [self._resolved(argument, node) for argument in node.args]
        options = {name: self._resolved(value, node) for name, value in node.kwargs.items()}
        tensors = [value for value in (*args, *options.values()) if _holds_tensor(value)]
        if node.op == "call_module":
            return self._layer(node, args)
        if node.target in CHECKS:
            return None
        if not tensors:
            return self._number(node, args, options)
        if not args and "input" in options:
            args = [options.pop("input")]
        if args and isinstance(args[0], Value) and (known := _known_of(node, args)) is not None:
            return known
        if node.target in BORDER_FUNCTIONS:
            read = BORDER_FUNCTIONS[cast("Any", node.target)]
            return self._padded(node, args[0], lambda shape: read(shape, *args[1:], **options))
        if node.target in JOINING:
            return self._joined(node, args, options)
        if node.target in CLONES and isinstance(args[0], Value):
            return self._copied(args[0], node)
        if node.target in ON_TENSORS:
            return self._on_tensors(node, args, options)
        table: Any = METHODS if node.op == "call_method" else FUNCTIONS
        return self._called(node, table.get(node.target), args, options)

    def _placeholder(self, node: fx.Node) -> Value | None:
        if self.input is None:
            self.input = self._overwritten.keep(Value((), None, self._shape))
            return self.input
        self._others += 1
        if self._others not in self._left_out and node.users:
            raise NotationError(
                f"{self._name} takes '{node.target}' besides its first argument; "
                f"a network of the notation takes one tensor. Leave it out, or {INSTEAD}"
            )
        return None

    def _resolved(self, argument: Any, node: fx.Node) -> Any:
        """Give an argument with what is known in place of the nodes of the graph."""
        if isinstance(argument, fx.Node):
            known = self._known[argument]
            return (
                self._overwritten.now(known, place_of(node)) if isinstance(known, Value) else known
            )
        if isinstance(argument, tuple | list):
            return type(argument)(self._resolved(item, node) for item in argument)
        return argument

    def _number(self, node: fx.Node, args: Sequence[Any], options: dict[str, Any]) -> Any:
        """Work out what the module calculates with sizes; that of the batch is unknown."""
        if any(isinstance(value, Attribute) for value in args):
            raise self._refused(node, "a tensor of the module's own takes part in it")
        if any(isinstance(value, Batch) for value in args):
            if all(user.target in CHECKS for user in node.users):
                return None
            raise self._refused(
                node,
                "the size of the batch takes part in a calculation; images must not mix: "
                "torch.flatten(x, 1)",
            )
        try:
            if node.op == "call_function" and callable(node.target):
                return node.target(*args, **options)
        except FAULTS:
            pass
        raise self._refused(node, "only layers may stand here")

    def _layer(self, node: fx.Node, args: Sequence[Any]) -> Value:
        target = str(node.target)
        module = self._module.get_submodule(target)
        if type(module) in BORDER_MODULES:
            pads = BORDER_MODULES[type(module)]
            return self._padded(node, args[0], lambda shape: pads(shape, module))
        kind = kind_of(module)
        if kind is None:
            raise self._refused(node, f"there is no word for {type(module).__name__}")
        if is_parametrized(module):
            raise self._refused(node, "its weights are worked out anew in each step")
        if module._forward_hooks or module._forward_pre_hooks:  # there is no public way to see them
            raise self._refused(node, HOOKED)
        arriving = args[0]
        if len(args) != 1 or not isinstance(arriving, Value):
            raise self._refused(node, f"one tensor must go in, but it gets {kind_text(args)}")
        _check_channels(module, arriving.shape, target)
        words = self._words(node, lambda: MODULES[kind](arriving.shape, module))
        inplace = getattr(module, "inplace", False) is True
        learns = self._learns(node, module)
        return self._made(node, arriving, words, target=target * learns, inplace=inplace)

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

    def _learns(self, node: fx.Node, module: nn.Module) -> bool:
        """Say whether a layer has weights of its own.

        Raises:
            Refused: another step has them too.
        """
        own = list(module.parameters(recurse=False))
        if any(parameter in self._weights for parameter in map(id, own)):
            raise self._refused(
                node, "its weights are used in another place too; here each layer has its own"
            )
        self._weights |= set(map(id, own))
        return bool(own)

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
        if any(_holds_tensor(value) for value in (*others, *options.values())):
            raise self._refused(node, f"there is no word for {name} of two tensors")
        words = self._words(node, lambda: give(arriving.shape, *others, **options))
        inplace = options.get("inplace") is True or (name.endswith("_") and name[-2:] != "__")
        return self._made(node, arriving, words, inplace=inplace)

    def _on_tensors(self, node: fx.Node, args: Sequence[Any], options: dict[str, Any]) -> Value:
        """Take a function that is given the tensors of one layer for the word of that layer."""
        function: Any = node.target
        rule = ON_TENSORS[function]
        given = inspect.signature(function).bind(*args, **options)
        given.apply_defaults()
        arguments = dict(given.arguments)
        arriving = arguments.pop("input")
        names = [getattr(arguments.pop(name), "name", "") for name in rule.tensors]
        target = names[0].rpartition(".")[0]
        if names != [f"{target}.{name}" for name in rule.tensors]:
            raise self._refused(node, f"{name_of(node)} has a word where one layer has {rule.told}")
        module = self._module.get_submodule(target)
        words = self._words(node, lambda: rule.read(arriving.shape, **arguments))
        return self._made(node, arriving, words, target=target * self._learns(node, module))

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
    ) -> Value:
        """Give the value behind words, and note what changes in place."""
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
            storage = result.memory if word.hands_on(training=False) else None
            result = Value((result,), word, shape, place, target, storage)
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


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_holds_tensor, value))
    return isinstance(value, Value)


def _known_of(node: fx.Node, args: Sequence[Any]) -> Any:
    """What a module asks of a tensor but its numbers: its sizes; None for anything else."""
    sizes: tuple[Any, ...] = (Batch(), *args[0].shape)
    if node.target == "size" and node.op == "call_method":
        axis = args[1] if len(args) > 1 else node.kwargs.get("dim")
        return sizes[axis] if isinstance(axis, int) else sizes
    if node.target is getattr and args[1] in ("shape", "ndim"):
        return sizes if args[1] == "shape" else len(sizes)
    return len(sizes) if node.target == "dim" else None


def _check_channels(module: nn.Module, shape: Shape, target: str) -> None:
    """Make sure that what arrives is what the layer was made for."""
    names = ("in_channels", "in_features", "num_features")
    wanted = next((getattr(module, name) for name in names if hasattr(module, name)), None)
    if wanted is not None and wanted != shape[0]:
        raise Refused(
            f"it was made for {wanted} channels or features, but {shape[0]} arrive; "
            "give the input that the module was made for",
            f"'{target}'",
        )
