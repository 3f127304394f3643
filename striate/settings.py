"""What a user may choose for a run, in one place, with the defaults."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from striate.errors import SettingError

FITS = ("pad", "squash", "crop")
BALANCES = ("auto", "none", "sqrt", "full")
DEVICES = ("auto", "cpu", "cuda", "mps")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Settings:
    """The settings of a run; None means: chosen by the data, said and recorded.

    Attributes:
        epochs: passes over the training images.
        minutes: the whole run's time, instead of epochs.
        size: image size for the network, "128" or "96x128" (rows x columns).
        fit: how other shapes are fitted: "pad" (nothing lost, nothing bent), "squash"
            (nothing lost, bent) or "crop" (the middle). None is "pad", or what the body was
            trained with.
        background: what lies under transparent pixels, "#rrggbb".
        seed: of the split, the weights, the order, the augmentation and dropout.
        batch: images a step.
        learning_rate: at the peak of the cycle.
        weight_decay: AdamW's.
        label_smoothing: share of the target spread over all classes, 0 to below 1.
        balance: weight of rare classes in the loss: "none", "sqrt" (by the square root of
            how rare), "full", or "auto": "sqrt" where the largest class has three times
            the images of the smallest.
        augment: whether training images are changed a little.
        mirror: whether left and right may be exchanged.
        val_fraction: share that is held out where the data has no validation part; None: a
            fifth, and at most 5,000 images.
        patience: epochs without a better state after which to stop; None never stops early.
        precision: "auto" measures; "float32" or "bf16" fixes it.
        threads: CPU threads; None takes torch's own number, or fewer where that is measured faster.
        device: "auto", "cpu", "cuda" or "mps".
        devices: how many GPUs of this machine, or processes on its CPU, share every step.
        memory: bytes of decoded images held in memory; more goes to a file in the run.
        body: the trained network to start from: a zoo name, a classifier's file or run, or
            timm:NAME with the timm extra.
        weights: of a body from the zoo or timm: "imagenet", its published ones, or a file.
        cut: the last layer of the body that is kept; None cuts before the last full connection
            or the convolution that tells the classes.
        unfreeze: how many of the body's last layers and blocks are trained on after the head,
            or "all"; None trains the head alone.
        hold_statistics: whether batch normalisation keeps its statistics in fine-tuning.
        versions: how many versions of each image the head is learnt from: the image itself,
            and others changed as in training.
        offline: open no connection.
        energy: measure the electricity that the run takes, by codecarbon.
        country: whose electricity it is, as three letters; None takes the world's mean.

    >>> Settings(epochs=5).balance
    'auto'
    """

    epochs: int | None = None
    minutes: float | None = None
    size: str | None = None
    fit: str | None = None
    background: str = "#ffffff"
    seed: int = 0
    batch: int | None = None
    learning_rate: float | None = None
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    balance: str = "auto"
    augment: bool = True
    mirror: bool | None = None
    val_fraction: float | None = None
    patience: int | None = None
    precision: str = "auto"
    threads: int | None = None
    device: str = "auto"
    devices: int = 1
    memory: int = 2 * 2**30
    body: str | None = None
    weights: str | None = None
    cut: str | None = None
    unfreeze: str | None = None
    hold_statistics: bool = True
    versions: int = 1
    offline: bool = False
    energy: bool = False
    country: str | None = None

    def check(self) -> Settings:
        """Give the settings back where they make sense.

        Raises:
            SettingError: one is out of its range, or two exclude each other.

        >>> Settings(epochs=0).check()
        Traceback (most recent call last):
        striate.errors.SettingError: epochs is 0; expected a whole number from 1 to 1000000
        """
        if self.epochs is not None and self.minutes is not None:
            raise SettingError(
                f"epochs ({self.epochs}) and minutes ({self.minutes:g}) are both given; "
                "give the one that is to end the run"
            )
        for name, low, most in (
            ("epochs", 1, 10**6), ("batch", 1, 10**6), ("patience", 1, 10**6),
            ("threads", 1, 4096), ("versions", 1, 64), ("seed", 0, 2**63 - 1), ("devices", 1, 1024),
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not low <= value <= most:
                raise SettingError(
                    f"{name} is {value}; expected a whole number from {low} to {most}"
                )
        for name, high in (("minutes", 1e6), ("learning_rate", 10.0), ("val_fraction", 0.9)):
            value = getattr(self, name)
            if value is not None and not 0 < value <= high:
                raise SettingError(f"{name} is {value:g}; expected above 0, up to {high:g}")
        for name, high in (("weight_decay", 10.0), ("label_smoothing", 0.9)):
            value = getattr(self, name)
            if not 0 <= value <= high:
                raise SettingError(f"{name} is {value:g}; expected 0 to {high:g}")
        for name, allowed in (("fit", FITS), ("balance", BALANCES), ("device", DEVICES)):
            value = getattr(self, name)
            if value not in allowed and (name, value) != ("fit", None):
                raise SettingError(f"{name} is '{value}'; choose {', '.join(allowed)}")
        if not COLOUR.fullmatch(self.background):
            raise SettingError(f"background is '{self.background}'; expected #rrggbb, as #ffffff")
        if self.country is not None and not self.energy:
            raise SettingError(
                f"country is '{self.country}', which matters to the CO2e of the energy alone; add "
                "--energy, or leave it out"
            )
        self.rows_and_columns()
        self._check_body()
        return self

    def _check_body(self) -> None:
        for name in ("weights", "cut", "unfreeze"):
            if self.body is None and getattr(self, name) is not None:
                raise SettingError(
                    f"{name} is '{getattr(self, name)}', but there is no body that it belongs to; "
                    "give one, as in --from squeezenet1_1"
                )
        if self.versions > 1 and (self.body is None or not self.augment):
            raise SettingError(
                f"versions is {self.versions}, of images that are changed for the head of a "
                "trained body; expected one, as in --from squeezenet1_1, and --augment"
            )
        self.unfrozen()
        named = self.for_steps()
        if self.body is not None and self.unfreeze is None and named:
            raise SettingError(
                f"{' and '.join(named)} {'is' if len(named) == 1 else 'are'} given, but a head "
                "alone is not learnt step by step; give --unfreeze N or --unfreeze all to "
                "fine-tune the body, or leave this out"
            )

    def for_steps(self) -> tuple[str, ...]:
        """Name the settings that were given and that matter to training step by step alone.

        >>> Settings(epochs=3, weight_decay=0.1).for_steps()
        ('epochs', 'weight_decay')
        """
        usual = Settings()
        names = (
            "epochs", "minutes", "batch", "learning_rate", "weight_decay", "label_smoothing",
            "patience", "hold_statistics",
        )  # fmt: skip
        return tuple(name for name in names if getattr(self, name) != getattr(usual, name))

    def unfrozen(self) -> int | None:
        """Give how many of the body's last layers are fine-tuned; None means all.

        >>> Settings(body="vgg16", unfreeze="2").unfrozen(), Settings().unfrozen()
        (2, 0)
        """
        if self.unfreeze is None:
            return 0
        if self.unfreeze == "all":
            return None
        if not re.fullmatch("[1-9][0-9]{0,3}", self.unfreeze):
            raise SettingError(
                f"unfreeze is '{self.unfreeze}'; expected a number of layers from 1 on, or all"
            )
        return int(self.unfreeze)

    def rows_and_columns(self) -> tuple[int, int] | None:
        """Give the size as two numbers, or None where it is left to the data.

        >>> Settings(size="96x128").rows_and_columns()
        (96, 128)
        """
        if self.size is None:
            return None
        match = re.fullmatch(r"\s*(\d{1,4})(?:\s*[xX]\s*(\d{1,4}))?\s*", str(self.size))
        if match is None or min(int(match[1]), int(match[2] or match[1])) < 4:
            raise SettingError(
                f"size is '{self.size}'; expected rows, or rows x columns, of 4 to 9999 pixels, "
                "as 128 or 96x128"
            )
        return int(match[1]), int(match[2] or match[1])

    def background_colour(self) -> tuple[int, int, int]:
        """Give the background as red, green and blue, 0 to 255.

        >>> Settings(background="#ff8000").background_colour()
        (255, 128, 0)
        """
        red, green, blue = (int(self.background[place : place + 2], 16) for place in (1, 3, 5))
        return red, green, blue

    def as_json(self) -> dict[str, Any]:
        """Give every setting as a plain value."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Settings:
        """Make settings of what `as_json` gave; unknown names are an error.

        >>> Settings.from_json(Settings(seed=3).as_json()).seed
        3
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(values.keys() - known):
            raise SettingError(f"unknown settings {', '.join(unknown)}; made by a newer Striate?")
        return cls(**values)
