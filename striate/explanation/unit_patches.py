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

from striate.explanation.field_table import Fields
from striate.explanation.hooks import device_of, listening, undisturbed
from striate.explanation.receptive_fields import Field
from striate.explanation.subject import Subject
from striate.explanation.top_activations import Strongest
from striate.model.classifier import Classifier

AT_ONCE = 16  # images a pass
SIDE = 96  # pixels of a patch, at most
BEYOND = 128  # the grey of what lies beyond the image

Which = Literal["strongest", "middle", "weakest"]
Unit = tuple[str, int]


@dataclass(frozen=True, eq=False)
class Patch:
    """What a unit saw where it answered most in an image.

    Attributes:
        name: of the image.
        label: its class in the folder.
        value: the unit's answer.
        row: of the place in the unit's map.
        column: likewise.
        seen: the unit's receptive field there, in pixels of the network's input.
        pixels: uint8 (rows, columns, 1 or 3): the part of the image itself that lies in it, of
            at most 96 pixels a side; grey beyond the image.
    """

    name: str
    label: str
    value: float
    row: int
    column: int
    seen: Field
    pixels: np.ndarray = field(repr=False)


def patches(
    model: Classifier,
    found: Strongest,
    units: Sequence[Unit],
    *,
    which: Which = "strongest",
    side: int = SIDE,
) -> dict[Unit, tuple[Patch, ...]]:
    """Cut out what units saw in their strongest, weakest or middle images.

    The images pass through the network once more, to see where each unit answers most.

    Args:
        model: the classifier.
        found: from `strongest`.
        units: (address, unit) of each.
        which: of its images.
        side: of a patch in pixels, at most.

    Raises:
        SettingError: a layer was not looked at.
        ImageError: an image can no longer be read.

    Example: ``patches(model, found, [("relu3", 12)])[("relu3", 12)][0].pixels``.
    """
    wanted: dict[int, list[tuple[Unit, int]]] = defaultdict(list)  # by image
    for unit in dict.fromkeys(units):
        images = getattr(found[unit[0]], which).image[unit[1]]
        for rank, image in enumerate(images.tolist()):
            wanted[image].append((unit, rank))
    fields = Fields(model)
    cut: dict[Unit, dict[int, Patch]] = {unit: {} for unit in units}
    order = sorted(wanted)
    for start in range(0, len(order), AT_ONCE):
        group = order[start : start + AT_ONCE]
        subjects = [Subject.of(model, found.collection.open(image)) for image in group]
        maps = _maps(model, subjects, [[unit for unit, _ in wanted[each]] for each in group])
        for image, subject, own in zip(group, subjects, maps, strict=True):
            for (unit, rank), values in zip(wanted[image], own, strict=True):
                row, column = (int(at) for at in np.unravel_index(values.argmax(), values.shape))
                seen = fields.of(unit[0], unit[1], row, column)
                cut[unit][rank] = Patch(
                    name=found.names[image],
                    label=found.classes[found.labels[image]],
                    value=float(values.max()),
                    row=row,
                    column=column,
                    seen=seen,
                    pixels=cut_out(subject, seen, side=side),
                )
    return {unit: tuple(own[rank] for rank in sorted(own)) for unit, own in cut.items()}


def cut_out(subject: Subject, seen: Field, *, side: int = SIDE) -> np.ndarray:
    """Cut the part of an image out that lies in a field of the network's input.

    Args:
        subject: the image.
        seen: in pixels of the network's input.
        side: of the longer side, at most; larger parts are averaged down.

    Returns:
        uint8 (rows, columns, 1 or 3); grey beyond the image.

    >>> from striate.data.images import Preprocess
    >>> half = Preprocess(1, 2, 2, fit="squash")
    >>> whole = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    >>> one = Subject("p", whole, half.pixels(whole), half, half.placement(4, 4))
    >>> cut_out(one, Field(1, 1, 2, 3))[:, :, 0]
    array([[ 10,  11, 128, 128],
           [ 14,  15, 128, 128]], dtype=uint8)
    """
    top, left, bottom, right = (
        round(end) for end in subject.box_on_image(seen.top, seen.left, seen.bottom, seen.right)
    )
    bottom, right = max(bottom, top + 1), max(right, left + 1)
    rows, columns, channels = subject.image.shape
    part = np.full((bottom - top, right - left, channels), BEYOND, np.uint8)
    first, last = max(0, top), min(rows, bottom)
    begin, end = max(0, left), min(columns, right)
    if first < last and begin < end:
        inner = subject.image[first:last, begin:end]
        part[first - top : last - top, begin - left : end - left] = inner
    if max(part.shape[:2]) <= side:
        return part
    image = Image.fromarray(part[:, :, 0] if channels == 1 else part)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image).reshape(image.height, image.width, channels)


def _maps(
    model: Classifier, subjects: Sequence[Subject], units: Sequence[Sequence[Unit]]
) -> list[list[np.ndarray]]:
    """Give the maps of some units of each image, in one pass."""
    module = model.module
    heard: dict[str, int] = {}
    found: list[dict[Unit, np.ndarray]] = [{} for _ in subjects]

    def hear(name: str, given: Any, output: Tensor) -> None:
        heard[name] = heard.get(name, 0) + 1
        for place, own in enumerate(units):
            for address, unit in own:
                stem, _, turn = address.partition("#")
                if stem == name and int(turn or 1) == heard[name]:
                    found[place][address, unit] = output[place, unit].float().cpu().numpy().copy()

    names = sorted({address.partition("#")[0] for own in units for address, _ in own})
    with undisturbed(module), torch.no_grad(), listening(module, names, hear):
        module(torch.cat([subject.values for subject in subjects]).to(device_of(module)))
    return [[maps[unit] for unit in own] for maps, own in zip(found, units, strict=True)]
