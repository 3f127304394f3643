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
from striate.model.importing.foreign_graph import Arrived, is_positive, pad_text
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
    if any(x.zeros):
        raise layer.refused("zeros around the maps and padding='same' have no word together")
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
    text = f"conv {text_of(layer.pair('kernel_size'))} {kernel.shape[3]}{options}{bias}"
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
    stored = _kinds(layer, "kernel")
    weight = stored.pop("kernel").T  # (leaving, arriving)
    if x.order is not None:
        if weight.shape[1] != len(x.order):
            raise layer.refused(f"{len(x.order)} features arrive, and it takes {weight.shape[1]}")
        weight = weight[:, x.order]
    word, weight = ("fc", weight) if len(x.shape) == 1 else ("conv 1x1", weight[:, :, None, None])
    tensors, bias = _with_bias({"weight": weight, **stored})
    made = layer.add(x, f"{word} {len(weight)}{bias}", tensors)
    return layer.activated(replace(made, order=None))


def _batch_norm(layer: KerasLayer, x: Arrived) -> Arrived:
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, len(x.shape)):
        raise layer.refused(f"axis={axis!r} has no word; expected the channels, which are last")
    scale, center = layer.config.get("scale", True), layer.config.get("center", True)
    kinds = [*["gamma"] * bool(scale), *["beta"] * bool(center), "moving_mean", "moving_variance"]
    stored = layer.stored.of(layer.name, kinds)
    if x.order is not None:
        stored = {kind: values[x.order] for kind, values in stored.items()}
    mean = stored["moving_mean"]
    tensors = {
        "weight": stored.get("gamma", np.ones_like(mean)),
        "bias": stored.get("beta", np.zeros_like(mean)),
        "running_mean": mean,
        "running_var": stored["moving_variance"],
    }
    return layer.add(x, f"bn eps={float(layer.config.get('epsilon', 1e-3))!r}", tensors)


# ---------------------------------------------------------------- pools and shapes


def _max_pool(layer: KerasLayer, x: Arrived) -> Arrived:
    if any(x.zeros) and not is_positive(x.value):
        raise layer.refused(
            "it takes the largest of values that may be below zero and of zeros around them, which "
            "has no word"
        )
    return _pool(layer, x, "maxpool", "")


def _average_pool(layer: KerasLayer, x: Arrived) -> Arrived:
    # zeros of a layer of their own count; those of "same" do not
    same = layer.config.get("padding", "valid") == "same"
    return _pool(layer, x, "avgpool", " countpad=no" if same else "")


def _pool(layer: KerasLayer, x: Arrived, word: str, more: str) -> Arrived:
    layer.expect("data_format", "channels_last", None)
    window = layer.pair("pool_size", 2)
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
    if wanted == same:
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
    return layer.add(x, "relu6" if most else f"leakyrelu {slope!r}" if slope else "relu")


def _leaky_relu(layer: KerasLayer, x: Arrived) -> Arrived:
    slope = layer.config.get("negative_slope", layer.config.get("alpha", 0.3))
    return layer.add(x, f"leakyrelu {float(slope)!r}")


def _prelu(layer: KerasLayer, x: Arrived) -> Arrived:
    slopes = layer.stored.of(layer.name, ("alpha",))["alpha"]
    if len(x.shape) == 3 and slopes.shape[:-1] != (1, 1):
        raise layer.refused("a slope for every pixel has no word; expected shared_axes=[1, 2]")
    slopes = slopes.reshape(-1)
    return layer.add(x, "prelu", {"weight": slopes if x.order is None else slopes[x.order]})


def _softmax(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.expect("axis", -1)
    return layer.add(x, "softmax")


def _dropout(layer: KerasLayer, x: Arrived) -> Arrived:
    rate = float(layer.config.get("rate", 0.5))
    return layer.add(x, f"dropout {rate!r}") if rate else x


def _left_out(layer: KerasLayer, x: Arrived) -> Arrived:
    layer.notes.append(f"'{layer.name}' ({layer.kind}) does nothing in prediction and was left out")
    return x


def _nothing(layer: KerasLayer, x: Arrived) -> Arrived:
    return x


def _rescaling(layer: KerasLayer, x: Arrived) -> Arrived:
    scale, offset = layer.config.get("scale", 1.0), layer.config.get("offset", 0.0)
    return scaled(layer, x, np.asarray(scale, np.float64), np.asarray(offset, np.float64))


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
    return scaled(layer, x, 1 / deviation, -mean / deviation)


def scaled(layer: KerasLayer, x: Arrived, scale: np.ndarray, offset: np.ndarray) -> Arrived:
    """Return the image times a scale plus an offset, which becomes its preprocessing."""
    if x.value is not layer.graph.start or any(x.zeros):
        raise layer.refused("scaling by fixed numbers has a word at the image alone")
    channels = x.shape[0]
    if scale.size not in (1, channels) or offset.size not in (1, channels):
        raise layer.refused(f"it has {scale.size} values for {channels} channels")
    before = x.scaling or (np.ones(channels), np.zeros(channels))
    return replace(x, scaling=(before[0] * scale, before[1] * scale + offset))


LAYERS: Final[Mapping[str, Reader]] = {
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "BatchNormalization": _batch_norm,
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
    "Dropout": _dropout,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
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
