"""Where a training run stands between two steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Counters:
    """The plain numbers of a state.

    Attributes:
        epoch: epochs done.
        step: steps done in the epoch under way.
        seconds: the run has taken so far, preparation included.
        loss_sum: sum of the losses of this epoch's images so far.
        right: this epoch's images that were correct so far.
        count: this epoch's images so far.
        best_epoch: the epoch that the best state is from.
        best_accuracy: its validation accuracy.
        best_loss: its validation loss; infinite before the first.
        threads: CPU threads of the epoch under way; 0 where they are those of the plan.
    """

    epoch: int
    step: int
    seconds: float
    loss_sum: float
    right: int
    count: int
    best_epoch: int
    best_accuracy: float
    best_loss: float
    threads: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return plain values; no loss yet is None, since infinity is no JSON."""
        return {**vars(self), "best_loss": self.best_loss if self.best_loss < math.inf else None}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Counters:
        """Return what `as_json` wrote."""
        loss = values["best_loss"]
        return cls(**{**values, "best_loss": math.inf if loss is None else loss})


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
        right: this epoch's images that were correct so far.
        count: this epoch's images so far.
        best: weights of the best state, on the CPU; empty before the first epoch has ended.
        best_epoch: the epoch it is from.
        best_accuracy: its validation accuracy.
        best_loss: its validation loss.
        threads: CPU threads of the epoch under way; 0 where they are those of the plan.
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
    threads: int = 0

    def counters(self) -> Counters:
        """Return the plain numbers of the state."""
        return Counters(**{each.name: getattr(self, each.name) for each in fields(Counters)})

    def restore(self, counters: Counters) -> None:
        """Set the plain numbers of the state."""
        for name, value in vars(counters).items():
            setattr(self, name, value)

    def keep_if_best(self, accuracy: float, loss: float) -> bool:
        """Keep the present weights where they are better: a higher accuracy, else a lower loss."""
        if (accuracy, -loss) <= (self.best_accuracy, -self.best_loss):
            return False
        self.best_accuracy, self.best_loss, self.best_epoch = accuracy, loss, self.epoch
        self.best = {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in self.module.state_dict().items()
        }
        return True
