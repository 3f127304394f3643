"""Layers matched by their shapes, where the order of a file says nothing: safetensors sort by name.

A layer is told by the kinds and shapes of all its tensors. Where several are alike, the numbers in
their names decide, if the names differ in nothing else; what then is left cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

from striate.data.collection import natural_key, quote_few
from striate.model.weights.names import KINDS, kind_of, layer_of

Layers = dict[str, dict[str, str]]  # by the name of a layer: by the kind, the name of its tensor
Pairs = list[tuple[str | None, str | None]]


def is_sorted_by_name(names: Sequence[str]) -> bool:
    """Return whether a file keeps each layer's bias before its weight, which no running order does.

    >>> is_sorted_by_name(["0.bias", "0.weight"]), is_sorted_by_name(["0.weight", "0.bias"])
    (True, False)
    """
    place = {name: number for number, name in enumerate(names)}
    weights = [f"{layer_of(name)}.weight".lstrip(".") for name in names if kind_of(name) == "bias"]
    both = [name for name in weights if name in place]
    return bool(both) and all(place[f"{name[:-6]}bias"] < place[name] for name in both)


def match_by_layer(
    theirs: Sequence[str],
    ours: Sequence[str],
    *,
    state: Mapping[str, Tensor],
    own: Mapping[str, Tensor],
) -> tuple[str, Pairs, str]:
    """Pair names of a file in no order: how it was done, the pairs, what speaks against it."""
    there, here = _layers(theirs), _layers(ours)
    alike_there, alike_here = _by_shapes(there, state), _by_shapes(here, own)
    chosen: list[tuple[str, str]] = []
    unsure = ""
    for shapes, mine in alike_here.items():
        found = sorted(alike_there.get(shapes, []), key=natural_key)
        if len(found) != len(mine):
            continue
        chosen += zip(found, mine, strict=True)
        if len({re.sub(r"[0-9]+", "#", name) for name in found}) > 1 and not unsure:
            unsure = (
                f"the file is sorted by names, and its layers {quote_few(found)} are of one shape: "
                "which is which cannot be told"
            )
    pairs: Pairs = [
        (name, here[mine][kind]) for layer, mine in chosen for kind, name in there[layer].items()
    ]
    done_there, done_here = {layer for layer, _ in chosen}, {mine for _, mine in chosen}
    left = sorted((layer for layer in there if layer not in done_there), key=natural_key)
    open_here = [layer for layer in here if layer not in done_here]
    for number in range(max(len(left), len(open_here))):
        first = there[left[number]] if number < len(left) else {}
        second = here[open_here[number]] if number < len(open_here) else {}
        pairs += [(first.get(kind), second.get(kind)) for kind in {**second, **first}]
    return "by the shapes of layers and the numbers in their names", pairs, unsure


def _layers(names: Sequence[str]) -> Layers:
    """Return the tensors of each layer, in the order of the kinds."""
    found: Layers = {}
    for name in names:
        found.setdefault(layer_of(name), {})[kind_of(name)] = name
    return {
        layer: {kind: kinds[kind] for kind in (*KINDS, *kinds) if kind in kinds}
        for layer, kinds in found.items()
    }


def _by_shapes(
    layers: Layers, tensors: Mapping[str, Tensor]
) -> dict[tuple[object, ...], list[str]]:
    """Return the layers of the same kinds and shapes, in their order."""
    found: dict[tuple[object, ...], list[str]] = {}
    for layer, kinds in layers.items():
        shapes = tuple((kind, tuple(tensors[name].shape)) for kind, name in kinds.items())
        found.setdefault(shapes, []).append(layer)
    return found
