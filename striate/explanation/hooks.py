"""What passes through a network, recorded; the network is left as it was found, errors included.

Works with any torch module: the addresses are the names of its submodules, which for a network of
the notation are the addresses of its layers. A layer that runs more than once in a pass, as a relu
that a module shares among its steps, has a number behind its name: ``relu#1``, ``relu#2``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from striate.architecture.notation.suggestions import shorten, suggestion
from striate.backends.torch import eval_mode
from striate.backends.torch.network import Net
from striate.errors import SettingError
from striate.explanation.cell_centers import CellCenters
from striate.explanation.center_tracing import CenterTracing

LISTED = 12  # choices that a refusal names, at most

Hook = Callable[[str, tuple[Any, ...], Any], Any]


@dataclass(frozen=True, eq=False)
class LayerCall:
    """One layer at work, once.

    Attributes:
        name: its name, with its number where it works more than once in a pass.
        module: the layer.
        inputs: the tensors that went in; (batch, channels, rows, columns) or (batch, features).
        output: the tensor that came out.
        centers: where its cells look; None of features, and where a step before it mixes places.
    """

    name: str
    module: nn.Module
    inputs: tuple[Tensor, ...]
    output: Tensor
    centers: CellCenters | None = None


@dataclass(frozen=True, eq=False)
class Recording:
    """One pass through a network.

    Attributes:
        calls: what was recorded, in the order in which the layers came to their ends.
        input: what went into the network.
        output: what came out of it.
    """

    calls: tuple[LayerCall, ...]
    input: Tensor
    output: Tensor

    def __getitem__(self, address: str) -> LayerCall:
        """Return the call of a layer.

        Raises:
            SettingError: it was not recorded, or it worked more than once and the number is
                missing.
        """
        found = [call for call in self.calls if call.name == address]
        if found:
            return found[0]
        stem = [call.name for call in self.calls if call.name.partition("#")[0] == address]
        if stem:
            raise SettingError(
                f"'{shorten(address)}' works {len(stem)} times in a pass; say which: "
                f"{_listed(stem)}"
            )
        raise SettingError(
            f"'{shorten(address)}' did not work in this pass; "
            f"expected one of {_listed([call.name for call in self.calls])}"
        )

    def producer_of(self, given: Tensor, before: LayerCall | None = None) -> LayerCall | None:
        """Return the layer that made a tensor; None where no layer did.

        Tensors that are one and the same count first. Where layers work in place the recording
        holds copies, and some modules flatten maps themselves; so the last layer before whose
        output has the same numbers in the same order counts, too.

        Args:
            given: what went into a layer, or the network's output.
            before: the layer that took it; only those before it are asked.
        """
        end = len(self.calls) if before is None else self.calls.index(before)
        earlier = [
            call  # what hands its input on as it is, as identity does, makes nothing
            for call in self.calls[:end]
            if not any(call.output is each for each in call.inputs)
        ]
        for call in reversed(earlier):
            if call.output is given:
                return call
        for call in reversed(earlier):
            if call.output.numel() == given.numel() and torch.equal(
                call.output.flatten(), given.flatten()
            ):
                return call
        return None


def record(
    module: nn.Module,
    values: Tensor,
    names: Sequence[str] | None = None,
    *,
    gradients: bool = False,
    centered: bool = True,
) -> Recording:
    """Return what goes into and comes out of layers while images pass in evaluation mode.

    What a later layer overwrites in place is kept as it was before. Weights, modes and what
    their ``grad`` holds stay untouched.

    Args:
        module: the network.
        values: float (batch, channels, rows, columns), normalised; moved to the network's device.
        names: which layers; None takes every module that has no parts of its own.
        gradients: whether the graph is kept, so that `gradients_of` can go back to any of the
            tensors, ``values`` included.
        centered: whether the centres of cells are followed, which takes longer than the pass of a
            small network.

    Raises:
        SettingError: there is no such layer, or its name does not say which.

    >>> from striate.backends.torch import build
    >>> network = build("input 1x4x4 classes=2 > conv 3 > relu > gap > flatten > fc")
    >>> passed = record(network, torch.zeros(1, 1, 4, 4), ["relu1", "conv1"])
    >>> [call.name for call in passed.calls], passed["relu1"].output.shape
    (['conv1', 'relu1'], torch.Size([1, 3, 4, 4]))
    """
    names = leaf_names(module) if names is None else [find_layer(module, name) for name in names]
    given = values.detach().to(device_of(module))
    if gradients:
        given = given.clone().requires_grad_()
    with frozen(module), torch.set_grad_enabled(gradients):
        try:
            return _recorded(module, given, names, copied=False, centered=centered)
        except _Overwritten:
            return _recorded(module, given, names, copied=True, centered=centered)


def gradients_of(score: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradient of a sum of scores with respect to recorded tensors; 0 where it has none.

    The graph stays, so that another score can be asked of the same pass.

    Raises:
        SettingError: the network cuts the way back to one of them.

    >>> from striate.backends.torch import build
    >>> network = build("input 1x4x4 classes=2 > conv 3 > relu > gap > flatten > fc")
    >>> passed = record(network, torch.ones(1, 1, 4, 4), ["relu1"], gradients=True)
    >>> (found,) = gradients_of(passed.output[:, 0], [passed["relu1"].output])
    >>> torch.allclose(found[0, :, 0, 0], network.fc1.weight[0] / 16)
    True
    """
    check_gradient(score, tensors)
    found = torch.autograd.grad(score.sum(), list(tensors), retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(tensor) if each is None else each.detach()
        for each, tensor in zip(found, tensors, strict=True)
    ]


def check_gradient(score: Tensor, tensors: Sequence[Tensor]) -> None:
    """Refuse to ask for gradients where none can arrive.

    Raises:
        SettingError: the score, or one of the tensors, stands apart from the graph.

    >>> check_gradient(torch.ones(1), [])
    Traceback (most recent call last):
    striate.errors.SettingError: no gradient arrives here: ...
    """
    if not score.requires_grad or not all(each.requires_grad for each in tensors):
        raise SettingError(
            "no gradient arrives here: the network computes under torch.no_grad, or detaches, on "
            "the way to the class; occlusion needs none (method='occlusion')"
        )


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Freeze a network in evaluation mode for a while, and leave all as it was found.

    Weights ask for no gradient meanwhile, so going back through the network computes none.

    >>> layer = nn.Linear(2, 1)
    >>> with frozen(layer):
    ...     layer.training, layer.weight.requires_grad
    (False, False)
    >>> layer.training, layer.weight.requires_grad
    (True, True)
    """
    asking = [parameter for parameter in module.parameters() if parameter.requires_grad]
    with eval_mode(module):
        for parameter in asking:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in asking:
                parameter.requires_grad_(True)


@contextmanager
def forward_hooks(module: nn.Module, names: Sequence[str], hook: Hook) -> Iterator[None]:
    """Call a hook after layers while the body of ``with`` runs the network; then remove it.

    Args:
        module: the network.
        names: names of its submodules, from `find_layer` or `leaf_names`.
        hook: is given (address, inputs, output) after each call; anything but None that it
            returns takes the place of the output.

    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    >>> with forward_hooks(network, ["0"], lambda *heard: print(heard[0], heard[2].shape)):
    ...     _ = network(torch.zeros(1, 1, 2, 2))
    0 torch.Size([1, 4])
    """
    handles = []
    try:
        for name in names:

            def forward(part: nn.Module, given: Any, output: Any, name: str = name) -> Any:
                return hook(name, given, output)

            handles.append(module.get_submodule(name).register_forward_hook(forward))
        yield
    finally:
        for handle in handles:
            handle.remove()


def leaf_names(module: nn.Module) -> list[str]:
    """Return the name of every submodule that has no parts of its own, in the order of definition.

    >>> leaf_names(nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh()))
    ['0.0', '1']
    """
    return [name for name, part in module.named_modules() if name and not list(part.children())]


def find_layer(module: nn.Module, address: str) -> str:
    """Return the full name of a submodule: of a layer, or of a block.

    Args:
        module: the network.
        address: its name, a call's number (``relu#2``) left aside; the end of a name is enough
            where no other ends so, and in a network of the notation the running number may be
            left out where there is only one.

    Raises:
        SettingError: there is none, or the choice is not clear; the choices are listed.
        NotationError: the same, of a network of the notation.

    >>> parts = nn.ModuleDict({"body": nn.Sequential(nn.ReLU()), "head": nn.Sequential(nn.Tanh())})
    >>> find_layer(parts, "body.0")
    'body.0'
    >>> find_layer(parts, "0")
    Traceback (most recent call last):
    striate.errors.SettingError: '0' does not say which layer; expected one of body.0, head.0
    """
    wanted = address.partition("#")[0]
    every = module.named_modules(remove_duplicate=False)
    names: list[str] = [name for name, _ in every if name]
    if wanted in names:
        return wanted
    if isinstance(module, Net):
        return module.plan.find(wanted).address
    close = [name for name in names if name.endswith(f".{wanted}")]
    if len(close) == 1:
        return close[0]
    if close:
        raise SettingError(
            f"'{shorten(wanted)}' does not say which layer; expected one of {_listed(close)}"
        )
    near = suggestion(wanted, names)
    instead = f"did you mean '{near}'?" if near else f"it has {_listed(names)}"
    raise SettingError(f"the network has no layer '{shorten(wanted)}'; {instead}")


def device_of(module: nn.Module) -> torch.device:
    """Return where a network computes: where its first weight lies, the CPU without any.

    >>> device_of(nn.ReLU())
    device(type='cpu')
    """
    first = next(module.parameters(), None)
    return torch.device("cpu") if first is None else first.device


class _Overwritten(Exception):
    """A later layer has changed a recorded tensor in place."""


def _recorded(
    module: nn.Module, values: Tensor, names: Sequence[str], *, copied: bool, centered: bool
) -> Recording:
    """Record one pass; where ``copied``, layers work on copies of what is kept."""
    calls: list[tuple[str, tuple[Tensor, ...], Tensor, CellCenters | None]] = []
    traced = CenterTracing(values)
    versions = [(values, values._version)]  # there is no public count of changes in place
    kept: list[tuple[Tensor, ...]] = []  # what went into the layers under way

    def before(part: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        own = tuple(each.clone() if isinstance(each, Tensor) else each for each in given)
        kept.append(_tensors(own))
        return tuple(each.clone() if isinstance(each, Tensor) else each for each in own)

    def hear(address: str, given: tuple[Any, ...], output: Any) -> Any:
        inputs = kept.pop() if copied else _tensors(given)
        if not isinstance(output, Tensor):
            return None
        calls.append((address, inputs, output, traced.centers(output)))
        versions.extend((each, each._version) for each in (*inputs, output))
        return output.clone() if copied else None

    unique = list(dict.fromkeys(names))
    with ExitStack() as stack:
        for name in unique if copied else ():
            handle = module.get_submodule(name).register_forward_pre_hook(before)
            stack.callback(handle.remove)
        stack.enter_context(forward_hooks(module, unique, hear))
        if unique and centered:
            stack.enter_context(traced)
        output = module(values.clone())
    if not isinstance(output, Tensor):
        raise SettingError(
            f"the network gives {type(output).__name__}; expected one tensor of a value a class"
        )
    if not copied and any(each._version != version for each, version in versions):
        raise _Overwritten
    times = Counter(address for address, *_ in calls)
    turns: Counter[str] = Counter()
    found = []
    for address, inputs, out, centers in calls:
        turns[address] += 1
        full = f"{address}#{turns[address]}" if times[address] > 1 else address
        found.append(LayerCall(full, module.get_submodule(address), inputs, out, centers))
    return Recording(tuple(found), values, output)


def _tensors(given: Sequence[Any]) -> tuple[Tensor, ...]:
    return tuple(each for each in given if isinstance(each, Tensor))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
