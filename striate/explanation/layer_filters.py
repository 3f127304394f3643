"""The filters of every convolution: their weights, which do nothing, which are there twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from striate.architecture.aspects.torch_modules import kernels_of
from striate.explanation.image_grid import make_grid, show_image
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.render.map_strip import map_strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAINT = 1e-3  # of the layer's middle norm: a filter below it does nothing
SAME = 0.98  # the cosine of two filters from which on they are called the same
SIDE = 48  # pixels of a filter that is drawn
PAIRS = 50  # of duplicates that are named, a layer


@dataclass(frozen=True, eq=False)
class LayerFilters:
    """The filters of one convolution.

    Attributes:
        name: of the layer.
        weights: float32 (units, channels, rows, columns); channels are those of a filter's group.
        norms: float64 (units,), the square root of the sum of squares of each filter.
        mean_activation: float64 (units,), how strong its positive answers are on the mean, over an
            image or a folder; None where that was not given.
        dead: filters whose norm is below a thousandth of the layer's middle one: whatever comes
            in, they answer with their bias.
        duplicates: (one, other, cosine) of filters that are the same but for a factor: the cosine
            is above 0.98 or below -0.98; the most alike first, at most 50.
    """

    name: str
    weights: np.ndarray = field(repr=False)
    norms: np.ndarray = field(repr=False)
    mean_activation: np.ndarray | None = field(repr=False)
    dead: tuple[int, ...]
    duplicates: tuple[tuple[int, int, float], ...]

    @property
    def order(self) -> np.ndarray:
        """The filters, the most used first; by their norm where no use is known."""
        return np.argsort(
            -(self.norms if self.mean_activation is None else self.mean_activation), kind="stable"
        )

    @property
    def is_color(self) -> bool:
        """Whether a filter can be seen as a colour image: it looks at three channels."""
        return int(self.weights.shape[1]) == 3

    def strongest_channels(self, unit: int, count: int = 6) -> np.ndarray:
        """Return the input channels that a filter weighs most, the first the most."""
        sizes = np.square(self.weights[unit]).sum((1, 2))
        return np.argsort(-sizes, kind="stable")[:count]

    def draw_color(self, unit: int) -> np.ndarray:
        """Return a filter over three channels as a colour image, grey for 0.

        Args:
            unit: which, from 0.

        Returns:
            uint8 (rows, columns, 3).
        """
        scaled = self.weights[unit].transpose(1, 2, 0) * (127.5 / self.color_limit)
        return np.asarray(np.rint(127.5 + scaled), np.uint8)

    @property
    def color_limit(self) -> float:
        """The size of the largest weight, which has the full colour; 1 where all are 0."""
        return float(np.abs(self.weights).max()) or 1.0

    def plot(self, ax: Axes | None = None, *, n_filters: int = 64) -> Axes:
        """Draw the filters, the first of `order` first; return the matplotlib axes.

        Those over three channels are drawn in colour; of the others the kernel over the input
        channel that each weighs most, orange above 0 and blue below.

        Args:
            ax: the axes to draw into; None makes a new figure, `plot().figure`.
            n_filters: how many, at most.
        """
        units = self.order[:n_filters].tolist()
        if self.is_color:
            drawn = [self.draw_color(unit) for unit in units]
        else:
            kernels = [self.weights[unit][self.strongest_channels(unit, 1)] for unit in units]
            side = max(kernels[0].shape[1:])
            drawn = [map_strip(each, reach=self.color_limit, side=side) for each in kernels]
        times = max(1, SIDE // max(drawn[0].shape[:2]))
        title = f"{self.name}: {len(units)} of {len(self.weights)} filters"
        large = [each.repeat(times, 0).repeat(times, 1) for each in drawn]
        return show_image(ax, make_grid(large), title=title)

    def as_json(self) -> dict[str, Any]:
        """Return all but the weights as plain JSON values."""
        return {
            "layer": self.name,
            "shape": list(self.weights.shape),
            "norms": self.norms.tolist(),
            "mean_activation": None
            if self.mean_activation is None
            else self.mean_activation.tolist(),
            "dead": list(self.dead),
            "duplicates": [list(each) for each in self.duplicates],
        }


def filters(
    model: ClassifierLike, *, mean_activations: Mapping[str, np.ndarray] | None = None
) -> tuple[LayerFilters, ...]:
    """Return the filters of every two-dimensional convolution, in the order of definition.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        mean_activations: by the name of a convolution, how strongly its units answer: (units,), as
            `FeatureMaps.mean_activations` and `TopActivations.mean_activations` have it.

    >>> from striate.backends.torch import build
    >>> from striate.model.classifier import Classifier
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 3 bias=no > relu > conv 1x1 4 > gap > flatten > fc"
    >>> module = build(text)
    >>> with torch.no_grad():
    ...     _ = module.conv1.weight[1].copy_(module.conv1.weight[0] * -2)
    ...     _ = module.conv1.weight[2].zero_()
    >>> found = filters(Classifier(module, text, ("dark", "light"), Preprocess(1, 8, 8)))
    >>> [each.weights.shape for each in found], found[0].dead, found[0].duplicates
    ([(3, 1, 3, 3), (4, 3, 1, 1)], (2,), ((0, 1, -1.0),))
    """
    model = open_classifier(model)
    found = []
    for address, layer in model.module.named_modules():
        if isinstance(layer, nn.Conv2d):
            weights = kernels_of(layer).detach().float().cpu().numpy()
            used = None if mean_activations is None else mean_activations.get(address)
            found.append(_of(address, weights, used))
    return tuple(found)


def _of(address: str, weights: np.ndarray, use: np.ndarray | None) -> LayerFilters:
    flat = weights.reshape(len(weights), -1).astype(np.float64)
    norms = np.sqrt(np.square(flat).sum(1))
    dead = norms <= FAINT * np.median(norms)
    return LayerFilters(
        name=address,
        weights=weights,
        norms=norms,
        mean_activation=None if use is None else np.asarray(use, np.float64),
        dead=tuple(np.flatnonzero(dead).tolist()),
        duplicates=_duplicates(flat, norms, dead),
    )


def _duplicates(
    flat: np.ndarray, norms: np.ndarray, dead: np.ndarray
) -> tuple[tuple[int, int, float], ...]:
    if flat.shape[1] < 2:  # single numbers are always the same but for a factor
        return ()
    unit = torch.from_numpy((flat / np.where(dead, 1.0, norms)[:, None]).astype(np.float32))
    cosines = (unit @ unit.T).numpy()
    cosines[dead] = 0
    cosines[:, dead] = 0
    one, other = np.nonzero(np.triu(np.abs(cosines) > SAME, 1))
    order = np.argsort(-np.abs(cosines[one, other]), kind="stable")[:PAIRS]
    return tuple(
        (int(one[at]), int(other[at]), round(float(cosines[one[at], other[at]]), 4))
        for at in order.tolist()
    )
