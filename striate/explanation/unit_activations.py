"""The images of a folder that each unit of a network answers to: the results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from striate.data import Collection
from striate.errors import SettingError
from striate.terminal.dataframe import make_dataframe

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class RankedImages:
    """Some images of each unit of a layer; `unit_patches` cuts out what it saw there.

    Attributes:
        indices: int64 (units, k), indices into `TopActivations.names`.
        activations: float32 (units, k), the unit's answer: the largest number of its map.
    """

    indices: np.ndarray = field(repr=False)
    activations: np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class LayerActivations:
    """The units of one layer.

    Attributes:
        name: of the layer.
        map_size: (rows, columns) of its maps.
        top: the images in which each unit answers most, the first the most.
        bottom: in which it answers least.
        middle: in whose largest answer half of the images lie below, half above.
        mean_activation: float64 (units,), the mean over all images of the largest answer, 0 where
            it is negative.
        active_share: float64 (units,), the share of the images in which it answers above 0.
        class_means: float64 (units, classes), the same mean as `mean_activation`, of each class of
            the folder.
    """

    name: str
    map_size: tuple[int, int]
    top: RankedImages
    bottom: RankedImages
    middle: RankedImages
    mean_activation: np.ndarray = field(repr=False)
    active_share: np.ndarray = field(repr=False)
    class_means: np.ndarray = field(repr=False)

    @property
    def order(self) -> np.ndarray:
        """The units, the most used first."""
        return np.argsort(-self.mean_activation, kind="stable")

    @property
    def dead(self) -> tuple[int, ...]:
        """The units that answer above 0 in no image."""
        return tuple(np.flatnonzero(self.active_share == 0).tolist())

    @property
    def selectivity(self) -> np.ndarray:
        """How much each unit answers to one class alone: float64 (units,), 0 to 1.

        With m the mean answer to the class that it answers most to and r the mean of those to the
        others, (m - r) / (m + r); 0 for a unit that answers to none, or where there is one class.
        Morcos and others 2018, https://arxiv.org/abs/1803.06959.
        """
        classes = self.class_means.shape[1]
        if classes < 2:
            return np.zeros(len(self.class_means))
        most = self.class_means.max(1)
        rest = (self.class_means.sum(1) - most) / (classes - 1)
        return np.asarray((most - rest) / np.where(most + rest > 0, most + rest, 1.0))

    def top_classes(self, unit: int, count: int = 3) -> tuple[tuple[int, float], ...]:
        """Return (class, mean answer) of the classes that a unit answers most to."""
        means = self.class_means[unit]
        order = np.argsort(-means, kind="stable")[:count].tolist()
        return tuple((place, float(means[place])) for place in order if means[place] > 0)


@dataclass(frozen=True, eq=False)
class TopActivations:
    """The units of a network, and the images of a folder that they answer to.

    Attributes:
        names: of the images.
        labels: int64, the class of each.
        classes: of the folder; by the classifier's names where the folder has its ids.
        collection: the same images, to be opened again.
        layers: from the first to the last.
        n_ranked: how many images the weakest and those in the middle are of: all, unless that
            would take too much memory.
        notes: what was left out and why.
    """

    names: tuple[str, ...] = field(repr=False)
    labels: np.ndarray = field(repr=False)
    classes: tuple[str, ...]
    collection: Collection = field(repr=False)
    layers: tuple[LayerActivations, ...] = field(repr=False)
    n_ranked: int
    notes: tuple[str, ...] = ()

    def __getitem__(self, address: str) -> LayerActivations:
        """Return the units of a layer.

        Raises:
            SettingError: there are none of it.
        """
        for each in self.layers:
            if each.name == address:
                return each
        known = ", ".join(each.name for each in self.layers)
        raise SettingError(f"'{address}' was not looked at; expected one of {known}")

    @property
    def mean_activations(self) -> dict[str, np.ndarray]:
        """How strongly the units of each layer answer, by its address, as `filters` takes it."""
        return {each.name: each.mean_activation for each in self.layers}

    def to_pandas(self) -> DataFrame:
        """Return every unit's top images as a pandas DataFrame, the first the most activating.

        Raises:
            StriateError: pandas is not installed.
        """
        rows = (
            (layer.name, unit, rank, self.names[image], self.classes[self.labels[image]], value)
            for layer in self.layers
            for unit, images in enumerate(layer.top.indices.tolist())
            for rank, (image, value) in enumerate(
                zip(images, layer.top.activations[unit].tolist(), strict=True)
            )
        )
        return make_dataframe(("layer", "unit", "rank", "image", "class", "activation"), rows)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, every unit with its images."""
        return {
            "n": len(self.names),
            "classes": list(self.classes),
            "notes": list(self.notes),
            "layers": [
                {
                    "layer": layer.name,
                    "dead": list(layer.dead),
                    "units": [
                        {
                            "unit": unit,
                            "mean_activation": float(layer.mean_activation[unit]),
                            "active_share": float(layer.active_share[unit]),
                            "selectivity": selectivity,
                            "classes": {
                                self.classes[place]: mean for place, mean in layer.top_classes(unit)
                            },
                            "top": self._images(layer.top, unit),
                            "middle": self._images(layer.middle, unit),
                            "bottom": self._images(layer.bottom, unit),
                        }
                        for unit, selectivity in enumerate(layer.selectivity.tolist())
                    ],
                }
                for layer in self.layers
            ],
        }

    def _images(self, picked: RankedImages, unit: int) -> list[dict[str, str | float]]:
        return [
            {"image": self.names[image], "activation": value}
            for image, value in zip(
                picked.indices[unit].tolist(), picked.activations[unit].tolist(), strict=True
            )
        ]
