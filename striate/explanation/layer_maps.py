"""The feature maps of every layer for one image, and beside them their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from torch import Tensor, nn

from striate.architecture.words import WORDS
from striate.errors import SettingError
from striate.explanation.hooks import gradients_of, record
from striate.explanation.image_grid import make_grid, show_image
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import TargetClass, resolve_target
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.render.map_strip import map_strip
from striate.terminal.dataframe import make_dataframe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from striate.model.image_input import ImageInput

ColorScale = Literal["layer", "block", "network"]
COLOR_SCALES: Final = ("layer", "block", "network")
NEARLY = 99.5  # per cent of the numbers that lie within a scale
SIDE = 84  # pixels of a map that is drawn
SAMPLED = 2**16  # numbers of a layer that its scale is taken from
POINTWISE = frozenset(  # words, and the classes of torch that they stand for
    name.lower()
    for word in WORDS.values()
    if word.pointwise
    for name in (word.word, *(kind.__name__ for kind in word.worked_sums()))
)
UNCHANGED = (nn.Dropout, nn.Dropout2d, nn.Flatten, nn.Identity)


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """What one layer gave for the image.

    Attributes:
        name: of the layer.
        kind: what it is.
        values: float32 (units, rows, columns), or (units,) for features.
        gradient: of the class's score (or the difference of two) with respect to each of them,
            alike; None where it was not asked for.
    """

    name: str
    kind: str
    values: np.ndarray = field(repr=False)
    gradient: np.ndarray | None = field(repr=False)

    @property
    def mean_activation(self) -> np.ndarray:
        """How strong each unit answers: the mean of its positive values, float64 (units,)."""
        positive = np.maximum(self.values, 0)
        axes = tuple(range(1, positive.ndim))
        return np.asarray(positive.mean(axes, dtype=np.float64) if axes else positive, np.float64)

    @property
    def order(self) -> np.ndarray:
        """The units, the strongest first; among those that are silent, the largest value first."""
        largest = self.values.reshape(len(self.values), -1).max(1)
        return np.lexsort((-largest, -self.mean_activation))

    @property
    def inactive_share(self) -> float:
        """The share of units that are 0 or below everywhere."""
        return float((self.values.reshape(len(self.values), -1).max(1) <= 0).mean())

    def plot(
        self, ax: Axes | None = None, *, n_units: int = 16, color_limit: float | None = None
    ) -> Axes:
        """Draw the maps of the units with the highest activations; return the matplotlib axes.

        Args:
            ax: the axes to draw into; None makes a new figure, `plot().figure`.
            n_units: how many, at most.
            color_limit: the size of a number that has the full colour; None takes the largest.

        Raises:
            SettingError: the layer gives features and no maps.
        """
        if self.values.ndim != 3:
            raise SettingError(
                f"'{self.name}' gives {len(self.values)} features and no maps to draw"
            )
        limit = color_limit or float(np.abs(self.values).max())
        units = self.order[:n_units]
        drawn = [map_strip(self.values[[unit]], reach=limit, side=SIDE) for unit in units]
        title = f"{self.name}: {len(units)} of {len(self.values)} units"
        return show_image(ax, make_grid(drawn), title=title)

    @property
    def low(self) -> float:
        """The lowest value."""
        return float(self.values.min())

    @property
    def high(self) -> float:
        """The highest value."""
        return float(self.values.max())


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """The maps of one image, layer by layer.

    Attributes:
        layers: in the order in which they work, up to the logits.
        color_scale: what one colour scale spans: "layer", "block" or "network".
        target: the class whose gradients are given; "" without.
        image: the image.
    """

    layers: tuple[LayerMaps, ...]
    color_scale: ColorScale
    target: str
    image: PreprocessedImage = field(repr=False)

    def __getitem__(self, address: str) -> LayerMaps:
        """Return the maps of a layer.

        Raises:
            SettingError: there are none of it.
        """
        for each in self.layers:
            if each.name == address:
                return each
        names = ", ".join(each.name for each in self.layers[:12])
        more = ", ..." if len(self.layers) > 12 else ""
        raise SettingError(f"there are no maps of '{address}'; expected one of {names}{more}")

    @cached_property
    def color_limits(self) -> dict[str, float]:
        """The size of a number that has the full colour, by the address of the layer.

        All but 0.5 % of the numbers of the layer, of its block or of the network (`span`) are at
        most so large.
        """
        names = {
            "layer": [each.name for each in self.layers],
            "block": [each.name.partition(".")[0] for each in self.layers],
            "network": ["" for _ in self.layers],
        }[self.color_scale]
        together: dict[str, list[np.ndarray]] = {}
        for name, each in zip(names, self.layers, strict=True):
            flat = each.values.ravel()
            together.setdefault(name, []).append(np.abs(flat[:: 1 + len(flat) // SAMPLED]))
        found = {}
        for name, parts in together.items():
            every = np.concatenate(parts)
            found[name] = float(np.percentile(every, NEARLY)) or float(every.max())
        return {each.name: found[name] for name, each in zip(names, self.layers, strict=True)}

    @property
    def mean_activations(self) -> dict[str, np.ndarray]:
        """How strong the units of each layer answer, by its address, as `filters` takes it."""
        return {each.name: each.mean_activation for each in self.layers}

    def plot(self, ax: Axes | None = None, *, layer: str | None = None, n_units: int = 16) -> Axes:
        """Draw the maps of one layer; return the matplotlib axes.

        Args:
            ax: the axes to draw into; None makes a new figure, `plot().figure`.
            layer: which; None takes the last with maps.
            n_units: how many units, those with the highest activations.

        Raises:
            SettingError: there is no such layer, or it has no maps.
        """
        spatial = [each.name for each in self.layers if each.values[0].size > 1]
        if layer is None and not spatial:
            raise SettingError("none of the layers gives maps to draw")
        own = self[spatial[-1] if layer is None else layer]
        return own.plot(ax, n_units=n_units, color_limit=self.color_limits[own.name])

    def to_pandas(self) -> DataFrame:
        """Return every unit of every layer as a pandas DataFrame, with its mean and largest value.

        Raises:
            StriateError: pandas is not installed.
        """
        rows = (
            (each.name, unit, mean, largest)
            for each in self.layers
            for unit, (mean, largest) in enumerate(
                zip(
                    each.mean_activation.tolist(),
                    each.values.reshape(len(each.values), -1).max(1).tolist(),
                    strict=True,
                )
            )
        )
        return make_dataframe(("layer", "unit", "mean_activation", "max_activation"), rows)

    def as_json(self) -> dict[str, Any]:
        """Return what there is to say of each layer; the maps themselves are arrays."""
        return {
            "target": self.target,
            "color_scale": self.color_scale,
            "layers": [
                {
                    "layer": each.name,
                    "kind": each.kind,
                    "shape": list(each.values.shape),
                    "low": each.low,
                    "high": each.high,
                    "inactive_share": each.inactive_share,
                    "mean_activation": each.mean_activation.tolist(),
                }
                for each in self.layers
            ],
        }


def feature_maps(
    model: ClassifierLike,
    image: ImageInput | PreprocessedImage,
    layers: Sequence[str] | None = None,
    *,
    target: TargetClass = None,
    against: TargetClass = None,
    gradients: bool = False,
    color_scale: ColorScale = "layer",
) -> FeatureMaps:
    """Return the feature maps of every layer for one image.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        image: whatever `Classifier.predict` takes.
        layers: addresses; None takes every layer that changes what comes in.
        target: the class whose logit the gradients are of, by name or index; None takes the most
            probable.
        against: another class, whose logit is taken off.
        gradients: whether they are given.
        color_scale: what shares a colour scale: the maps of a layer, of a block, or all.

    Raises:
        ClassifierError: the classifier cannot be opened.
        ImageError: the image cannot be read.
        SettingError: there is no such layer, class or span, or no gradient arrives.

    >>> from striate.backends.torch import build
    >>> from striate.model.classifier import Classifier
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 3 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> found = feature_maps(model, np.eye(8), gradients=True)
    >>> [each.name for each in found.layers], found["relu1"].gradient.shape
    (['conv1', 'relu1', 'gap1', 'fc1'], (3, 8, 8))
    """
    model = open_classifier(model)
    if color_scale not in COLOR_SCALES:
        raise SettingError(f"color scale '{color_scale}': expected {', '.join(COLOR_SCALES)}")
    image = PreprocessedImage.read(model, image)
    passed = record(model.module, image.tensor, layers, gradients=gradients)
    logits = passed.output[0].detach().float().cpu().numpy()
    chosen = resolve_target(model, target, against, logits=logits)
    calls = [
        call
        for call in passed.calls
        if call.output.ndim in (2, 4)
        and (layers is not None or not isinstance(call.module, UNCHANGED))
    ]
    slopes: list[Tensor | None] = [None] * len(calls)
    if gradients:
        slopes[:] = gradients_of(chosen.score(passed.output), [call.output for call in calls])
    return FeatureMaps(
        layers=tuple(
            LayerMaps(
                name=call.name,
                kind=type(call.module).__name__,
                values=_numbers(call.output),
                gradient=None if slope is None else _numbers(slope),
            )
            for call, slope in zip(calls, slopes, strict=True)
        ),
        color_scale=color_scale,
        target=chosen.name if gradients else "",
        image=image,
    )


def select_block_outputs(layers: Sequence[tuple[str, str, tuple[int, ...]]]) -> tuple[str, ...]:
    """Return the layers that tell most: the last spatial layer of each block.

    A layer that a pointwise one of the same shape follows, as bn and ReLU follow a convolution, is
    left out for that one.

    Args:
        layers: (address, word, shape of the output) in the order in which they work.

    >>> block = [("a.conv1", "conv", (4, 8, 8)), ("a.relu1", "relu", (4, 8, 8))]
    >>> select_block_outputs([*block, ("conv1", "conv", (4, 8, 8)), ("bn1", "bn", (4, 8, 8))])
    ('a.relu1', 'bn1')
    """
    kept: list[tuple[str, tuple[int, ...]]] = []
    for address, word, shape in layers:
        if len(shape) != 3 or shape[1] * shape[2] < 2 or word.lower() in ("dropout", "identity"):
            continue
        block, _, own = address.rpartition(".")
        if kept and word.lower() in POINTWISE and kept[-1][1] == shape:
            kept.pop()
        # the layers of a sequence are numbered, those of a block have names
        while kept and block and not own.isdecimal() and kept[-1][0].startswith(f"{block}."):
            kept.pop()
        kept.append((address, shape))
    return tuple(address for address, _ in kept)


def _numbers(values: Tensor) -> np.ndarray:
    return np.asarray(values[0].detach().float().cpu().numpy())
