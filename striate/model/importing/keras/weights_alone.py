"""Weights of Keras without their model: as tensors of torch, for a network that is known otherwise.

Weights do not say how their network pads, so a known network comes here with the padding, strides
and epsilons that keras.applications gives it: https://keras.io/api/applications/. A text of the
user's own is taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from striate.architecture import zoo
from striate.architecture.notation import ExpandedNetwork, Leaf
from striate.architecture.words import Fc, Flatten, Shape
from striate.errors import WeightsError
from striate.model.importing.keras.hdf5_file import Hdf5File, as_text
from striate.model.importing.keras.keras_file import CONTAINERS, KerasFile, open_keras

RESNET50 = """# ResNet-50 of 2015, the stride in the first 1x1, as keras.applications has it
unit(k, c, stride=1) = conv k c stride=stride > bn eps=1.001e-5
path(c, stride=1) = unit(1x1, c, stride) > relu > unit(3x3, c) > relu > unit(1x1, c*4)
first(c, stride=2) = add(path(c, stride) | unit(1x1, c*4, stride)) > relu
next = add(path(in/4) | identity) > relu

input 3x224x224 classes=1000
unit(7x7, 64, 2) > relu > maxpool 3 stride=2 pad=1
first(64, 1) > [next]*2
first(128) > [next]*3
first(256) > [next]*5
first(512) > [next]*2
gap > flatten > fc
"""
KINDS = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
NUMBERED = {"kernel": ("kernel", "bias"), "gamma": ("gamma", "beta", *list(KINDS)[-2:])}
NUMBER = re.compile(r"(\d+)")
LAST = {"predictions", "fc1000", "Logits"}  # what the last layer is called, by the years


@dataclass(frozen=True)
class KerasNetwork:
    """A known network as keras.applications has it.

    Attributes:
        text: with Keras's padding and epsilons.
        layers: those with weights, by Keras's names, in the order of the text.
        family: whose preprocessing its images get: a name of a model.
    """

    text: str
    layers: tuple[str, ...]
    family: str


def known_network(name: str) -> KerasNetwork:
    """Return a network of the zoo as Keras has it.

    Raises:
        WeightsError: it is none of these.
    """
    if name not in NETWORKS:
        raise WeightsError(
            f"weights of Keras do not say how '{name}' pads, and it is none of "
            f"{', '.join(NETWORKS)}, of which it is known; save the whole model (model.save), or "
            "give its text with its padding"
        )
    return NETWORKS[name]()


def read_state(path: Path, plan: ExpandedNetwork, layers: Sequence[str]) -> dict[str, torch.Tensor]:
    """Return the weights of a file in torch's layout, named by their layers.

    Args:
        path: of a .h5 or .weights.h5 file, or a .keras.
        plan: the network that they are for; a full connection behind a flatten is turned from
            channels last to first.
        layers: the names of its layers in order; none takes that of the model in the file, or
            where there is none that of the file.

    Raises:
        WeightsError: they cannot be read, or do not say whose they are.
    """
    file = open_keras(path)
    held = _numbered(file) if file.numbered else _named(file)
    order = [_found(name, held) for name in layers or _listed(file.config)]
    order = [name for name in order if layers or name in held] or list(held)
    order += [name for name in held if name not in order]  # what is over is told as such
    turned = iter(_flattened(plan))
    state: dict[str, torch.Tensor] = {}
    for name in order:
        for kind, values in held.get(name, {}).items():
            whole = _turned(values, kind, name)
            if kind == "kernel" and values.ndim == 2:
                whole = _channels_first(whole, next(turned, None))
            state[f"{name}.{KINDS[kind]}"] = torch.from_numpy(np.ascontiguousarray(whole))
    return state


def _listed(config: object) -> Iterator[str]:
    """Give the names of the layers of a whole model, and of the models within it, in order."""
    inner = config.get("config") if isinstance(config, Mapping) else None
    listed = inner.get("layers") if isinstance(inner, Mapping) else None
    for layer in listed if isinstance(listed, list) else []:
        if isinstance(layer, Mapping):
            own = layer.get("config")
            yield str(layer.get("name") or (own.get("name") if isinstance(own, Mapping) else ""))
            yield from _listed(layer)


def _found(name: str, held: Mapping[str, object]) -> str:
    if name in LAST:
        return next((each for each in LAST if each in held), name)
    # Keras 2 wrote conv1/conv where Keras 3 writes conv1_conv
    return name if name in held else name.replace("_", "/", 1)


def _named(file: KerasFile) -> dict[str, dict[str, np.ndarray]]:
    """Return the weights of each layer by kind, in the order of the model."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for layer in file.layer_names():
        group = f"{file.root}/{layer}".lstrip("/")
        for name in file.arrays.texts(group, "weight_names") or []:
            owner, _, kind = name.partition(":")[0].rpartition("/")
            if kind in KINDS:
                known = layer if "/" in layer else owner.rpartition("/")[2] or layer
                found.setdefault(known, {})[kind] = file.arrays.array(f"{group}/{name}")
    return found


def _numbered(file: KerasFile) -> dict[str, dict[str, np.ndarray]]:
    """Return the same of weights in groups of classes, whose layers must be named."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for group in _groups_with_weights(file.arrays):
        name = file.arrays.attribute(f"{group}/vars", "name")
        numbers = sorted(
            (each for each in file.arrays.children(f"{group}/vars") if each.isdecimal()), key=int
        )
        values = [file.arrays.array(f"{group}/vars/{number}") for number in numbers]
        kinds = NUMBERED["gamma" if values[0].ndim == 1 else "kernel"]
        if name is None or len(values) > len(kinds) or (values[0].ndim == 1 and len(values) != 4):
            raise WeightsError(
                f"'{file.name}' does not say which layer '{group}' is, or what its {len(values)} "
                "weights are; save the whole model by model.save"
            )
        found[as_text(name)] = dict(zip(kinds, values, strict=False))
    return found


def _groups_with_weights(arrays: Hdf5File) -> Iterator[str]:
    """Give the groups of layers, those of one class in the order of the model: 2 before 10."""

    def place(group: str) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in NUMBER.split(group)]

    for group in sorted(arrays.groups, key=place):
        above, _, last = group.rpartition("/")
        inside = above.partition("/")[0] in CONTAINERS
        if last == "vars" and inside and any(map(str.isdecimal, arrays.children(group))):
            yield above


def _turned(values: np.ndarray, kind: str, layer: str) -> np.ndarray:
    """Bring one array to torch's layout."""
    if values.ndim == 2:
        return values.T
    if values.ndim != 4:
        return values
    if kind == "depthwise_kernel" or ("depthwise" in layer.lower() and values.shape[3] == 1):
        return values.transpose(2, 3, 0, 1).reshape(-1, 1, *values.shape[:2])
    return values.transpose(3, 2, 0, 1)


def _channels_first(weight: np.ndarray, shape: Shape | None) -> np.ndarray:
    if shape is None or len(shape) != 3 or np.prod(shape) != weight.shape[1]:
        return weight
    channels, rows, columns = shape
    maps = weight.reshape(len(weight), rows, columns, channels)
    return maps.transpose(0, 3, 1, 2).reshape(weight.shape)


def _flattened(plan: ExpandedNetwork) -> Iterator[Shape | None]:
    """Give, for each full connection, the maps that were flattened before it; None where none."""
    maps: Shape | None = None
    for step in plan.layers():
        if not isinstance(step, Leaf):
            continue
        if isinstance(step.layer, Flatten):
            maps = step.input
        elif isinstance(step.layer, Fc):
            yield maps
            maps = None


# ---------------------------------------------------------------- keras.applications


def _mobilenet_v2() -> KerasNetwork:
    text = zoo.text("mobilenet_v2")
    text = text.replace("stride=stride groups", "stride=stride pad=end groups")
    layers = ["Conv1", "bn_Conv1"]
    for block in range(17):
        front = f"block_{block}" if block else "expanded_conv"
        for part in ("expand", "depthwise", "project")[0 if block else 1 :]:
            layers += [f"{front}_{part}", f"{front}_{part}_BN"]
    layers += ["Conv_1", "Conv_1_bn", "predictions"]
    return KerasNetwork(text.replace("> bn", "> bn eps=0.001"), tuple(layers), "mobilenetv2_1.00")


def _vgg16() -> KerasNetwork:
    counts = enumerate((2, 2, 3, 3, 3), 1)
    convs = [f"block{b}_conv{n}" for b, count in counts for n in range(1, count + 1)]
    # torchvision's mean to 7x7 changes nothing at 224 pixels, and Keras has none
    text = zoo.text("vgg16").replace("avgpool to=7x7 > ", "")
    return KerasNetwork(text, (*convs, "fc1", "fc2", "predictions"), "vgg16")


def _resnet50() -> KerasNetwork:
    layers = ["conv1_conv", "conv1_bn"]
    for stage, count in enumerate((3, 4, 6, 3), 2):
        for block in range(1, count + 1):
            for part in (1, 2, 3, *([0] if block == 1 else [])):
                front = f"conv{stage}_block{block}_{part}"
                layers += [f"{front}_conv", f"{front}_bn"]
    return KerasNetwork(RESNET50, (*layers, "predictions"), "resnet50")


def _densenet121() -> KerasNetwork:
    layers = ["conv1_conv", "conv1_bn"]
    for stage, count in enumerate((6, 12, 24, 16), 2):
        for block in range(1, count + 1):
            front = f"conv{stage}_block{block}"
            layers += [f"{front}_{part}" for part in ("0_bn", "1_conv", "1_bn", "2_conv")]
        if stage < 5:
            layers += [f"pool{stage}_bn", f"pool{stage}_conv"]
    text = zoo.text("densenet121")
    text = text.replace("= bn >", "= bn eps=1.001e-5 >").replace("> bn >", "> bn eps=1.001e-5 >")
    text = text.replace("\nbn >", "\nbn eps=1.001e-5 >")
    return KerasNetwork(text, (*layers, "bn", "predictions"), "densenet121")


NETWORKS = {
    "mobilenet_v2": _mobilenet_v2,
    "vgg16": _vgg16,
    "resnet50": _resnet50,
    "densenet121": _densenet121,
}
"""Networks of the zoo whose geometry in keras.applications is known."""
