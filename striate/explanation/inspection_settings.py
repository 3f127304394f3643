"""What the page of an image shows, and what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass

from striate.errors import SettingError
from striate.explanation.attribution_methods import METHODS
from striate.explanation.backward_rules import BACKWARD_METHODS
from striate.explanation.layer_maps import ColorScale

SLOW = ("occlusion", "integrated-gradients", "smoothgrad")  # seconds instead of a moment
PIXELS = (*SLOW, *BACKWARD_METHODS)  # which ask about the image itself, and no layer
UnitPosition = tuple[str, int, int, int]
"""Layer, unit, row, column; the last two are -1 for features."""


@dataclass(frozen=True)
class InspectionSettings:
    """What is shown of an image.

    Attributes:
        layer: whose maps explain; None takes the last spatial layer.
        position: (layer, unit, row, column) of the activation whose whole sum is shown, row and
            column -1 where there are none; None takes the one that the path ends with.
        color_scale: what one colour scale of the maps spans: "layer", "block" or "network".
        quick: whether what takes seconds is left out: the map's evaluation and the slower methods.
        method: whose map comes first and is put to the test; "auto" takes the one that fits.
    """

    layer: str | None = None
    position: UnitPosition | None = None
    color_scale: ColorScale = "layer"
    quick: bool = False
    method: str = "auto"

    def __post_init__(self) -> None:
        if self.method not in ("auto", *METHODS):
            raise SettingError(f"method '{self.method}': expected auto, {', '.join(METHODS)}")

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods whose maps stand over the image, the one that was asked for first."""
        usual = (each for each in METHODS if each not in BACKWARD_METHODS)  # these are views
        found = [each for each in usual if not (self.quick and each in SLOW)]
        if self.method != "auto":
            found = [self.method, *(each for each in found if each != self.method)]
        return tuple(found)


USUAL = InspectionSettings()
