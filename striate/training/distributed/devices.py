"""The devices of this machine, and whether a torch module does what a run needs of it."""

from __future__ import annotations

import os
from collections.abc import Callable

import torch
from torch import nn

from striate.backends.precision import Precision
from striate.backends.torch.blank_images import pass_blank
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.settings.texts import missing_device
from striate.terminal.quiet_loggers import quiet
from striate.training.distributed.process_group import Workers
from striate.training.distributed.single_process import AnyFabric, SingleProcess


def find_workers(asked: str, devices: int) -> Workers:
    """Find who shares a run: as many processes as asked for, or as torchrun has started.

    Raises:
        SettingError: there are fewer devices, or torchrun has started another number.

    >>> find_workers("cpu", 2)
    Workers(device='cpu', local_size=2, nodes=1, launched=False)
    """
    name = device(asked)
    if torch.distributed.is_available() and torch.distributed.is_torchelastic_launched():
        here = int(os.environ["LOCAL_WORLD_SIZE"])
        if devices not in (1, here):
            raise SettingError(
                f"devices is {devices}, and torchrun has started {here} processes on this "
                "machine; leave --devices out, since --nproc-per-node says it already"
            )
        found = Workers(name, here, int(os.environ["WORLD_SIZE"]) // here, launched=True)
    else:
        found = Workers(name, devices)
    if name == "mps" and found.several:
        raise SettingError(
            f"there is one mps device, and {found.size} are to share the run; leave --devices out, "
            "or give --device cpu"
        )
    if name == "cuda" and found.local_size > torch.cuda.device_count():
        raise SettingError(
            f"{found.local_size} devices are asked for and this machine has "
            f"{torch.cuda.device_count()} of cuda; give no more than these"
        )
    return found


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
        raise missing_device(asked)
    return asked


def check_learnable(module: nn.Module) -> None:
    """Refuse a torch module that cannot be trained, whatever the images are.

    Raises:
        SettingError: it is scripted or traced, or all of it is frozen.

    >>> check_learnable(nn.Linear(2, 2).requires_grad_(False))
    Traceback (most recent call last):
    striate.errors.SettingError: every parameter of the torch module is frozen ...
    """
    if isinstance(module, torch.jit.ScriptModule):
        raise SettingError(
            "the torch module is scripted or traced by torch.jit, whose layers cannot be looked "
            "into or copied; give the module that it was made of"
        )
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise SettingError(
            "every parameter of the torch module is frozen (requires_grad=False), or it has none, "
            "so there is nothing to learn; leave some that are learnt, its last layer at least"
        )


def check_module(module: nn.Module, preprocess: Preprocess, classes: int) -> None:
    """Refuse a torch module that does not turn images into one value a class.

    Lazy layers have their weights from then on; all else is left as it was.

    Raises:
        SettingError: it fails on two blank images, or gives another shape or more than one tensor,
            in evaluation or in training.

    >>> check_module(nn.Flatten(), Preprocess(1, 4, 4, mean=(0.5,), std=(0.25,)), 2)
    Traceback (most recent call last):
    striate.errors.SettingError: the torch module gives (2, 16) for images (2, 1, 4, 4); ...
    """
    size = (2, *preprocess.shape)
    for training in (False, True):
        when = " in training" if training else ""
        found = pass_blank(module, preprocess, training=training)
        if not isinstance(found, torch.Tensor):
            raise SettingError(
                f"the torch module gives a {type(found).__name__}{when}; expected one tensor "
                f"(n, {classes}) in training and afterwards: leave auxiliary outputs out, or give "
                "a module around it that returns the first"
            )
        if tuple(found.shape) != (2, classes):
            raise SettingError(
                f"the torch module gives {tuple(found.shape)} for images {size}{when}; expected "
                f"(2, {classes}), one value a class, before any softmax"
            )


def fabric_for(
    name: str,
    way: Precision,
    workers: Workers | None = None,
    *,
    launch: Callable[[AnyFabric], None] | None = None,
) -> AnyFabric:
    """Make the Fabric of one process, connected to the others of all workers.

    Args:
        name: the device.
        way: the precision.
        workers: the processes; None stands for this one alone.
        launch: where the processes are not running yet: what they do. They have all ended when
            this returns.
    """
    if workers is None or not workers.several:
        return SingleProcess(name, way)
    from striate.training.distributed.connected import connect

    with quiet("lightning_fabric"):
        return connect(name, way, workers, launch=launch)
