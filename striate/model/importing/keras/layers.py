"""The layers of Keras as words of the notation: one function a class, and the table of them.

What a layer computes is taken from https://keras.io/api/layers/ (Keras 3); where Keras 2 differs,
it is told. A class that is not in the table is refused by its name; nothing of it is run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from striate.architecture.words import Flatten, text_of
from striate.model.importing.fixed_numbers import cut_at_six, scaled
from striate.model.importing.foreign_graph import LOG_SOFTMAX, Arrived, is_positive, pad_text
from striate.model.importing.keras.keras_layer import KerasLayer

Reader = Callable[[KerasLayer, Arrived], Arrived]


# ---------------------------------------------------------------- convolutions and weights


def _padding(layer: KerasLayer, x: Arrived, window: tuple[int, int]) -> tuple[Arrived, str]:
    """Return what arrives without the zeros around it, and the padding that a window needs.

    Keras's "same" leaves n / stride, rounded up, and puts an odd pixel to the bottom and the right:
    https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    padding = layer.config.get("padding", "valid")
    if padding not in ("valid", "same"):
        raise layer.refused(f"padding={padding!r} has no word")
    if padding == "valid":
        plain = window == (1, 1) and not any(x.zeros)
        return replace(x, zeros=(0, 0, 0, 0)), " pad=same" if plain else pad_text(x.zeros)
    even = layer.pair("strides", window) == (1, 1) and all(side % 2 for side in window)
    return x, " pad=same" if even else " pad=end"


def _convolution(layer: KerasLayer, x: Arrived, *, depthwise: bool) -> tuple[Arrived, str]:
    """Return what arrives and the options of a convolution but for its channels."""
    layer.expect("data_format", "channels_last", None)
    kernel, dilation = layer.pair("kernel_size"), layer.pair("dilation_rate", 1)
    extent = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    x, pad = _padding(layer, x, (extent[0], extent[1]))
    options = "" if pad == " pad=same" else pad
    strides = layer.pair("strides", 1)
    if strides != (1, 1):
        options += f" stride={text_of(strides)}"
    if dilation != (1, 1):
        options += f" dilation={text_of(dilation)}"
    groups = x.shape[0] if depthwise else layer.config.get("groups", 1)
    return x, options + (f" groups={groups}" if groups != 1 else "")


def _with_bias(tensors: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], str]:
    return tensors, "" if "bias" in tensors else " bias=no"


def _kinds(layer: KerasLayer, *kinds: str) -> dict[str, np.ndarray]:
    """Return the weights of a layer, its bias among them where it has one."""
    bias = ("bias",) if layer.config.get("use_bias", True) else ()
    return layer.stored.of(layer.name, (*kinds, *bias))


def _conv(layer: KerasLayer, x: Arrived) -> Arrived:
    stored = _kinds(layer, "kernel")
    kernel = stored.pop("kernel")  # (row, column, arriving, leaving)
    tensors, bias = _with_bias({"weight": kernel.transpose(3, 2, 0, 1), **stored})
    x, options = _convolution(layer, x, depthwise=False)
    channels = layer.config.get("filters", kernel.shape[3])
    text = f"conv {text_of(layer.pair('kernel_size'))} {channels}{options}{bias}"
    return layer.activated(layer.add(x, text, tensors))


def _across(kernel: np.ndarray) -> np.ndarray:
    """Bring (row, column, channel, multiplier) to torch's (channel * multiplier, 1, row, column).

    The maps that come of one channel lie side by side in both.
    """
    return kernel.transpose(2, 3, 0, 1).reshape(-1, 1, *kernel.shape[:2])


def _depthwise(layer: KerasLayer, x: Arrived) -> Arrived:
    stored = _kinds(layer, "depthwise_kernel")
    weight = _across(stored.pop("depthwise_kernel"))
    tensors, bias = _with_bias({"weight": weight, **stored})
    x, options = _convolution(layer, x, depthwise=True)
    text = f"conv {text_of(layer.pair('kernel_size'))} {len(weight)}{options}{bias}"
    return layer.activated(layer.add(x, text, tensors))


def _separable(layer: KerasLayer, x: Arrived) -> Arrived:
    stored = _kinds(layer, "depthwise_kernel", "pointwise_kernel")
    first = _across(stored.pop("depthwise_kernel"))
    second = stored.pop("pointwise_kernel").transpose(3, 2, 0, 1)
    x, options = _convolution(layer, x, depthwise=True)
    kernel = text_of(layer.pair("kernel_size"))
    x = layer.add(x, f"conv {kernel} {len(first)}{options} bias=no", {"weight": first})
    tensors, bias = _with_bias({"weight": second, **stored})
    return layer.activated(layer.add(x, f"conv 1x1 {len(second)}{bias}", tensors))


def _dense(layer: KerasLayer, x: Arrived) -> Arrived:
    x = layer.settled(x)
    stored = _kinds(layer, "kernel")
    weight = stored.pop("kernel").T  # (leaving, arriving)
    if x.order is not None and weight.shape[1] == len(x.order):
        weight = weight[:, x.order]
    units = layer.config.get("units", len(weight))
    word, weight = ("fc", weight) if len(x.shape) == 1 else ("conv 1x1", weight[:, :, None, None])
    tensors, bias = _with_bias({"weight": weight, **stored})
    made = layer.add(x, f"{word} {units}{bias}", tensors)
    return layer.activated(replace(made, order=None))


def _batch_norm(layer: KerasLayer, x: Arrived) -> Arrived:
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, len(x.shape)):
        raise layer.refused(f"axis={axis!r} has no word; expected the channels, which are last")
    tensors = _normalizing(layer, x, moving_mean="running_mean", moving_variance="running_var")
    return layer.add(x, f"bn eps={float(layer.config.get('epsilon', 1e-3))!r}", tensors)


def _layer_norm(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("axis", -1, len(x.shape), [-1], [len(x.shape)])
    layer.expect("rms_scaling", False)
    tensors = _normalizing(layer, x)
    return layer.add(x, f"layernorm eps={float(layer.config.get('epsilon', 1e-3))!r}", tensors)


def _normalizing(layer: KerasLayer, x: Arrived, **more: str) -> dict[str, np.ndarray]:
    """Return the scale and shift of a normalisation, 1 and 0 where it has none, and what it keeps.

    Args:
        layer: it.
        x: what arrives.
        more: what it keeps besides, by Keras's names: torch's.
    """
    names = {"gamma": "weight", "beta": "bias"} | more
    left_out = {"gamma": not layer.config.get("scale", True)}
    left_out["beta"] = not layer.config.get("center", True)
    stored = layer.stored.of(layer.name, [each for each in names if not left_out.get(each)])
    channels = x.shape[0]
    usual = {"gamma": np.ones(channels, np.float32), "beta": np.zeros(channels, np.float32)}
    order = slice(None) if x.order is None else x.order
    return {names[each]: values[order] for each, values in (usual | stored).items()}


def _layer_scale(layer: KerasLayer, x: Arrived) -> Arrived:
    factors = layer.stored.of(layer.name, ("gamma",))["gamma"]
    start = float(layer.config.get("init_values", 1.0))
    return layer.add(
        x, f"scale {start!r}", {"weight": factors if x.order is None else factors[x.order]}
    )


# ---------------------------------------------------------------- pools and shapes


def _max_pool(layer: KerasLayer, x: Arrived) -> Arrived:
    return _pool(layer, x if is_positive(x.value) else layer.settled(x), "maxpool", "")


def _average_pool(layer: KerasLayer, x: Arrived) -> Arrived:
    # zeros of a layer of their own count; those of "same" do not
    same = layer.config.get("padding", "valid") == "same"
    return _pool(layer, x, "avgpool", " countpad=no" if same else "")


def _pool(layer: KerasLayer, x: Arrived, word: str, more: str) -> Arrived:
    layer.expect("data_format", "channels_last", None)
    window = layer.pair("pool_size", 2)
    halves = [side // 2 for side in (window[0], window[0], window[1], window[1])]
    if any(zeros > half for zeros, half in zip(x.zeros, halves, strict=True)):
        x = layer.settled(x)  # more than a pool takes for its own
    x, pad = _padding(layer, x, window)
    pad = "" if pad == " pad=valid" else pad
    strides = layer.pair("strides", window)
    stride = "" if strides == window else f" stride={text_of(strides)}"
    return layer.add(x, f"{word} {text_of(window)}{stride}{pad}{more}")


def _global_average(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("data_format", "channels_last", None)
    return _flat(layer, layer.add(x, "gap"))


def _global_max(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("data_format", "channels_last", None)
    return _flat(layer, layer.add(x, f"maxpool {text_of(x.shape[1:])}"))


def _flat(layer: KerasLayer, x: Arrived) -> Arrived:
    return x if layer.config.get("keepdims", False) else layer.add(x, "flatten")


def _flatten(layer: KerasLayer, x: Arrived) -> Arrived:
    if len(x.shape) == 1:
        return x
    layer.expect("data_format", "channels_last", None)
    channels, rows, columns = x.shape
    made = layer.add(x, "flatten")
    if rows == columns == 1:
        return made
    places = np.arange(channels * rows * columns).reshape(rows, columns, channels)
    return replace(made, order=places.transpose(2, 0, 1).ravel())


def _reshape(layer: KerasLayer, x: Arrived) -> Arrived:
    wanted = tuple(layer.config.get("target_shape") or ())
    count = int(np.prod(x.shape))
    if len(x.shape) == 3 and wanted in ((-1,), (count,)):
        return _flatten(layer, x)
    same = x.shape if len(x.shape) == 1 else (*x.shape[1:], x.shape[0])
    if wanted == same or (len(x.shape) == 1 and wanted == (-1,)):
        return x
    pooled = x.order is None and isinstance(x.value.word, Flatten)
    if pooled and wanted in ((1, 1, count), (1, 1, -1)):  # back to maps of one pixel
        before = x.value.sources[0]
        if before.shape == (count, 1, 1):
            return Arrived(before)
    raise layer.refused(f"target_shape={wanted} has no word")


def _zeros(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("data_format", "channels_last", None)
    given: Any = layer.config.get("padding", 1)
    sides = [[given] * 2] * 2 if isinstance(given, int) else given
    try:
        (top, bottom), (left, right) = ([s, s] if isinstance(s, int) else s for s in sides)
        more = tuple(int(side) for side in (top, bottom, left, right))
    except (TypeError, ValueError):
        raise layer.refused(f"padding={given!r} is none") from None
    if min(more) < 0:
        raise layer.refused(f"padding={given!r} is below 0")
    total = [old + new for old, new in zip(x.zeros, more, strict=True)]
    return replace(x, zeros=(total[0], total[1], total[2], total[3]))


# ---------------------------------------------------------------- the rest


def _activation(layer: KerasLayer, x: Arrived) -> Arrived:
    return layer.activated(x)


def _relu(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("threshold", 0.0, None)
    most, slope = layer.config.get("max_value"), layer.config.get("negative_slope") or 0.0
    if most not in (None, 6.0) or (most and slope):
        raise layer.refused(f"max_value={most} and negative_slope={slope} have no word")
    if most:
        return cut_at_six(layer.graph, x, layer.name)
    return layer.add(x, f"leakyrelu {slope!r}" if slope else "relu")


def _leaky_relu(layer: KerasLayer, x: Arrived) -> Arrived:
    slope = layer.config.get("negative_slope", layer.config.get("alpha", 0.3))
    return layer.add(x, f"leakyrelu {float(slope)!r}")


def _prelu(layer: KerasLayer, x: Arrived) -> Arrived:
    slopes = layer.stored.of(layer.name, ("alpha",))["alpha"]
    if len(x.shape) == 3 and slopes.shape[:-1] != (1, 1):
        raise layer.refused("a slope for every pixel has no word; expected shared_axes=[1, 2]")
    slopes = np.broadcast_to(slopes.reshape(-1), x.shape[:1])
    return layer.add(x, "prelu", {"weight": slopes if x.order is None else slopes[x.order]})


def _softmax(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("axis", -1, len(x.shape), [-1])
    return layer.add(x, "softmax")


def _log_softmax(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("axis", -1, len(x.shape))
    return replace(x, open=LOG_SOFTMAX)


def _dropout(layer: KerasLayer, x: Arrived) -> Arrived:
    rate = float(layer.config.get("rate", 0.5))
    whole = list(layer.config.get("noise_shape") or [])[1:] == [1, 1, 1]  # one draw an image
    return layer.add(x, f"{'droppath' if whole else 'dropout'} {rate!r}") if rate else x


def _stochastic_depth(layer: KerasLayer, x: Arrived) -> Arrived:
    rate = float(layer.config.get("drop_path_rate", 0.0))
    return layer.add(x, f"droppath {rate!r}") if rate else x


def _gelu(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("approximate", False)
    return layer.add(x, "gelu")


def _left_out(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.notes.append(f"'{layer.name}' ({layer.kind}) does nothing in prediction and was left out")
    return x


def _nothing(layer: KerasLayer, x: Arrived) -> Arrived:
    return x


def _rescaling(layer: KerasLayer, x: Arrived) -> Arrived:
    scale, offset = layer.config.get("scale", 1.0), layer.config.get("offset", 0.0)
    own = np.asarray(scale, np.float64), np.asarray(offset, np.float64)
    return scaled(layer.graph, x, *own, layer.place)


def _normalization(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("invert", False)
    if layer.config.get("mean") is not None:
        mean, variance = (
            np.asarray(layer.config.get(name), np.float64).ravel() for name in ("mean", "variance")
        )
    else:
        stored = layer.stored.of(layer.name, ("mean", "variance", "count"))
        mean, variance = (stored[name].astype(np.float64).ravel() for name in ("mean", "variance"))
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    if mean.size > 1:
        layer.expect("axis", -1, len(x.shape), [-1], [len(x.shape)])
    return scaled(layer.graph, x, 1 / deviation, -mean / deviation, layer.place)


def _plain(word: str) -> Reader:
    return lambda layer, x: layer.add(x, word)


LAYERS: Final[Mapping[str, Reader]] = {
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "LayerScale": _layer_scale,
    "MaxPooling2D": _max_pool,
    "AveragePooling2D": _average_pool,
    "GlobalAveragePooling2D": _global_average,
    "GlobalMaxPooling2D": _global_max,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "ZeroPadding2D": _zeros,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "PReLU": _prelu,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
    "Dropout": _dropout,
    "StochasticDepth": _stochastic_depth,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "Gelu": _gelu,  # this one and the next are operators, not layers
    "LeakyRelu": _leaky_relu,
    "Relu6": lambda layer, x: cut_at_six(layer.graph, x, layer.name),
    **{
        name: _plain(word)
        for name, word in (
            *(("Relu", "relu"), ("Sigmoid", "sigmoid"), ("Tanh", "tanh"), ("Silu", "silu")),
            *(("HardSigmoid", "hardsigmoid"), ("HardSilu", "hardswish")),
        )
    },
    "InputLayer": _nothing,
    "Identity": _nothing,
    "ActivityRegularization": _nothing,
    **dict.fromkeys(
        (
            *("SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
            *("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"),
            *("RandomBrightness", "RandomErasing", "RandomHue", "RandomSaturation"),
            *("RandomSharpness", "RandomShear", "RandomColorJitter", "RandomGrayscale"),
        ),
        _left_out,
    ),
}
"""What each class of Keras becomes; RandomCrop changes sizes and is none of these."""

JOINED: Final[Mapping[str, str]] = {"Add": "add", "Concatenate": "cat", "Multiply": "mul"}
"""Layers, and operators of tensors, that join several values."""
