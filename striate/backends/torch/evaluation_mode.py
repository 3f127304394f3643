"""A torch module at work: in evaluation mode, on images scaled as it was taught."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from striate.data.images import Preprocess


def normalize(values: torch.Tensor, preprocess: Preprocess) -> torch.Tensor:
    """Scale images to the network's input, (x / 255 - mean) / std.

    Args:
        values: float32 (n, channels, rows, columns), 0 to 255.
        preprocess: whose mean and std, of values 0 to 1, are taken.

    >>> grey = Preprocess(1, 1, 1, mean=(0.5,), std=(0.25,))
    >>> normalize(torch.full((1, 1, 1, 1), 255.0), grey).item()
    2.0
    """
    mean = values.new_tensor(preprocess.mean).view(1, -1, 1, 1) * 255
    std = values.new_tensor(preprocess.std).view(1, -1, 1, 1) * 255
    return (values - mean) / std


@contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Put a module and all its parts into evaluation mode, and leave each as it was found.

    >>> layer = nn.Dropout()
    >>> with eval_mode(layer):
    ...     layer.training
    False
    >>> layer.training
    True
    """
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
