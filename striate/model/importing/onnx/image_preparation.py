"""How images are prepared for an ONNX model, as far as it says or suggests it."""

from __future__ import annotations

from dataclasses import replace

from striate.architecture.words import Shape
from striate.data.images import Preprocess
from striate.model.importing.foreign_graph import ForeignNetwork
from striate.model.importing.preprocess_choice import UNKNOWN
from striate.model.weights.official import CLASSES, IMAGENET_MEAN, IMAGENET_STD

TINY = 0.02  # mean and std of values 0 to 1 below which the model takes just such, not 0 to 255


def usual_preprocess(found: ForeignNetwork, shape: Shape, classes: int) -> tuple[Preprocess, str]:
    """Return how images are prepared, and why.

    Args:
        found: the network.
        shape: (channels, rows, columns) of its input.
        classes: how many it tells.
    """
    channels, rows, columns = shape
    usual = Preprocess(channels, rows, columns)
    if found.scaling is not None:
        mean, std = found.scaling
        unit = max(*std, *mean) < TINY  # the means of values 0 to 255 are not as small
        if unit:
            mean, std = (tuple(255 * value for value in each) for each in (mean, std))
        return replace(usual, mean=mean, std=std), (
            f"as the first operators of the model scale values 0 to {1 if unit else 255}, which "
            "the preprocessing took over"
        )
    if channels == 3 and classes == CLASSES:
        crop = replace(
            usual, fit="crop", crop_ratio=256 / 224, mean=IMAGENET_MEAN, std=IMAGENET_STD
        )
        return crop, f"as usual on ImageNet, which is assumed as it has {classes:,} classes"
    return usual, UNKNOWN
