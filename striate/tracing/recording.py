"""A torch module's code recorded by torch.fx, as a graph of the steps that it takes."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from torch import fx, nn

from striate.errors import NotationError
from striate.tracing.words import MODULES

# What the code of a module may raise when it is given what stands for a tensor.
FAULTS: Final = (
    *(fx.proxy.TraceError, TypeError, ValueError, RuntimeError, AttributeError),
    *(LookupError, AssertionError, ArithmeticError),
)
INSTEAD: Final = "use the module itself, which may stand where a network text can"
INNER: Final = "_conv_forward"  # what the forward of a Conv2d calls


class _Standing(fx.Proxy):
    """Stands for a tensor; ``+=`` is recorded as what it is, which fx takes for ``+``."""

    def __iadd__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

    def __deepcopy__(self, memo: dict[int, Any]) -> fx.Proxy:
        return self.tracer.create_proxy("call_method", "clone", (self,), {})

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("tracer", "node"):
            raise TypeError(f"'{name}' of a tensor is set")
        super().__setattr__(name, value)


class _Tracer(fx.Tracer):
    """Stops at torch's own layers, and at classes of them that compute the same."""

    record_stack_traces = True

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Standing(node, self)

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
            own = type(module).forward is kind.forward
            if issubclass(kind, nn.Conv2d):
                own = own and getattr(type(module), INNER) is getattr(kind, INNER)
            return kind if own else None
    return None


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode, and each of its parts back into its own afterwards."""
    modes = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training


def recorded(module: nn.Module) -> fx.Graph:
    """Record what a module computes.

    Raises:
        NotationError: its code cannot be followed; the message gives the reason and the place.
    """
    with evaluating(module):
        try:
            return _Tracer().trace(module, dict(defaults(module).values()))
        except FAULTS as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise NotationError(
                f"the code of {type(module).__name__} cannot be followed: {reason}. Expected "
                f"layers one after the other, no conditions on numbers; or {INSTEAD}"
            ) from error


def defaults(module: nn.Module) -> dict[int, tuple[str, Any]]:
    """Which arguments of a module, counted from 0, may be left out, and what they are then."""
    parameters = enumerate(inspect.signature(module.forward).parameters.values())
    return {n: (p.name, p.default) for n, p in parameters if n and p.default is not p.empty}
