"""An ONNX model as a backbone: frozen, whatever it computes inside."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from striate.architecture.notation import expand
from striate.architecture.words import Shape
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.features.whole_network import WholeNetwork
from striate.model.importing.onnx import read_frozen
from striate.model.weights.official import IMAGENET_MEAN, IMAGENET_STD
from striate.settings import Settings

BESIDE = "preprocessor_config.json"  # what Hugging Face puts beside a model, or above its folder


def open_onnx_backbone(path: Path, settings: Settings, say: Callable[[str], None]) -> WholeNetwork:
    """Return the features of an ONNX model as a network of one word.

    Args:
        path: of the file.
        settings: image_size is used where the model leaves it open; nothing of it can be trained.
        say: is told what was taken.

    Raises:
        SettingError: it is to be trained on, or has weights of its own besides.
        WeightsError: it cannot be read, or gives no features.
    """
    if settings.unfreeze is not None:
        raise SettingError(
            f"unfreeze is {settings.unfreeze}, but '{path.name}' is an ONNX model, which stays as "
            "it is; leave --unfreeze out"
        )
    if settings.weights is not None:
        raise SettingError(f"'{path.name}' has its own weights; leave --weights out")
    found = read_frozen(path, settings.rows_and_columns())
    for note in found.said:
        say(f"{path.name}: {note}")
    plan = expand(found.text)
    tensors = {f"{plan.steps[0].address}.model": torch.from_numpy(found.model)}
    words = f"the ONNX model {path.name}, frozen"
    return WholeNetwork(plan, tensors, _preprocess(path, found.input, say), words)


def _preprocess(path: Path, shape: Shape, say: Callable[[str], None]) -> Preprocess:
    """Return how images are prepared: as the file beside the model says, else as on ImageNet."""
    channels, rows, columns = shape
    usual = Preprocess(channels, rows, columns, fit="crop", draft=True)
    for folder in (path.parent, path.parent.parent):
        if (folder / BESIDE).is_file():
            mean, std = _read(folder / BESIDE, channels)
            say(f"the mean and std of images are those of '{folder / BESIDE}'")
            return replace(usual, mean=mean, std=std)
    if channels != 3:
        say("its images are taken to be of values 0 to 1, as nothing says how it was shown them")
        return usual
    say(
        "its images are taken to be normalised by ImageNet's mean and std, as nothing says how it "
        f"was shown them: a {BESIDE} beside it would (image_mean, image_std)"
    )
    return replace(usual, mean=IMAGENET_MEAN, std=IMAGENET_STD)


def _read(path: Path, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    try:
        found: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
        mean, std = (
            tuple(float(value) for value in found[name]) for name in ("image_mean", "image_std")
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(
            f"'{path}' does not say how images are normalised ({type(error).__name__}: {error}); "
            "expected image_mean and image_std, one number a channel"
        ) from error
    if {len(mean), len(std)} != {channels}:
        raise SettingError(
            f"'{path}' has {len(mean)} values of image_mean and {len(std)} of image_std; expected "
            f"{channels}, one a channel"
        )
    return mean, std
