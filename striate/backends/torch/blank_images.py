"""Blank images through a torch module of the user's: what it gives, and weights for lazy layers."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from striate.backends.torch.evaluation_mode import eval_mode
from striate.data.images import Preprocess
from striate.errors import SettingError


def pass_blank(module: nn.Module, preprocess: Preprocess, *, training: bool = False) -> object:
    """Return what a module gives for two blank images; modes, statistics and draws stay.

    Args:
        module: the network; its lazy layers have their weights from then on.
        preprocess: says the size of the images.
        training: whether it is asked as in training, else as in evaluation.

    Raises:
        SettingError: it fails on them.

    >>> pass_blank(nn.Flatten(), Preprocess(1, 2, 2)).shape
    torch.Size([2, 4])
    """
    blank = torch.zeros(2, *preprocess.shape)
    with eval_mode(module), torch.no_grad(), torch.random.fork_rng(devices=[]):
        kept = {}
        if training:
            kept = {name: value.clone() for name, value in module.named_buffers()}
            module.train()
        try:
            return module(blank)
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise SettingError(
                f"the torch module fails on images {tuple(blank.shape)}: {error}; expected one "
                "that takes them, or give an --image-size that suits it"
            ) from error
        finally:
            for name, value in module.named_buffers():
                if name in kept:
                    value.copy_(kept[name])


def give_weights(module: nn.Module, preprocess: Preprocess) -> None:
    """Let lazy layers see the size of their input, so that they have weights to be filled.

    Raises:
        SettingError: the module fails on such images.

    >>> module = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    >>> give_weights(module, Preprocess(1, 2, 2))
    >>> module[1].weight.shape
    torch.Size([3, 4])
    """
    if any(map(is_lazy, (*module.parameters(), *module.buffers()))):
        pass_blank(module, preprocess)
