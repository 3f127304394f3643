"""The same sums in the same order each time, on a card too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable() -> Iterator[None]:
    """Let cuDNN take only convolutions that add up in one order, and none by a trial of speed.

    Some of its gradients are added up by many threads at once, in the order in which these come,
    so a run that is resumed would end with other weights than one that was not interrupted. On
    other devices nothing is changed.

    Source: https://docs.pytorch.org/docs/stable/notes/randomness.html.

    >>> with repeatable():
    ...     torch.backends.cudnn.deterministic
    True
    """
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
