"""How a network ends: its last spatial layer, and whether a class map of it is exact.

Behind the last map there may be a mean over its positions and one linear layer. Then the logit is
the mean of a weighted sum of maps, and its bias: the class activation map, which is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from striate.errors import SettingError
from striate.explanation.hooks import Recording, find_layer, record

LISTED = 8  # layers that a refusal names, at most


@dataclass(frozen=True, eq=False)
class LastSpatialLayer:
    """The last spatial layer, and what follows it.

    Attributes:
        name: the address of the last layer whose output has positions and is not yet pooled.
        weight: float (classes, channels) of the linear layer behind the mean; None where the
            network does not end so.
        bias: float (classes,), 0 where the layer has none.
        is_class_map: whether the last map is the class map already, a channel a class, as in
            SqueezeNet.
        rule: that, in words.
    """

    name: str
    weight: Tensor | None
    bias: Tensor | None
    is_class_map: bool
    rule: str


def find_last_spatial_layer(module: nn.Module, values: Tensor) -> LastSpatialLayer:
    """Return the last spatial layer, and whether a class map of it is exact.

    It is found in a pass, so it holds for any module: the last recorded layer whose output is
    (batch, channels, rows, columns) before the first that has one position or none left. That a
    mean and one linear layer follow is tried on the numbers themselves, not told by names.

    Args:
        module: the network.
        values: float (1, channels, rows, columns), an image.

    Raises:
        SettingError: no layer has positions.

    >>> from striate.backends.torch import build
    >>> network = build("input 1x8x8 classes=2 > conv 3 > relu > gap > flatten > fc")
    >>> found = find_last_spatial_layer(network, torch.ones(1, 1, 8, 8))
    >>> found.name, found.weight.shape, found.rule
    ('relu1', torch.Size([2, 3]), 'the last spatial layer; the mean and fc1 follow')
    """
    return last_spatial_layer_of(record(module, values))


def last_spatial_layer_of(passed: Recording) -> LastSpatialLayer:
    """Return the last spatial layer of a pass that was recorded whole.

    Args:
        passed: of one image, every layer.

    Raises:
        SettingError: no layer has positions.
    """
    place = _last(passed)
    call = passed.calls[place]
    last = f"{call.name}"
    mean = call.output.mean((2, 3))
    logits = passed.output
    if mean.shape == logits.shape and torch.allclose(mean, logits, rtol=1e-4, atol=1e-5):
        rule = "the last layer has a map for each class, and the mean of it follows"
        return LastSpatialLayer(last, None, None, True, rule)
    linear = [one for one in passed.calls[place + 1 :] if isinstance(one.module, nn.Linear)]
    if len(linear) == 1 and linear[0].module.in_features == mean.shape[1]:
        layer = linear[0].module
        if isinstance(layer, nn.Linear):  # for the type checker
            told = nn.functional.linear(mean.to(layer.weight.dtype), layer.weight, layer.bias)
            if torch.allclose(told, logits, rtol=1e-4, atol=1e-5):
                bias = layer.bias
                return LastSpatialLayer(
                    last,
                    layer.weight.detach(),
                    torch.zeros(len(layer.weight)) if bias is None else bias.detach(),
                    False,
                    f"the last spatial layer; the mean and {linear[0].name} follow",
                )
    return LastSpatialLayer(last, None, None, False, "the last spatial layer")


def resolve_layer(module: nn.Module, values: Tensor, layer: str | None) -> tuple[str, str]:
    """Return the layer that is explained, and by which rule.

    Args:
        module: the network.
        values: float (1, channels, rows, columns), an image.
        layer: as asked for; None takes the last spatial layer.

    Raises:
        SettingError: there is no such layer, its name does not say which, or it has no positions.
        NotationError: there is no such layer in a network of the notation.
    """
    if layer is None:
        found = find_last_spatial_layer(module, values)
        return found.name, found.rule
    number = layer.partition("#")[2]
    name = find_layer(module, layer) + (f"#{number}" if number else "")
    call = record(module, values, [name])[name]
    if call.output.ndim != 4 or call.output.shape[2] * call.output.shape[3] < 2:
        shape = "x".join(map(str, call.output.shape[1:]))
        every = [one.name for one in record(module, values).calls if _has_positions(one.output)]
        raise SettingError(
            f"'{name}' gives {shape}, which has no positions to show; expected one of "
            f"{', '.join(every[-LISTED:])}"
        )
    return call.name, "as asked for"


def _last(passed: Recording) -> int:
    """Find the last call with positions before the first without."""
    found = None
    for place, call in enumerate(passed.calls):
        if _has_positions(call.output):
            found = place
        elif found is not None and call.output.ndim in (2, 4) and _gone(passed, place):
            break
    if found is None:
        raise SettingError(
            "no layer of the network gives a map with positions, so there is nothing to lay on the "
            "image; occlusion, integrated-gradients and smoothgrad do without"
        )
    return found


def _gone(passed: Recording, place: int) -> bool:
    """Whether no layer from here on has positions; a branch may pool while another goes on."""
    return not any(_has_positions(call.output) for call in passed.calls[place:])


def _has_positions(output: Tensor) -> bool:
    return output.ndim == 4 and output.shape[2] * output.shape[3] > 1
