"""The settings of a run as keywords of a function, for type checkers."""

from __future__ import annotations

from typing import TypedDict

from striate.settings.texts import ImageSize, Unfreeze


class SettingsDict(TypedDict, total=False):
    """The settings as keywords; `Settings` says what each means."""

    epochs: int | None
    minutes: float | None
    image_size: ImageSize | None
    fit: str | None
    background: str
    seed: int
    batch_size: int | None
    learning_rate: float | None
    weight_decay: float
    label_smoothing: float
    class_weight: str
    augment: bool
    mirror: bool | None
    tta: bool
    false_refusals: float
    promise: float | None
    promise_confidence: float
    promise_per_class: bool
    taxonomy: bool
    val_fraction: float | None
    group_column: str | None
    random_split: bool
    alike: float | None
    layout: str | None
    zip_encoding: str | None
    fixes: str | None
    patience: int | None
    precision: str
    autotune: bool
    threads: int | None
    device: str
    devices: int
    memory: int
    pretrained: str | None
    weights: str | None
    cut: str | None
    unfreeze: Unfreeze | None
    freeze_bn: bool
    n_augmented: int
    film: str | None
    offline: bool
    energy: bool
    country: str | None


class ResumeDict(TypedDict, total=False):
    """What may change of a run that goes on."""

    epochs: int | None
    minutes: float | None
    devices: int | None
    fixes: str | None
