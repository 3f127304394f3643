"""A torch module's code recorded by torch.fx, as a graph of the steps that it takes."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Container
from typing import Any, Final

import torch
from torch import fx, nn

from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.words import Shape
from striate.backends.fx.rules import MODULES
from striate.backends.fx.shapes import (
    ASKED,
    PLAIN,
    NoSize,
    arriving,
    on_meta,
    outcome,
    sizes_of,
)
from striate.backends.torch import eval_mode
from striate.errors import NotationError

# What the code of a module may raise when it is given what stands for a tensor.
FAULTS: Final = (
    *(fx.proxy.TraceError, TypeError, ValueError, RuntimeError, AttributeError),
    *(LookupError, AssertionError, ArithmeticError),
)
INSTEAD: Final = "use the module itself, which may stand where a network text can"
HOOKED: Final = "it has a hook, which may change what it computes"
INNER: Final = "_conv_forward"  # what the forward of a Conv2d calls


class _Tensor(fx.Proxy):
    """Stands for a tensor, whose sizes are known: its numbers are not.

    ``+=`` is recorded as what it is, which fx takes for ``+``.

    Attributes:
        known: the same on the meta device, or several of them; None where that cannot be said.
    """

    known: Any = None
    _is_param = False

    @property  # type: ignore[misc]  # for code that asks whether it is given a tensor
    def __class__(self) -> type:
        return type(self) if isinstance(self.known, tuple | list) else torch.Tensor

    def __getattr__(self, name: str) -> Any:
        known = self.known
        if isinstance(known, torch.Tensor):
            if name == "shape":
                return sizes_of(known)
            if name in PLAIN:
                return getattr(known, name)
        return super().__getattr__(name)

    def __iter__(self) -> Any:
        if isinstance(self.known, tuple | list):
            whole: Any = self
            return iter([whole[place] for place in range(len(self.known))])
        return super().__iter__()

    def __len__(self) -> int:
        return len(self.known) if isinstance(self.known, tuple | list) else super().__len__()

    def __imul__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.imul, (self, other), {})

    def __iadd__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

    def __deepcopy__(self, memo: dict[int, Any]) -> fx.Proxy:
        return self.tracer.create_proxy("call_method", "clone", (self,), {})

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("tracer", "node", "known"):
            raise TypeError(f"'{name}' of a tensor is set")
        super().__setattr__(name, value)


class _Tracer(fx.Tracer):
    """Stops at torch's own layers, and at classes of them that compute the same."""

    record_stack_traces = True

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._shape = shape

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Tensor(node, self)

    def create_arg(self, a: Any) -> Any:
        return a.node if type(a) is _Tensor else super().create_arg(a)

    def create_proxy(
        self, kind: str, target: Any, args: Any, kwargs: Any, *others: Any, **named: Any
    ) -> Any:
        """Record a step, and find what it gives on the meta device."""
        try:
            given, options = on_meta(args), {name: on_meta(v) for name, v in kwargs.items()}
        except NoSize:
            return super().create_proxy(kind, target, args, kwargs, *others, **named)
        if kind == "call_method" and target in ASKED and isinstance(given[0], torch.Tensor):
            found = outcome(self.root, kind, target, given, options)
            sizes = sizes_of(given[0])
            if target != "size":
                return found
            axis = (*given[1:], *options.values())
            return sizes[axis[0]] if axis else sizes
        proxy: Any = super().create_proxy(kind, target, args, kwargs, *others, **named)
        if kind == "placeholder":
            first = proxy.node.prev.op == "root"
            proxy.known = arriving(self.root, self._shape) if first else None
        else:
            proxy.known = outcome(self.root, kind, target, given, options)
        proxy.node.meta["known"] = proxy.known
        return proxy

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return super().is_leaf_module(m, module_qualified_name) or kind_of(m) is not None


def is_layer(module: nn.Module) -> bool:
    """Whether a module is one of torch's own layers by itself, with or without a word."""
    own = type(module).__module__.startswith("torch.nn") and not list(module.children())
    return own or kind_of(module) is not None


def kind_of(module: nn.Module) -> type[nn.Module] | None:
    """Say which of torch's layers a module is, or is but for its name; None if it is none."""
    for kind in type(module).__mro__:
        if issubclass(kind, nn.Module) and kind in MODULES:
            own = type(module).forward is kind.forward and "forward" not in vars(module)
            if issubclass(kind, nn.Conv2d):
                own = own and getattr(type(module), INNER) is getattr(kind, INNER)
            return kind if own else None
    return None


def record_graph(module: nn.Module, shape: Shape) -> fx.Graph:
    """Record what a module computes where images of a shape go in.

    Raises:
        NotationError: its code cannot be followed; the message gives the reason and the place.
        Refused: what would be recorded is not what it computes.
    """
    if module._forward_hooks or module._forward_pre_hooks:  # there is no public way to see them
        raise Refused(HOOKED)
    if "forward" in vars(module):
        raise Refused("its forward was replaced by another function; put that into its class")
    with eval_mode(module):
        stuck = next((name for name, part in module.named_modules() if part.training), None)
        if stuck is not None:
            part = f"'{stuck}'" if stuck else "it"
            raise Refused(f"{part} stays in training mode after eval()")
        try:
            graph = _Tracer(shape).trace(module, dict(defaults(module).values()))
        except FAULTS as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise NotationError(
                f"the code of {type(module).__name__} cannot be followed: {reason}. Expected "
                f"layers one after the other, no conditions on numbers; or {INSTEAD}"
            ) from error

    _fold(graph)
    return graph


def _fold(graph: fx.Graph) -> None:
    """Write ``x.mean(-1).mean(-1)``, and the like with squeeze, as one step over both axes."""
    for node in list(graph.nodes):
        first = node.prev
        if node.all_input_nodes != [first] or list(first.users) != [node]:
            continue
        name = _over_one_axis(node, (-1, 2))  # what is left of the two has number 2 of 3
        if name is not None and name == _over_one_axis(first, (-2, -1, 2, 3)):
            node.args, node.kwargs = (first.args[0], (2, 3)), {}
            graph.erase_node(first)


def _over_one_axis(node: fx.Node, axes: Container[int]) -> str | None:
    """Name the function where a step is a mean or a squeeze of one of these axes."""
    if node.target not in ("mean", torch.mean, "squeeze", torch.squeeze):
        return None
    given = (*node.args[1:], *node.kwargs.values())
    if len(given) != 1 or not set(node.kwargs) <= {"dim"} or given[0] not in axes:
        return None
    return "mean" if node.target in ("mean", torch.mean) else "squeeze"


def defaults(module: nn.Module) -> dict[int, tuple[str, Any]]:
    """Which arguments of a module, counted from 0, may be left out, and what they are then."""
    parameters = enumerate(inspect.signature(module.forward).parameters.values())
    return {n: (p.name, p.default) for n, p in parameters if n and p.default is not p.empty}
