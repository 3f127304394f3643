"""The sizes of what a module computes, found on torch's meta device: nothing is computed."""

from __future__ import annotations

import copy
import warnings
from typing import Any, Final

import torch
from torch import Tensor, fx, nn

from striate.architecture.aspects.torch_reading import Batch
from striate.architecture.words import Shape

BATCH: Final = 7919  # a prime that no layer has as its channels
# What the code of a module asks of a tensor and what is known before any number is.
PLAIN: Final = frozenset({"ndim", "dtype", "device", "is_cuda", "requires_grad", "layout"})
ASKED: Final = frozenset({"size", "dim", "ndimension", "is_floating_point", "is_complex"})
# What evaluating on the meta device may raise: no kernel, numbers needed, sizes that do not fit.
UNKNOWN: Final = (
    *(NotImplementedError, RuntimeError, TypeError, ValueError, AttributeError, LookupError),
    *(AssertionError, ArithmeticError),
)


class NoSize(Exception):
    """The size of something that takes part is not known."""


def without_numbers(tensor: Tensor) -> Tensor:
    """Return a tensor of the same size on the meta device."""
    return torch.empty_like(tensor, device="meta", requires_grad=False)


def arriving(module: nn.Module, shape: Shape) -> Tensor:
    """Return what goes into a module, on the meta device, in its number format."""
    kinds = (p.dtype for p in module.parameters() if p.is_floating_point())
    return torch.empty(BATCH, *shape, device="meta", dtype=next(kinds, torch.float32))


def sizes_of(tensor: Tensor) -> tuple[int, ...]:
    """Return the sizes of a tensor, that of the batch marked as such."""
    first, *others = tensor.shape or (0,)
    return (Batch(first) if first == BATCH else first, *others)


def outcome(root: nn.Module, kind: str, target: Any, args: Any, options: Any) -> Any:
    """Return what a step gives, on the meta device; None where that cannot be said.

    Args:
        root: the module that is recorded.
        kind: of the step, as torch.fx has it.
        target: what is called.
        args: tensors on the meta device in the place of what stands for them.
        options: likewise.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch has to say of sizes, it says at work
            return _evaluated(root, kind, target, args, options)
    except UNKNOWN:
        return None


def _evaluated(root: nn.Module, kind: str, target: Any, args: Any, options: Any) -> Any:
    if kind == "get_attr":
        path, _, name = target.rpartition(".")
        module = root.get_submodule(path)
        # not by getattr, which gives what stands for a parameter while a module is recorded
        held = (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
        found = dict(held).get(name)
        return None if found is None else without_numbers(found)
    if kind == "call_module":
        return _through(root.get_submodule(target), args, options)
    if kind == "call_method":
        return getattr(args[0], target)(*args[1:], **options)
    return target(*args, **options)


def _through(module: nn.Module, args: Any, options: Any) -> Any:
    """Return what a layer without parts gives, its weights on the meta device."""
    if list(module.children()):
        return None
    twin = copy.copy(module)
    vars(twin).update(vars(module))
    for held in ("_parameters", "_buffers"):
        values = getattr(module, held).items()
        own = {name: None if value is None else without_numbers(value) for name, value in values}
        vars(twin)[held] = own
    return twin.forward(*args, **options)


def on_meta(value: Any) -> Any:
    """Return an argument as `outcome` takes it.

    Raises:
        NoSize: it stands for something of unknown size.
    """
    if isinstance(value, tuple | list):
        return type(value)(map(on_meta, value))
    if issubclass(type(value), fx.Proxy):  # isinstance would be told that it is a tensor
        if value.known is None:
            raise NoSize
        return value.known
    return without_numbers(value) if isinstance(value, Tensor) else value
