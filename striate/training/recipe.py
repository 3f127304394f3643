"""How the weights are learnt: everything that a training step depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from striate.backends.precision import Precision, fixed
from striate.data.augmentation import Augmentation


@dataclass(frozen=True)
class Recipe:
    """How the weights are learnt.

    Attributes:
        batch_size: images a step, about; an epoch is cut into equal steps.
        learning_rate: at the peak of the one-cycle schedule.
        weight_decay: AdamW's, on weights but not on biases and normalisation.
        label_smoothing: share of the target that is spread over all classes.
        class_weight: weight of each class in the loss, or None for none.
        augmentation: how training images are changed.
        patience: epochs without a better state after which to stop, or None for never.
        precision: number format and memory layout.
        seed: of weights, order, augmentation and dropout.
        lr_multipliers: in fine-tuning, what is trained: (address, share of the learning rate) of
            layers and blocks of the network itself. The others are frozen. Empty trains
            everything at the full rate.
        freeze_bn: whether batch normalisation keeps the means and variances it came with.
        balanced_sampling: whether each class is drawn equally often in an epoch; its steps have no
            class weight then.
    """

    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    class_weight: tuple[float, ...] | None
    augmentation: Augmentation
    patience: int | None
    precision: Precision
    seed: int
    lr_multipliers: tuple[tuple[str, float], ...] = ()
    freeze_bn: bool = False
    balanced_sampling: bool = False

    @property
    def step_weight(self) -> tuple[float, ...] | None:
        """The weight of each class in the loss of a step; None for none."""
        return None if self.balanced_sampling else self.class_weight

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in run.json."""
        return {
            **vars(self),
            "class_weight": None if self.class_weight is None else list(self.class_weight),
            "augmentation": self.augmentation.as_json(),
            "precision": str(self.precision),
            "lr_multipliers": [list(pair) for pair in self.lr_multipliers],
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Recipe:
        """Return what `as_json` wrote."""
        weights = values["class_weight"]
        return cls(
            **{
                **values,
                "class_weight": None if weights is None else tuple(weights),
                "augmentation": Augmentation.from_json(values["augmentation"]),
                "precision": fixed(values["precision"].replace(" ", "-")),
                "lr_multipliers": tuple((name, rate) for name, rate in values["lr_multipliers"]),
            }
        )
