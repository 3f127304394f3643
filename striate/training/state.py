"""Where a training run stands between two steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass
class State:
    """All that a run is between two steps; `striate.training.checkpoints` writes and reads it.

    Attributes:
        module: the network being trained.
        optimizer: AdamW over its parameters.
        epoch: epochs done.
        step: steps done in the epoch under way.
        seconds: the run has taken so far, preparation included.
        loss_sum: sum of the losses of this epoch's images so far.
        right: this epoch's images told right so far.
        count: this epoch's images so far.
        best: weights of the best state, on the CPU; empty before the first epoch has ended.
        best_epoch: the epoch it is from.
        best_accuracy: its validation accuracy.
        best_loss: its validation loss.
    """

    module: nn.Module
    optimizer: torch.optim.Optimizer
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    right: int = 0
    count: int = 0
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    best_epoch: int = 0
    best_accuracy: float = -1.0
    best_loss: float = math.inf

    def keep_if_best(self, accuracy: float, loss: float) -> bool:
        """Keep the present weights where they are better: more told right, else a lower loss."""
        if (accuracy, -loss) <= (self.best_accuracy, -self.best_loss):
            return False
        self.best_accuracy, self.best_loss, self.best_epoch = accuracy, loss, self.epoch
        self.best = {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in self.module.state_dict().items()
        }
        return True
