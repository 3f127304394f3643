"""The devices of this machine, and whether a torch module does what a run needs of it."""

from __future__ import annotations

import logging

import torch
from lightning_fabric import Fabric
from torch import nn

from striate.errors import SettingError
from striate.network import evaluating
from striate.pictures import Preprocess
from striate.precision import Precision


def device(asked: str) -> str:
    """Find the device to train on.

    Raises:
        SettingError: the one asked for is not there.

    >>> device("cpu")
    'cpu'
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available()}
    there["mps"] = torch.backends.mps.is_available()
    if asked == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if there[name])
    if not there[asked]:
        raise SettingError(
            f"device is '{asked}', and torch finds none here; choose auto, or install a torch "
            "that is built for it"
        )
    return asked


def check_module(module: nn.Module, preprocess: Preprocess, classes: int) -> None:
    """Refuse a torch module that does not turn pictures into one value a class.

    Raises:
        SettingError: it fails on two blank pictures, or gives another shape.

    >>> check_module(nn.Flatten(), Preprocess(1, 4, 4, mean=(0.5,), std=(0.25,)), 2)
    Traceback (most recent call last):
    striate.errors.SettingError: the torch module gives (2, 16) for pictures (2, 1, 4, 4); ...
    """
    blank = torch.zeros(2, *preprocess.shape)
    with evaluating(module), torch.inference_mode():
        try:
            shape = tuple(module(blank).shape)
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise SettingError(
                f"the torch module fails on pictures {tuple(blank.shape)}: {error}; expected one "
                "that takes them, or give a --size that suits it"
            ) from error
    if shape != (2, classes):
        raise SettingError(
            f"the torch module gives {shape} for pictures {tuple(blank.shape)}; expected "
            f"(2, {classes}), one value a class, before any softmax"
        )


def fabric_for(name: str, way: Precision) -> Fabric:
    """Make the Fabric of one device, without the lines it logs about itself."""
    logger = logging.getLogger("lightning_fabric")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        return Fabric(accelerator=name, devices=1, precision=way.fabric)  # type: ignore[arg-type]
    finally:
        logger.setLevel(level)
