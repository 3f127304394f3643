"""How images are prepared for a model of Keras, as far as its file says or suggests it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from striate.architecture.words import Shape
from striate.data.images import Preprocess
from striate.model.importing.foreign_graph import ForeignNetwork
from striate.model.importing.keras.keras_file import KerasFile
from striate.model.importing.preprocess_choice import UNKNOWN
from striate.model.weights.official import IMAGENET_MEAN, IMAGENET_STD

# How the preprocess_input of keras.applications treats the images of each of its families:
# https://keras.io/api/applications/. "caffe" takes the mean off each channel and has blue first.
FAMILIES = {
    r"(mobilenet|mobilenetv2)_[0-9.]+(_[0-9]+)?|inception_v3|inception_resnet_v2|xception|nasnet.*|"
    r"resnet(50|101|152)v2": "tf",
    r"vgg16|vgg19|resnet50|resnet101|resnet152": "caffe",
    r"densenet(121|169|201)": "torch",
}
CAFFE_MEAN = (123.68, 116.779, 103.939)  # red, green, blue, of values 0 to 255
TEACHABLE = (3, 224, 224)


def usual_preprocess(
    file: KerasFile, found: ForeignNetwork, shape: Shape
) -> tuple[Preprocess, str, ForeignNetwork]:
    """Return how images are prepared, why, and the network that takes them so.

    Keras's own loaders bend images to the size of the model, so that is what fits usually.

    Args:
        file: that the network was read from.
        found: the network.
        shape: (channels, rows, columns) of its input.
    """
    channels, rows, columns = shape
    usual = Preprocess(channels, rows, columns, fit="squash")
    if found.scaling is not None:
        mean, std = found.scaling
        said = "as the first layers of the model scale them, which the preprocessing took over"
        return replace(usual, mean=mean, std=std), said, found
    if shape == TEACHABLE and _is_teachable(file.config or {}):
        said = (
            "as Teachable Machine prepares them (the middle square, x / 127.5 - 1), which is "
            "assumed from how the model is built"
        )
        half = (0.5,) * channels
        return replace(usual, fit="crop", mean=half, std=half), said, found
    for name in _names(file.config or {}):
        if (of_family := family_preprocess(name, shape)) is not None:
            usual, said, blue_first = of_family
            return usual, said, found.with_channels_reversed() if blue_first else found
    return usual, UNKNOWN, found


def family_preprocess(name: str, shape: Shape) -> tuple[Preprocess, str, bool] | None:
    """Return how keras.applications prepares images for a model of some name.

    Returns:
        The preprocessing, why, and whether the model takes blue first; None for other names.
    """
    kind = next((way for family, way in FAMILIES.items() if re.fullmatch(family, name)), None)
    channels, rows, columns = shape
    if kind is None or channels != 3:
        return None
    said = f"as usual for keras.applications, which is assumed from the name '{name}'"
    usual = Preprocess(channels, rows, columns, fit="squash")
    if kind == "tf":
        return replace(usual, mean=(0.5,) * 3, std=(0.5,) * 3), said, False
    if kind == "torch":
        return replace(usual, mean=IMAGENET_MEAN, std=IMAGENET_STD), said, False
    mean = tuple(value / 255 for value in CAFFE_MEAN)
    said += " (the first convolution was turned to take red first)"
    return replace(usual, mean=mean, std=(1 / 255,) * 3), said, True


def _names(config: Mapping[str, Any]) -> Iterator[str]:
    """Give the names of a model and of the models within it."""
    inner = config.get("config")
    if not isinstance(inner, Mapping):
        return
    yield str(inner.get("name", "")).lower()
    for layer in inner.get("layers") or []:
        if isinstance(layer, Mapping):
            held = layer.get("config")
            if isinstance(held, Mapping) and "layers" in held:
                yield from _names(layer)


def _is_teachable(config: Mapping[str, Any]) -> bool:
    """Say whether a model is a Sequential of two Sequentials, the first of which holds a model."""
    kinds = _kinds(config)
    if config.get("class_name") != "Sequential" or kinds != ["Sequential"] * 2:
        return False
    first, second = (
        each
        for each in config["config"]["layers"]
        if isinstance(each, Mapping) and each.get("class_name") != INPUT
    )
    return {"Model", "Functional"} & set(_kinds(first)) != set() and set(_kinds(second)) == {
        "Dense"
    }


INPUT = "InputLayer"


def _kinds(config: Mapping[str, Any]) -> list[str]:
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, Mapping) else None
    return [
        str(layer.get("class_name"))
        for layer in layers or []
        if isinstance(layer, Mapping) and layer.get("class_name") != INPUT
    ]
