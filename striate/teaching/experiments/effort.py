"""Which experiments there are, and how much is done for one; loaded without torch."""

from __future__ import annotations

from dataclasses import dataclass

from striate.errors import SettingError
from striate.settings.texts import ImageSize

NAMES = (
    "translation",
    "shuffle",
    "depth",
    "filters",
    "pooling",
    "stride",
    "activation",
    "initialisation",
    "dropout",
    "transfer",
)
SPELT = {"initialization": "initialisation"}


def check_name(name: str) -> str:
    """Return the name of an experiment as it is spelt here.

    Raises:
        SettingError: there is none.

    >>> check_name("initialization")
    'initialisation'
    """
    name = SPELT.get(name, name)
    if name not in NAMES:
        raise SettingError(f"there is no experiment '{name}'; choose {', '.join(NAMES)}")
    return name


@dataclass(frozen=True)
class Effort:
    """How much an experiment does.

    Attributes:
        seeds: every network is trained from so many seeds, 0 on.
        epochs: passes over the training images; None lets their number decide.
        images: to learn from at most; None takes 5,000, for shuffle 300 and for dropout 200: what
            a network takes for granted, and what it learns by heart, shows best on few images.
        size: the images' size, "16" or "16x24"; None keeps theirs, up to 128.

    >>> Effort(seeds=2, epochs=3).seeds
    2
    """

    seeds: int = 5
    epochs: int | None = None
    images: int | None = None
    image_size: ImageSize | None = None

    def check(self) -> None:
        """Make sure that it makes sense.

        Raises:
            SettingError: a number is out of its range.
        """
        for name, most in (("seeds", 1000), ("epochs", 10**6), ("images", 10**9)):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= most:
                raise SettingError(f"{name} is {value}; expected a whole number from 1 to {most}")
