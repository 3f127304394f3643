"""A plan as a run would make it, for tests of what works with one."""

from __future__ import annotations

from striate.architecture.notation import expand
from striate.backends.precision import FLOAT32
from striate.data.augmentation import Augmentation
from striate.data.images import Preprocess
from striate.training.plan import DataDescription, Plan, Transfer
from striate.training.recipe import Recipe


def made_plan(
    text: str | None,
    *,
    batch_size: int = 16,
    transfer: Transfer | None = None,
    lr_multipliers: tuple[tuple[str, float], ...] = (),
) -> Plan:
    """Make the plan of a run on two classes of grey 8x8 images."""
    return Plan(
        data=DataDescription("data", "folder", 100, 0, ("a", "b"), (), "0"),
        network=None if text is None else expand(text),
        preprocess=Preprocess(1, 8, 8, mean=(0.5,), std=(0.25,)),
        recipe=Recipe(
            batch_size=batch_size,
            learning_rate=0.001,
            weight_decay=0.05,
            label_smoothing=0.1,
            class_weight=None,
            augmentation=Augmentation(),
            patience=None,
            precision=FLOAT32,
            seed=0,
            lr_multipliers=lr_multipliers,
        ),
        epochs=1,
        minutes=0.0,
        threads=1,
        device="cpu",
        transfer=transfer,
    )


HEAD_ALONE = Transfer("a.safetensors", "the classifier a", 16, False, "", 1)
