"""The epochs of a run, as a table and as curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from striate.events import Epoch

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class History:
    """What every epoch of a run said, in order.

    Attributes:
        epochs: one record an epoch; empty where a head was learnt at once.
    """

    epochs: tuple[Epoch, ...]

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __repr__(self) -> str:
        if not self.epochs:
            return "History of no epochs"
        last = self.epochs[-1]
        return (
            f"History of {len(self.epochs)} epochs: training loss {last.train_loss:.4f}, "
            f"validation loss {last.val_loss:.4f}, accuracy {last.val_accuracy:.1%} at the end"
        )
