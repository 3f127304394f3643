"""The words that the functions and modules of torch stand for; a clear refusal where there is none.

Each function here has the arguments of the function of torch whose word it gives, so that a call
is taken apart as torch would take it apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import torch
import torch.nn.functional as F
from torch import nn

from striate.architecture.words import (
    AvgPool,
    Bn,
    Conv,
    Dropout,
    Fc,
    Flatten,
    Gap,
    Identity,
    Layer,
    LeakyRelu,
    Lrn,
    MaxPool,
    Pair,
    Prelu,
    Relu,
    Relu6,
    Shape,
    Sigmoid,
    Softmax,
    SumPool,
    Tanh,
)
from striate.architecture.words.learnt import padded
from striate.backends.fx.values import Batch, Refused

Words = Layer | tuple[Layer, ...]


def _pair(value: Any) -> Pair:
    """Take a size as torch does: one number, or one a side."""
    sides = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(sides) == 1:
        sides = (sides[0], sides[0])
    if len(sides) != 2 or not all(isinstance(side, int) for side in sides):
        raise Refused(f"its size {value} is not one or two whole numbers")
    return sides[0], sides[1]


def _pad(
    kernel: Pair, pad: Any, *, dilation: Pair = (1, 1), stride: Pair = (1, 1)
) -> Pair | Literal["same"]:
    """Give a padding as the notation has it, "same" where it is that."""
    reach = tuple(d * (k - 1) for k, d in zip(kernel, dilation, strict=True))
    if pad == "valid":
        return (0, 0)
    if pad == "same":
        if any(side % 2 for side in reach):
            raise Refused(
                f"padding='same' around a {kernel[0]}x{kernel[1]} window adds more on one side "
                "than on the other; pad by the same number on both"
            )
        return "same"
    sides = _pair(pad)
    odd = all(side % 2 == 0 for side in reach)
    same = odd and padded(kernel, stride, "same", dilation=dilation).pad == sides
    return "same" if same else sides


def conv(module: nn.Conv2d) -> Conv:
    """The word of a convolution."""
    if module.padding_mode not in ("zeros", "replicate"):
        raise Refused(
            f"padding_mode='{module.padding_mode}' has no word; "
            "there is padmode=zero (zeros) and padmode=edge (replicate)"
        )
    kernel, dilation = _pair(module.kernel_size), _pair(module.dilation)
    return Conv(
        module.out_channels,
        kernel=kernel,
        stride=_pair(module.stride),
        pad=_pad(kernel, module.padding, dilation=dilation),
        dilation=dilation,
        groups=module.groups,
        bias=module.bias is not None,
        padmode="edge" if module.padding_mode == "replicate" else "zero",
    )


def bn(module: nn.BatchNorm2d | nn.BatchNorm1d) -> Bn:
    """The word of batch normalisation."""
    if not module.affine or not module.track_running_stats:
        what = "affine" if not module.affine else "track_running_stats"
        raise Refused(f"{what}=False has no word; bn has a scale, a shift and running statistics")
    return Bn(eps=module.eps)


def prelu(module: nn.PReLU, shape: Shape) -> Prelu:
    """The word of a ReLU with learnt slopes."""
    if module.num_parameters != shape[0]:
        raise Refused(
            f"it has {module.num_parameters} slope for {shape[0]} channels; prelu has one a channel"
        )
    return Prelu()


def max_pool2d(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> MaxPool:
    """The word of F.max_pool2d."""
    if return_indices:
        raise Refused("return_indices=True has no word")
    kernel = _pair(kernel_size)
    step = None if stride in (None, [], ()) or _pair(stride) == kernel else _pair(stride)
    pad = _pair(padding)
    return MaxPool(kernel, step, pad, _pair(dilation), ceil_mode)


def avg_pool2d(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> AvgPool | SumPool:
    """The word of F.avg_pool2d; a divisor of 1 makes it a sum."""
    kernel, pad = _pair(kernel_size), _pair(padding)
    step = None if stride in (None, [], ()) or _pair(stride) == kernel else _pair(stride)
    if divisor_override == 1:
        return SumPool(kernel, step, pad, ceil_mode)
    if divisor_override is not None:
        raise Refused(f"divisor_override={divisor_override} has no word; 1 would be sumpool")
    if pad != (0, 0) and not count_include_pad:
        raise Refused("count_include_pad=False has no word; avgpool counts padded zeros")
    return AvgPool(kernel, step, pad, ceil_mode)


def adaptive_avg_pool2d(output_size: Any, shape: Shape) -> Gap | AvgPool:
    """The word of F.adaptive_avg_pool2d."""
    sides = output_size if isinstance(output_size, tuple | list) else (output_size, output_size)
    to = _pair([n if side is None else side for n, side in zip(shape[1:], sides, strict=False)])
    return Gap() if to == (1, 1) else AvgPool(to=to)


def flatten(start_dim: int = 0, end_dim: int = -1, *, shape: Shape) -> Flatten:
    """The word of torch.flatten."""
    axes = len(shape) + 1
    if start_dim % axes != 1 % axes or end_dim % axes != axes - 1:
        raise Refused(
            f"flatten from axis {start_dim} to {end_dim} has no word; "
            "flatten takes channels, rows and columns together: torch.flatten(x, 1)"
        )
    return Flatten()


def mean(dim: Any = None, keepdim: bool = False, *, dtype: Any = None, shape: Shape) -> Words:
    """The words of x.mean((2, 3))."""
    _no_type(dtype)
    axes = {axis % 4 for axis in dim} if isinstance(dim, tuple | list) else {dim}
    if len(shape) != 3 or axes != {2, 3}:
        raise Refused(f"a mean over axes {dim} has no word; gap is that over rows and columns")
    return Gap() if keepdim else (Gap(), Flatten())


def squeeze(dim: Any = None, *, shape: Shape) -> Flatten:
    """The word of x.squeeze((2, 3)) where rows and columns are 1."""
    axes = {axis % 4 for axis in dim} if isinstance(dim, tuple | list) else {dim}
    if shape[1:] != (1, 1) or axes != {2, 3}:
        raise Refused(
            f"squeeze of axes {dim} has no word here; flatten takes channels, rows and columns "
            "together: torch.flatten(x, 1)"
        )
    return Flatten()


def softmax(
    dim: int | None = None, _stacklevel: int = 3, dtype: Any = None, *, shape: Shape
) -> Softmax:
    """The word of F.softmax."""
    _no_type(dtype)
    if dim is None or dim % (len(shape) + 1) != 1:
        raise Refused(f"softmax over axis {dim} has no word; softmax is over the channels, dim=1")
    return Softmax()


def _no_type(dtype: Any) -> None:
    if dtype is not None:
        raise Refused(f"a change to {dtype} has no word")


def dropout(p: float = 0.5, training: bool = True, inplace: bool = False) -> Dropout:
    """The word of F.dropout, called in evaluation mode."""
    if training:
        raise Refused("it drops in evaluation too; pass training=self.training")
    if p >= 1:
        raise Refused(f"a dropout of {p} leaves nothing")
    return Dropout(float(p))


def lrn(size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Lrn:
    """The word of F.local_response_norm."""
    return Lrn(size, float(alpha), float(beta), float(k))


def leaky_relu(negative_slope: float = 0.01, inplace: bool = False) -> LeakyRelu:
    """The word of F.leaky_relu."""
    return LeakyRelu(float(negative_slope))


def hardtanh(min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Relu6:
    """The word of F.hardtanh where it is a relu6."""
    if (min_val, max_val) != (0.0, 6.0):
        raise Refused(f"values cut to {min_val}..{max_val} have no word; relu6 cuts to 0..6")
    return Relu6()


def view(*sizes: Any, shape: Shape) -> Words:
    """The words of x.view(...) with its sizes: flatten, or nothing at all."""
    given = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
    if len(given) > 1 and given.count(-1) == 1 and given[0] != -1:
        known = math.prod(size for size in given[1:] if isinstance(size, int) and size != -1)
        rest = math.prod(shape) // max(known, 1)
        given = tuple(rest if size == -1 else size for size in given)
    batch_kept = bool(given) and (given[0] == -1 or isinstance(given[0], Batch))
    if batch_kept and given[1:] == shape:
        return ()
    if batch_kept and given[1:] == (math.prod(shape),):
        return Flatten()
    raise Refused("a change of shape has no word but flatten: torch.flatten(x, 1)")


def plain(word: Layer) -> Callable[..., Layer]:
    """Make what takes ``inplace`` and gives a word without arguments."""

    def given(inplace: bool = False) -> Layer:
        return word

    return given


# Those that need to know the shape that arrives.
SHAPED: Final[frozenset[Callable[..., Words]]] = frozenset(
    {adaptive_avg_pool2d, flatten, mean, softmax, squeeze, view}
)
FUNCTIONS: Final[Mapping[object, Callable[..., Words]]] = {
    F.relu: plain(Relu()),
    F.relu_: plain(Relu()),
    torch.relu: plain(Relu()),
    torch.relu_: plain(Relu()),
    F.relu6: plain(Relu6()),
    F.hardtanh: hardtanh,
    F.leaky_relu: leaky_relu,
    F.sigmoid: plain(Sigmoid()),
    torch.sigmoid: plain(Sigmoid()),
    F.tanh: plain(Tanh()),
    torch.tanh: plain(Tanh()),
    F.softmax: softmax,
    torch.softmax: softmax,
    F.max_pool2d: max_pool2d,
    torch.max_pool2d: max_pool2d,
    F.avg_pool2d: avg_pool2d,
    F.adaptive_avg_pool2d: adaptive_avg_pool2d,
    F.local_response_norm: lrn,
    F.dropout: dropout,
    torch.flatten: flatten,
    torch.mean: mean,
    torch.squeeze: squeeze,
    torch.reshape: view,
    torch.detach: lambda: (),
}
METHODS: Final[Mapping[str, Callable[..., Words]]] = {
    "relu": plain(Relu()),
    "relu_": plain(Relu()),
    "sigmoid": plain(Sigmoid()),
    "tanh": plain(Tanh()),
    "softmax": softmax,
    "flatten": flatten,
    "mean": mean,
    "squeeze": squeeze,
    "view": view,
    "reshape": view,
    "contiguous": lambda: (),
    "detach": lambda: (),
}
MODULES: Final[Mapping[type[nn.Module], Callable[[Any, Shape], Words]]] = {
    nn.Conv2d: lambda m, shape: conv(m),
    nn.Linear: lambda m, shape: Fc(m.out_features, bias=m.bias is not None),
    nn.BatchNorm2d: lambda m, shape: bn(m),
    nn.BatchNorm1d: lambda m, shape: bn(m),
    nn.PReLU: prelu,
    nn.ReLU: lambda m, shape: Relu(),
    nn.ReLU6: lambda m, shape: Relu6(),
    nn.Hardtanh: lambda m, shape: hardtanh(m.min_val, m.max_val),
    nn.LeakyReLU: lambda m, shape: leaky_relu(m.negative_slope),
    nn.Sigmoid: lambda m, shape: Sigmoid(),
    nn.Tanh: lambda m, shape: Tanh(),
    nn.Softmax: lambda m, shape: softmax(m.dim, shape=shape),
    nn.MaxPool2d: lambda m, shape: max_pool2d(
        m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, m.return_indices
    ),
    nn.AvgPool2d: lambda m, shape: avg_pool2d(
        m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad, m.divisor_override
    ),
    nn.AdaptiveAvgPool2d: lambda m, shape: adaptive_avg_pool2d(m.output_size, shape),
    nn.LocalResponseNorm: lambda m, shape: lrn(m.size, m.alpha, m.beta, m.k),
    nn.Dropout: lambda m, shape: dropout(m.p, training=False),
    nn.Flatten: lambda m, shape: flatten(m.start_dim, m.end_dim, shape=shape),
    nn.Identity: lambda m, shape: Identity(),
}
SHARING: Final = (Flatten, Identity, Dropout)  # words whose result may lie in their input's memory
