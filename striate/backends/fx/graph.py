"""A recorded graph as values: each step of the module gets its word."""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import fx, nn
from torch.nn.utils.parametrize import is_parametrized

from striate.architecture.aspects.torch_reading import Batch, Refused
from striate.architecture.words import Shape
from striate.backends.fx.making import Making, holds_tensor
from striate.backends.fx.recording import FAULTS, HOOKED, INSTEAD, defaults, kind_of
from striate.backends.fx.rules import (
    BORDER_MODULES,
    LAST_MODULES,
    MODULES,
    ON_PARAMETER,
    ON_TENSORS,
)
from striate.backends.fx.steps import Attribute, kind_text, name_of, place_of, sizes_known
from striate.backends.fx.values import Value
from striate.errors import NotationError

if TYPE_CHECKING:
    from striate.architecture.aspects.word import OnTensors

CHECKS: Final = {torch._assert, fx._symbolic_trace._assert_is_none}  # without public names
RESHAPING: Final = {"reshape", "view", "unsqueeze", operator.getitem, torch.reshape}


class Reading(Making):
    """Goes through a recorded graph and gives each step its value."""

    def __init__(self, module: nn.Module, shape: Shape, name: str) -> None:
        super().__init__()
        self._module = module
        self._name = name
        self._shape = shape
        self._known: dict[fx.Node, Any] = {}
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
            if result.last:
                raise self._refused(node, "the channels of what comes out stand last")
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
            return Attribute(str(node.target), sizes_known(node))
        args = [self._resolved(argument, node) for argument in node.args]
        options = {name: self._resolved(value, node) for name, value in node.kwargs.items()}
        tensors = [value for value in (*args, *options.values()) if holds_tensor(value)]
        if node.op == "call_module":
            return self._layer(node, args)
        if node.target in CHECKS:
            return None
        if node.target is operator.getitem and isinstance(args[0], list | tuple):
            return args[0][args[1]]
        if not tensors:
            return self._number(node, args, options)
        if not args and "input" in options:
            args = [options.pop("input")]
        if args and isinstance(args[0], Value) and (known := _known_of(node, args)) is not None:
            return known
        if node.target in ON_PARAMETER and (scaled := self._on_parameter(node, args)):
            return scaled
        if node.target in ON_TENSORS:
            return self._on_tensors(node, args, options)
        return self.made_by(node, args, options)

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
        if args and isinstance(args[0], Attribute) and node.target in RESHAPING:
            sizes = sizes_known(node)
            if sizes and math.prod(sizes) == math.prod(args[0].sizes):
                return Attribute(args[0].name, sizes)
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
        last = arriving.last and kind in LAST_MODULES
        give = (LAST_MODULES if last else MODULES)[kind]
        words = self._words(node, lambda: give(arriving.shape, module))
        inplace = getattr(module, "inplace", False) is True
        learns = self._learns(node, module)
        own = target * learns
        return self._made(node, arriving, words, target=own, inplace=inplace, last=last)

    def _on_parameter(self, node: fx.Node, args: Sequence[Any]) -> Value | None:
        """Take a function of a value and of a parameter for a word; None where it is not that."""
        values = [value for value in args if isinstance(value, Value)]
        own = [value for value in args if isinstance(value, Attribute)]
        if len(values) != 1 or len(own) != 1:
            return None
        (value,), (attribute,) = values, own
        sizes = attribute.sizes
        if value.last and sizes and sizes[-1] == math.prod(sizes):
            sizes = (sizes[-1], *[1] * (len(value.shape) - 1))
        words = self._words(node, lambda: ON_PARAMETER[node.target](value.shape, sizes))
        self._mark_used(node, [_found(self._module, attribute.name)])
        return self._made(node, value, words, target=attribute.name, last=True)

    def _learns(self, node: fx.Node, module: nn.Module) -> bool:
        """Say whether a layer has weights of its own.

        Raises:
            Refused: another step has them too.
        """
        own = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
        self._mark_used(node, own)
        return bool(own)

    def _mark_used(self, node: fx.Node, own: Sequence[Any]) -> None:
        if any(parameter in self._weights for parameter in map(id, own)):
            raise self._refused(
                node, "its weights are used in another place too; here each layer has its own"
            )
        self._weights |= set(map(id, own))

    def _on_tensors(self, node: fx.Node, args: Sequence[Any], options: dict[str, Any]) -> Value:
        """Take a function that is given the tensors of one layer for the word of that layer."""
        function: Any = node.target
        rule = ON_TENSORS[function]
        signature = _signature(rule) if rule.parameters else inspect.signature(function)
        given = signature.bind(*args, **options)
        given.apply_defaults()
        arguments = dict(given.arguments)
        arriving = arguments.pop("input")
        tensors = {name: arguments[name] for name in rule.tensors}
        target = getattr(tensors[rule.tensors[0]], "name", "").rpartition(".")[0]
        arguments |= {name: getattr(value, "sizes", None) for name, value in tensors.items()}
        if not self._is_of_one_layer(target, tensors, rule):
            raise self._refused(node, f"{name_of(node)} has a word where one layer has {rule.told}")
        module = self._module.get_submodule(target)
        words = self._words(node, lambda: rule.read(arriving.shape, **arguments))
        if rule.last and not arriving.last and len(arriving.shape) == 3:
            raise self._refused(node, f"{name_of(node)} is not over channels here")
        own = target * self._learns(node, module)
        return self._made(node, arriving, words, target=own, last=rule.last and arriving.last)

    def _is_of_one_layer(self, target: str, tensors: dict[str, Any], rule: OnTensors) -> bool:
        """Say whether a function is given all the tensors of one layer, and no others."""
        if not target:
            return False
        module = self._module.get_submodule(target)
        return all(
            getattr(value, "name", "") == f"{target}.{name}"
            or (value is None and name in rule.optional and getattr(module, name, None) is None)
            for name, value in tensors.items()
        )


def _signature(rule: OnTensors) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature(
        [inspect.Parameter(name, kind, default=value) for name, value in rule.parameters]
    )


def _found(module: nn.Module, name: str) -> Any:
    """Return a tensor of a module by its name."""
    path, _, own = name.rpartition(".")
    return getattr(module.get_submodule(path), own)


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
