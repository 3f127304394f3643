"""What units saw in their images: patches of the images, cut out by the receptive field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from striate.explanation.hooks import device_of, forward_hooks, frozen
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.receptive_field_table import ReceptiveFieldTable
from striate.explanation.receptive_fields import Rectangle
from striate.explanation.unit_activations import TopActivations
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier

AT_ONCE = 16  # images a pass
SIDE = 96  # pixels of a patch, at most
BEYOND = 128  # the grey of what lies beyond the image

Rank = Literal["top", "middle", "bottom"]
Unit = tuple[str, int]


@dataclass(frozen=True, eq=False)
class Patch:
    """What a unit saw where it answered most in an image.

    Attributes:
        name: of the image.
        label: its class in the folder.
        activation: the unit's answer.
        row: of the place in the unit's map.
        column: likewise.
        receptive_field: the unit's receptive field there, in pixels of the network's input.
        pixels: uint8 (rows, columns, 1 or 3): the part of the image itself that lies in it, of
            at most 96 pixels a side; grey beyond the image, but where the field is larger than it.
    """

    name: str
    label: str
    activation: float
    row: int
    column: int
    receptive_field: Rectangle
    pixels: np.ndarray = field(repr=False)


def crop_patches(
    model: ClassifierLike,
    activations: TopActivations,
    units: Sequence[Unit],
    *,
    rank: Rank = "top",
    side: int = SIDE,
) -> dict[Unit, tuple[Patch, ...]]:
    """Return what units saw in their top, middle or bottom images, cut out of these.

    The images pass through the network once more, to see where each unit answers most.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        activations: from `top_activations`.
        units: (address, unit) of each.
        rank: of its images.
        side: of a patch in pixels, at most.

    Raises:
        ClassifierError: the classifier cannot be opened.
        SettingError: a layer was not looked at.
        ImageError: an image can no longer be read.

    Example: ``crop_patches(model, found, [("relu3", 12)])[("relu3", 12)][0].pixels``.
    """
    model = open_classifier(model)
    wanted: dict[int, list[tuple[Unit, int]]] = defaultdict(list)  # by image
    for unit in dict.fromkeys(units):
        layer = activations[unit[0]]
        ranked = {"top": layer.top, "middle": layer.middle, "bottom": layer.bottom}[rank]
        for place, image in enumerate(ranked.indices[unit[1]].tolist()):
            wanted[image].append((unit, place))
    fields = ReceptiveFieldTable(model)
    cut: dict[Unit, dict[int, Patch]] = {unit: {} for unit in units}
    order = sorted(wanted)
    for start in range(0, len(order), AT_ONCE):
        group = order[start : start + AT_ONCE]
        inputs = [
            PreprocessedImage.read(model, activations.collection.open(image)) for image in group
        ]
        maps = _maps(model, inputs, [[unit for unit, _ in wanted[each]] for each in group])
        for image, read, own in zip(group, inputs, maps, strict=True):
            for (unit, place), values in zip(wanted[image], own, strict=True):
                row, column = (int(at) for at in np.unravel_index(values.argmax(), values.shape))
                seen = fields.rectangle(unit[0], unit[1], row, column)
                cut[unit][place] = Patch(
                    name=activations.names[image],
                    label=activations.classes[activations.labels[image]],
                    activation=float(values.max()),
                    row=row,
                    column=column,
                    receptive_field=seen,
                    pixels=crop_rectangle(read, _within(seen, read), side=side),
                )
    return {unit: tuple(own[place] for place in sorted(own)) for unit, own in cut.items()}


def crop_rectangle(
    image: PreprocessedImage, rectangle: Rectangle, *, side: int = SIDE
) -> np.ndarray:
    """Return the part of an image that lies in a rectangle of the network's input.

    Args:
        image: the image.
        rectangle: in pixels of the network's input.
        side: of the longer side, at most; larger parts are averaged down.

    Returns:
        uint8 (rows, columns, 1 or 3); grey beyond the image.

    >>> from striate.data.images import Preprocess
    >>> half = Preprocess(1, 2, 2, fit="squash")
    >>> whole = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    >>> one = PreprocessedImage("p", whole, half.pixels(whole), half, half.placement(4, 4))
    >>> crop_rectangle(one, Rectangle(1, 1, 2, 3))[:, :, 0]
    array([[ 10,  11, 128, 128],
           [ 14,  15, 128, 128]], dtype=uint8)
    """
    top, left, bottom, right = (
        round(end)
        for end in image.box_on_image(
            rectangle.top, rectangle.left, rectangle.bottom, rectangle.right
        )
    )
    bottom, right = max(bottom, top + 1), max(right, left + 1)
    rows, columns, channels = image.original.shape
    part = np.full((bottom - top, right - left, channels), BEYOND, np.uint8)
    first, last = max(0, top), min(rows, bottom)
    begin, end = max(0, left), min(columns, right)
    if first < last and begin < end:
        inner = image.original[first:last, begin:end]
        part[first - top : last - top, begin - left : end - left] = inner
    if max(part.shape[:2]) <= side:
        return part
    small = Image.fromarray(part[:, :, 0] if channels == 1 else part)
    small.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(small).reshape(small.height, small.width, channels)


def _within(seen: Rectangle, image: PreprocessedImage) -> Rectangle:
    """Cut a field that is as tall or wide as the input, or more, down to what lies on it."""
    rows, columns = image.preprocess.height, image.preprocess.width
    inner = seen.clip(rows, columns)
    tall, wide = seen.height >= rows, seen.width >= columns
    return Rectangle(
        inner.top if tall else seen.top,
        inner.left if wide else seen.left,
        inner.bottom if tall else seen.bottom,
        inner.right if wide else seen.right,
    )


def _maps(
    model: Classifier, inputs: Sequence[PreprocessedImage], units: Sequence[Sequence[Unit]]
) -> list[list[np.ndarray]]:
    """Return the maps of some units of each image, in one pass."""
    module = model.module
    heard: dict[str, int] = {}
    found: list[dict[Unit, np.ndarray]] = [{} for _ in inputs]

    def hear(name: str, given: Any, output: Tensor) -> None:
        heard[name] = heard.get(name, 0) + 1
        for place, own in enumerate(units):
            for address, unit in own:
                stem, _, turn = address.partition("#")
                if stem == name and int(turn or 1) == heard[name]:
                    found[place][address, unit] = output[place, unit].float().cpu().numpy().copy()

    names = sorted({address.partition("#")[0] for own in units for address, _ in own})
    with frozen(module), torch.no_grad(), forward_hooks(module, names, hear):
        module(torch.cat([each.tensor for each in inputs]).to(device_of(module)))
    return [[maps[unit] for unit in own] for maps, own in zip(found, units, strict=True)]
