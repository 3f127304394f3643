"""Which tensor of a file goes where in a network: everything is checked before anything is copied.

In this order: what a map says; equal names; the names of torchvision's networks; the shapes of
whole layers, where a file is sorted by names, as safetensors are; the order of the file. Each pair
must be of the same kind (weight, bias, running_mean, running_var) and shape. What can be wrong all
the same is an exchange of two tensors of one shape; names that speak against the order are
therefore refused, and `striate evaluate` is the proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import torch
from torch import Tensor, nn

from striate.architecture.notation import Block, Join, Leaf, Step
from striate.backends.torch import Net
from striate.errors import WeightsError
from striate.model.weights.fit_result import Fit, Pair, Unfit
from striate.model.weights.layer_shapes import is_sorted_by_name, match_by_layer
from striate.model.weights.name_map import apply_map, read_map
from striate.model.weights.names import (
    AUXILIARY,
    EPSILON,
    SHORTCUT,
    kind_of,
    known_order,
    layer_of,
    out_of_order,
)

COUNTER = "num_batches_tracked"
FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}


def fit(
    state: Mapping[str, Tensor],
    module: nn.Module,
    *,
    map: Mapping[str, str] | str | Path | None = None,  # noqa: A002 (what it is)
) -> Fit:
    """Put trained tensors into a network, all of them or none.

    Args:
        state: tensors by their names, as `striate.model.weights.read` gives them. Float16, bfloat16
            and float64 become what the network has.
        module: the network; one of Striate's, or any torch module.
        map: which of their names stands for which of ours, where order and names do not say;
            a mapping, or a JSON or CSV file. What it does not name is matched as ever.

    Returns:
        What went where.

    Raises:
        WeightsError: something is missing, left over or of another shape; nothing was copied.

    >>> from striate.backends.torch import build
    >>> network = build("input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc")
    >>> theirs = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(4, 2))
    >>> print(fit(theirs.state_dict(), network))
    4 tensors by their order
    in the file  shape    in the network
    0.weight     4x1x3x3  conv1.weight
    0.bias       4        conv1.bias
    1.weight     2x4      fc1.weight
    1.bias       2        fc1.bias
    >>> fit(nn.Linear(4, 3).state_dict(), network)
    Traceback (most recent call last):
    striate.errors.WeightsError: the weights do not fit the network: ...
    """
    found = compare(state, module, map=map)
    fill(state, module, found)
    return found


def fill(state: Mapping[str, Tensor], module: nn.Module, found: Fit) -> None:
    """Copy what `compare` found a place for, all of it or nothing.

    Raises:
        WeightsError: something does not fit; its ``table`` holds all that does not.
    """
    if found.problem:
        raise WeightsError(found.problem, str(found) if found.unfit else "")
    own = module.state_dict()
    with torch.no_grad():
        for pair in found.pairs:
            place = own[pair.ours]
            place.copy_(state[pair.theirs].reshape(place.shape))


def compare(
    state: Mapping[str, Tensor],
    module: nn.Module,
    *,
    map: Mapping[str, str] | str | Path | None = None,  # noqa: A002 (what it is)
) -> Fit:
    """Say which tensor would go where, and what does not fit; nothing is copied.

    Takes what `fit` takes; ``problem`` of the result is the line that `fit` would raise.

    >>> found = compare(nn.Linear(4, 3).state_dict(), nn.Linear(4, 2))
    >>> print(found.unfit[0])
    'weight' is 3x4 in the file, and 'weight' of the network is 2x4
    """
    own = {name: value for name, value in module.state_dict().items() if kind_of(name) != COUNTER}
    names = [name for name in state if kind_of(name) != COUNTER]
    places = dict.fromkeys(names) if map is None else apply_map(names, read_map(map))
    told = [(name, place) for name, place in places.items() if place]
    theirs = [name for name, place in places.items() if place is None]
    left = [name for name, place in places.items() if place == ""]
    if not any(AUXILIARY.match(name) for name in own):
        left += [name for name in theirs if AUXILIARY.match(name)]
        theirs = [name for name in theirs if not AUXILIARY.match(name)]
    taken = {place for _, place in told}
    rest = [name for name in own if name not in taken]
    way, matched, unsure = _match(theirs, rest, state=state, own=own, module=module)
    pairs, unfit = _checked([*_of_map(told, own), *matched], state, own)
    if told:
        way = f"by the map and {way}" if theirs or rest else "by the map"
    counters, unset = _counters(pairs, state, module)
    return Fit(
        way=way,
        pairs=(*pairs, *counters),
        unfit=unfit,
        left=tuple(left),
        unset=unset,
        converted=tuple(p.theirs for p in pairs if state[p.theirs].dtype != own[p.ours].dtype),
        unsure=unsure,
    )


def _of_map(
    told: Sequence[tuple[str, str]], own: Mapping[str, Tensor]
) -> Iterator[tuple[str | None, str | None]]:
    """Return the pairs of a map; WeightsError where it names what there is not, or one twice."""
    taken: dict[str, str] = {}
    for theirs, ours in told:
        if ours not in own:
            raise WeightsError(
                f"the map sends '{theirs}' to '{ours}', which the network does not have; it has "
                f"{_some(own)}"
            )
        if ours in taken:
            raise WeightsError(f"the map sends both '{taken[ours]}' and '{theirs}' to '{ours}'")
        taken[ours] = theirs
        yield theirs, ours


Matched = list[tuple[str | None, str | None]]


def _match(
    theirs: Sequence[str],
    ours: Sequence[str],
    *,
    state: Mapping[str, Tensor],
    own: Mapping[str, Tensor],
    module: nn.Module,
) -> tuple[str, Matched, str]:
    """Pair names: how it was done, the pairs (None where one lacks), what speaks against it."""
    if set(ours) <= set(theirs):
        here = set(ours)
        over: Matched = [(name, None) for name in theirs if name not in here]
        return "by equal names", [*((name, name) for name in ours), *over], ""
    # before order, which not every file has: one of SqueezeNet's keeps its first layer last
    known = known_order(theirs)
    if known is not None:
        network, ordered = known
        pairs = list(_align(ordered, ours, state=state, own=own))
        return f"by the names of {network}", pairs, _epsilon_against(network, module)
    if is_sorted_by_name(theirs):
        return match_by_layer(theirs, ours, state=state, own=own)
    # shapes do not show an exchange, and one takes SqueezeNet 1.1 from 58.5 % to 3 % and less
    pairs = list(_align(theirs, ours, state=state, own=own))
    return "by their order", pairs, _against(theirs, pairs, module)


def _align(
    theirs: Sequence[str],
    ours: Sequence[str],
    *,
    state: Mapping[str, Tensor],
    own: Mapping[str, Tensor],
) -> Iterator[tuple[str | None, str | None]]:
    """Pair in order; where the two differ, find what one has more than the other."""
    first = [(kind_of(name), _without_ones(state[name].shape)) for name in theirs]
    second = [(kind_of(name), _without_ones(own[name].shape)) for name in ours]
    if first == second:
        yield from zip(theirs, ours, strict=True)
        return
    opcodes = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    for _, start, end, begin, stop in opcodes:
        both = min(end - start, stop - begin)
        yield from zip(theirs[start : start + both], ours[begin : begin + both], strict=True)
        yield from ((name, None) for name in theirs[start + both : end])
        yield from ((None, name) for name in ours[begin + both : stop])


def _epsilon_against(network: str, module: nn.Module) -> str:
    """Say that a network was taught with another epsilon of batch normalisation, or nothing."""
    theirs = EPSILON.get(network)
    ours = {part.eps for part in module.modules() if isinstance(part, nn.BatchNorm2d)}
    if theirs is None or theirs in ours:
        return ""
    return (
        f"the names are those of {network}, whose batch normalisation has the epsilon {theirs:g} "
        f"and the network's {', '.join(f'{each:g}' for each in sorted(ours))}: it would answer "
        f"otherwise; take timm:{network.rpartition(' ')[2]}, whose network has its own"
    )


def _against(theirs: Sequence[str], pairs: Matched, module: nn.Module) -> str:
    """Say what in the names speaks against pairs by order, or nothing."""
    odd = out_of_order(theirs)
    if odd is not None:
        return (
            f"the file keeps '{odd[0]}' before '{odd[1]}', so its order is not that in which the "
            "layers run"
        )
    if isinstance(module, Net):
        main = set(_main_ways(module.plan.steps))
        for their, our in pairs:
            if their and our and SHORTCUT.search(layer_of(their)) and layer_of(our) in main:
                return (
                    f"by its order, '{their}' would go to '{our}', which is not on the shortcut "
                    "of its block"
                )
    return ""


def _main_ways(steps: Sequence[Step]) -> Iterator[str]:
    """Return the addresses of layers in the longest branch of a sum, where one is the longest."""
    for step in steps:
        if isinstance(step, Block):
            yield from _main_ways(step.steps)
        elif isinstance(step, Join):
            within = [list(_addresses(branch)) for branch in step.branches]
            longest = max(within, key=len)
            if step.layer.word == "add" and [len(w) for w in within].count(len(longest)) == 1:
                yield from longest
            for branch in step.branches:
                yield from _main_ways(branch)


def _addresses(steps: Sequence[Step]) -> Iterator[str]:
    """Return the addresses of layers that hold weights."""
    for step in steps:
        if isinstance(step, Leaf):
            if step.layer.parameters(step.input):
                yield step.address
        else:
            inner = [step.steps] if isinstance(step, Block) else step.branches
            for branch in inner:
                yield from _addresses(branch)


def _checked(
    matched: Sequence[tuple[str | None, str | None]],
    state: Mapping[str, Tensor],
    own: Mapping[str, Tensor],
) -> tuple[list[Pair], tuple[Unfit, ...]]:
    """Divide pairs into those that fit and those that do not."""
    pairs: list[Pair] = []
    unfit: list[Unfit] = []
    for theirs, ours in matched:
        shape = tuple(state[theirs].shape) if theirs is not None else None
        place = tuple(own[ours].shape) if ours is not None else None
        if (
            theirs is None
            or ours is None
            or kind_of(theirs) != kind_of(ours)
            or _without_ones(shape or ()) != _without_ones(place or ())
        ):
            unfit.append(Unfit(theirs, ours, shape, place))
        elif fault := _fault(state[theirs]):
            unfit.append(Unfit(theirs, ours, shape, place, fault))
        else:
            pairs.append(Pair(theirs, ours, tuple(own[ours].shape)))
    return pairs, tuple(unfit)


def _without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape without the ones at its end, by which a linear layer is a 1x1 convolution.

    >>> _without_ones((384, 96, 1, 1)), _without_ones((96, 1, 7, 7)), _without_ones((1,))
    ((384, 96), (96, 1, 7, 7), ())
    """
    ended = list(shape)
    while ended and ended[-1] == 1:
        ended.pop()
    return tuple(ended)


def _fault(tensor: Tensor) -> str:
    """Say why the values of a tensor cannot be taken, or nothing."""
    if tensor.dtype not in FLOATS or tensor.layout != torch.strided:
        kind = str(tensor.dtype).removeprefix("torch.")
        sparse = "" if tensor.layout == torch.strided else ", sparse"
        return f"is of {kind}{sparse}; expected floats of 16, 32 or 64 bits"
    if tensor.is_meta:
        return "has a shape but no values"
    if tensor.numel() and not bool(torch.isfinite(tensor.sum(dtype=torch.float64))):
        return "holds values that are no numbers (NaN or infinite)"
    return ""


def _counters(
    pairs: Sequence[Pair], state: Mapping[str, Tensor], module: nn.Module
) -> tuple[list[Pair], tuple[str, ...]]:
    """Pair the counters of batch normalisation, which many files leave out and nothing needs."""
    partner = {layer_of(pair.ours): layer_of(pair.theirs) for pair in pairs}
    counters: list[Pair] = []
    unset: list[str] = []
    for ours in (name for name in module.state_dict() if kind_of(name) == COUNTER):
        theirs = f"{partner.get(layer_of(ours))}.{COUNTER}"
        if theirs in state and state[theirs].numel() == 1:
            counters.append(Pair(theirs, ours, ()))
        else:
            unset.append(ours)
    return counters, tuple(unset)


def _some(names: Mapping[str, Tensor], most: int = 6) -> str:
    every = list(names)
    return ", ".join(every[:most]) + (", ..." if len(every) > most else "")
