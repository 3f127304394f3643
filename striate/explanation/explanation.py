"""What an explanation is: a map of numbers, where it lies on the image, and how it was made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from striate.explanation.cell_centers import CellCenters
from striate.explanation.image_grid import show_image
from striate.explanation.map_resampling import lay_map, resize_map
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.render.heat_map import heat
from striate.render.notebook import Folded, Gallery, Picture, Text, to_html
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRID = 28  # squares a side over which maps of single pixels are averaged to be seen


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where an image speaks for a class, and where against it.

    The numbers are as the method gives them: nothing is cut off at 0 and nothing is scaled.

    Attributes:
        method: "cam", "grad-cam", ...
        target: the class, or "cat rather than dog".
        layer: whose maps were used; "" where the image itself was changed or asked.
        rule: why that layer, or how the method was set, in words.
        attribution: float32 (rows, columns) on the layer's own grid; above 0 speaks for the class.
        score: the logit, or the difference of two.
        probability: of the class, 0 to 1.
        image: the image.
        facts: what else the method says: an identity and how far it holds, steps, samples.
        target_index: which output was explained.
        against_index: which output was taken off, or None.
        centers: where the cells of the layer look, by which the map is laid; None where they are
            pixels, where no centres are known, and of `stretched`.
    """

    method: str
    target: str
    layer: str
    rule: str
    attribution: np.ndarray = field(repr=False)
    score: float
    probability: float
    image: PreprocessedImage = field(repr=False)
    facts: dict[str, float] = field(default_factory=dict)
    target_index: int = 0
    against_index: int | None = None
    centers: CellCenters | None = field(default=None, repr=False)

    @property
    def low(self) -> float:
        """The lowest number of the map."""
        return float(self.attribution.min())

    @property
    def high(self) -> float:
        """The highest number of the map."""
        return float(self.attribution.max())

    @property
    def map(self) -> np.ndarray:
        """The map over the network's input: float32 (height, width).

        Each cell lies where its receptive field is centred, with bilinear values between and
        constant ones beyond the outermost; where no centres are known the grid is stretched.
        """
        size = self.image.preprocess.shape[1:]
        return lay_map(self.attribution, self.centers, *size)

    @property
    def laid(self) -> str:
        """How the map lies on the image: by "receptive fields", "stretched" or of "pixels"."""
        if self.centers is not None:
            return "receptive fields"
        return "pixels" if self.attribution.shape == self.image.pixels.shape[1:] else "stretched"

    def stretched(self) -> Explanation:
        """Return the same with its grid stretched over the input, as captum and others lay maps.

        Example: ``explain(model, "cat.jpg").stretched().map``.
        """
        return replace(self, centers=None)

    @property
    def peak(self) -> tuple[float, float]:
        """Row and column of the highest cell, in pixels of the input from its upper left corner."""
        cell = np.unravel_index(int(self.attribution.argmax()), self.attribution.shape)
        sides = self.image.preprocess.shape[1:]
        found = []
        for axis, (own, side) in enumerate(zip(cell, sides, strict=True)):
            if self.centers is None:
                found.append((float(own) + 0.5) * side / self.attribution.shape[axis])
            else:
                along = (self.centers.rows, self.centers.columns)[axis]
                found.append(float(np.clip(along.mean[own] + 0.5, 0, side)))
        return found[0], found[1]

    @property
    def positive(self) -> np.ndarray:
        """What speaks for the class, 0 elsewhere: the form in which Grad-CAM is published."""
        return self.attribution.clip(min=0)

    @property
    def negative(self) -> np.ndarray:
        """What speaks against it, as numbers below 0; 0 elsewhere."""
        return self.attribution.clip(max=0)

    def on_image(self) -> np.ndarray:
        """Return the map on the image as it is on the disk; NaN where the network does not look."""
        return self.image.onto_image(self.map)

    @property
    def visible_map(self) -> np.ndarray:
        """The map over the network's input, made coarse enough to be seen: float32 (height, width).

        Maps of single pixels are added up over 28 x 28 squares; others are as they are.
        """
        values = self.attribution
        if self.layer or self.method == "occlusion" or min(values.shape) <= GRID:
            return self.map
        down, across = (np.linspace(0, n, GRID + 1).astype(int)[:-1] for n in values.shape)
        sums = np.add.reduceat(np.add.reduceat(values, down, 0), across, 1)
        return resize_map(sums.astype(np.float32), *self.image.preprocess.shape[1:])

    def overlay(self, side: int = 480) -> np.ndarray:
        """Return the map drawn over its image, orange above 0 and blue below, as on the page.

        A line runs where the map of a layer has half of its largest number. Maps of single pixels
        are added up over 28 x 28 squares first, else nothing could be seen.

        Args:
            side: of the longer side, in pixels.

        Returns:
            uint8 (rows, columns, 3).
        """
        shown = self.image.onto_image(self.visible_map)
        return heat(self.image.original, shown, side=side, lined=bool(self.layer))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the map over its image; return the matplotlib axes.

        Args:
            ax: the axes to draw into; None makes a new figure, `plot().figure`.
        """
        title = f"{self.method} of '{self.target}', {self.low:.3g} to {self.high:.3g}"
        return show_image(ax, self.overlay(), title=title)

    def as_json(self) -> dict[str, Any]:
        """Return everything but the image as plain JSON values."""
        return {
            "method": self.method,
            "image": self.image.name,
            "target": self.target,
            "layer": self.layer,
            "rule": self.rule,
            "score": self.score,
            "probability": self.probability,
            "low": self.low,
            "high": self.high,
            "facts": self.facts,
            "laid": self.laid,
            "centers": self.centers and self.centers.as_json(),
            "map": self.attribution.tolist(),
        }

    def __str__(self) -> str:
        size = "x".join(map(str, self.attribution.shape))
        where = f" at {self.layer}" if self.layer else ""
        stretched = "\n  stretched over the image" if self.laid == "stretched" else ""
        facts = "".join(f"\n  {name}: {value:.6g}" for name, value in self.facts.items())
        return (
            f"{self.method}{where} of '{self.target}' in {self.image.name}: logit "
            f"{self.score:.4g}, probability {format_percent(self.probability)}; a map of {size} "
            f"from {self.low:.4g} to {self.high:.4g}\n  {self.rule}{facts}{stretched}"
        )

    def _repr_html_(self) -> str:
        original = Picture(self.image.original, self.image.name)
        over = Picture(self.overlay(), f"speaks for {self.target} (orange), against it (blue)")
        shown = Gallery((original, over), side=224)
        return to_html(shown, Folded("the figures", (Text(str(self), kind="pre"),)))
