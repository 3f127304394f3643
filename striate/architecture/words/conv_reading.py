"""What the word conv is read from: torch's convolutions, and Linear over the channels of maps."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from striate.architecture.aspects.output_size import Shape
from striate.architecture.aspects.torch_reading import Refused, pad_of, pair_of
from striate.architecture.aspects.word import Layer, OnTensors, TorchRules


def read_conv_from(word: Callable[..., Layer]) -> TorchRules:
    """Return Conv2d and its function, and Linear where the channels of maps stand last.

    Args:
        word: what is made of them.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    from striate.architecture.aspects.torch_modules import PaddedConv2d, TableConv2d, border_of

    def plain(shape: Shape, module: Any) -> Layer:
        if module.padding_mode not in ("zeros", "replicate"):
            raise Refused(
                f"padding_mode='{module.padding_mode}' has no word; "
                "there is padmode=zero (zeros) and padmode=edge (replicate)"
            )
        kernel, dilation = pair_of(module.kernel_size), pair_of(module.dilation)
        return word(
            module.out_channels,
            kernel=kernel,
            stride=pair_of(module.stride),
            pad=pad_of(kernel, module.padding, dilation=dilation),
            dilation=dilation,
            groups=module.groups,
            bias=module.bias is not None,
            padmode="edge" if module.padding_mode == "replicate" else "zero",
            table=getattr(module, "table", None),
        )

    def padded(shape: Shape, module: Any) -> Layer:
        return plain(shape, module).behind_border(border_of(module), shape)

    def linear(shape: Shape, module: Any) -> Layer:
        return word(module.out_features, kernel=(1, 1), bias=module.bias is not None)

    def of_tensors(shape: Shape, weight: Shape, bias: Shape | None, **given: Any) -> Layer:
        kernel = pair_of(weight[2:])
        stride, dilation = pair_of(given["stride"]), pair_of(given["dilation"])
        pad = pad_of(kernel, given["padding"], dilation=dilation)
        groups, own_bias = given["groups"], bias is not None
        return word(weight[0], kernel, stride, pad, dilation, groups, own_bias)

    told = "its weight and bias"
    conv2d = OnTensors(
        ("weight", "bias"),
        told,
        of_tensors,
        optional=("bias",),
        parameters=(
            *(("input", inspect.Parameter.empty), ("weight", inspect.Parameter.empty)),
            *(("bias", None), ("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)),
        ),
    )
    return TorchRules(
        modules={nn.Conv2d: plain, PaddedConv2d: padded, TableConv2d: padded},
        last_modules={nn.Linear: linear},
        on_tensors={torch.conv2d: conv2d, functional.conv2d: conv2d},
    )
