"""From edges to objects: what some units of each layer look for, from the first to the last."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import SettingError
from striate.events import Callback, ignore
from striate.explanation.activation_maximisation import Climbing, Dream, dream
from striate.explanation.field_table import Fields
from striate.explanation.layer_filters import Filters, filters
from striate.explanation.receptive_fields import Field
from striate.explanation.shortcut_result import ShortcutReport
from striate.explanation.shortcut_search import where_it_looks
from striate.explanation.top_activations import LayerUnits, Strongest, strongest
from striate.explanation.unit_patches import Patch, patches
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter

OFTEN = 0.02  # of the images in which a unit must answer to be shown for its selectivity
ONE_IMAGE = Climbing(count=1)


@dataclass(frozen=True)
class Choice:
    """What is shown of the units of a network.

    Attributes:
        layers: how many, spread from the first to the last; 0 for all that were looked at.
        units: how many of each.
        dreams: whether an image is made for each.
        seed: of these images.
        shortcut: whether it is asked where the classifier looks, and shortcuts are hidden.
    """

    layers: int = 6
    units: int = 4
    dreams: bool = True
    seed: int = 0
    shortcut: bool = True


USUAL = Choice()


@dataclass(frozen=True, eq=False)
class UnitView:
    """One unit: what it answers to.

    Attributes:
        unit: its number.
        name: the class it stands for, in a last layer with a map for each; else "".
        strongest: the patches that it saw in its strongest images.
        middle: in those in the middle.
        weakest: in its weakest.
        classes: (name, mean answer) of the classes of the folder that it answers most to.
        fires: the share of the images in which it answers above 0.
        selectivity: how much it answers to one class alone, 0 to 1.
        dream: images made for it; None where they were not asked for.
    """

    unit: int
    name: str
    strongest: tuple[Patch, ...] = field(repr=False)
    middle: tuple[Patch, ...] = field(repr=False)
    weakest: tuple[Patch, ...] = field(repr=False)
    classes: tuple[tuple[str, float], ...]
    fires: float
    selectivity: float
    dream: Dream | None = field(repr=False)


@dataclass(frozen=True, eq=False)
class Level:
    """Some units of one layer.

    Attributes:
        address: of the layer.
        count: how many units it has.
        silent: how many of them answer to no image.
        seen: what a unit in the middle of its maps can see.
        units: those shown.
    """

    address: str
    count: int
    silent: int
    seen: Field
    units: tuple[UnitView, ...] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """What the units of a network look for, over a folder.

    Attributes:
        found: the strongest images of all units.
        levels: from the first layer to the last.
        filters: of every convolution.
        looks: where the classifier looks on the folder's images, and its shortcuts; None where
            that was not asked for or cannot be said.
        missing: what could not be shown, and why.
    """

    found: Strongest
    levels: tuple[Level, ...] = field(repr=False)
    filters: tuple[Filters, ...] = field(repr=False)
    looks: ShortcutReport | None = field(repr=False)
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON values, every unit of every layer that was looked at."""
        return {
            **self.found.as_json(),
            "shown": {level.address: [one.unit for one in level.units] for level in self.levels},
            "filters": [each.as_json() for each in self.filters],
            "looks": self.looks and self.looks.as_json(),
            "missing": list(self.missing),
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Give its arrays by name, as they go into an npz file."""
        found: dict[str, np.ndarray] = {"labels": self.found.labels}
        for layer in self.found.layers:
            found[f"strongest {layer.address}"] = layer.strongest.image
            found[f"answers {layer.address}"] = layer.strongest.value
            found[f"use {layer.address}"] = layer.use
            found[f"classes {layer.address}"] = layer.by_class
        for one in self.filters:
            found[f"filters {one.address}"] = one.weights
        for level in self.levels:
            for view in level.units:
                if view.dream is not None:
                    found[f"dream {level.address} unit {view.unit}"] = view.dream.images
        return found


def hierarchy(
    model: Classifier, data: str | Path, *, choice: Choice = USUAL, callback: Callback = ignore
) -> Hierarchy:
    """Look at a network over a folder: what its units look for, and where it looks as a whole.

    Of each layer half of the units shown are those that answer most to one class alone, half
    those that are used most.

    Args:
        model: the classifier.
        data: whatever training takes.
        choice: how much is shown.
        callback: is told the progress.

    Raises:
        DataError: there are no images that can be read.
        SettingError: the network has no maps, or a number makes no sense.

    Example: ``hierarchy(load("runs/photos"), "photos").levels[0].units``.
    """
    if choice.units < 1 or choice.layers < 0:
        raise SettingError(f"{choice.layers} layers, {choice.units} units; expected 1 or more")
    found = strongest(model, data, callback=callback)
    places = np.linspace(0, len(found.layers) - 1, choice.layers or len(found.layers))
    layers = [found.layers[at] for at in np.unique(places.round().astype(int)).tolist()]
    shown = {layer.address: some_units(layer, choice.units) for layer in layers}
    wanted = [(address, unit) for address, units in shown.items() for unit in units]
    reporter = ProgressReporter("cutting patches", callback, unit="parts")
    cut = {}
    for number, which in enumerate(("strongest", "middle", "weakest")):
        cut[which] = patches(model, found, wanted, which=which)  # type: ignore[arg-type]
        reporter(number + 1, 3)
    made: dict[tuple[str, int], Dream] = {}
    if choice.dreams:
        told = ProgressReporter("making images for units", callback, unit="units")
        climbing = replace(ONE_IMAGE, seed=choice.seed)
        for number, (address, unit) in enumerate(wanted):
            made[address, unit] = dream(model, address, unit, climbing=climbing)
            told(number + 1, len(wanted))
    fields = Fields(model)
    last = found.layers[-1]
    own = last if len(last.use) == len(model.classes) else None
    missing: list[str] = []
    looks = None
    if choice.shortcut:
        try:
            looks = where_it_looks(model, data, part="all", callback=callback)
        except SettingError as error:
            missing.append(f"where it looks: {error}")
    levels = tuple(
        Level(
            address=layer.address,
            count=len(layer.use),
            silent=len(layer.silent),
            seen=fields.of(layer.address, 0, layer.size[0] // 2, layer.size[1] // 2),
            units=tuple(
                UnitView(
                    unit=unit,
                    name=model.classes[unit] if layer is own else "",
                    strongest=cut["strongest"][layer.address, unit],
                    middle=cut["middle"][layer.address, unit],
                    weakest=cut["weakest"][layer.address, unit],
                    classes=tuple(
                        (found.classes[place], mean) for place, mean in layer.classes_of(unit)
                    ),
                    fires=float(layer.fires[unit]),
                    selectivity=float(layer.selectivity[unit]),
                    dream=made.get((layer.address, unit)),
                )
                for unit in shown[layer.address]
            ),
        )
        for layer in layers
    )
    return Hierarchy(found, levels, filters(model), looks, tuple(missing))


def some_units(layer: LayerUnits, count: int) -> tuple[int, ...]:
    """Choose units to show: the most selective of those that answer at all, and the most used.

    >>> from striate.explanation.top_activations import Picked
    >>> nothing = Picked(np.zeros((3, 1), int), np.zeros((3, 1)))
    >>> means = np.array([[9.0, 9.0], [4.0, 0.0], [3.0, 2.0]])
    >>> some_units(
    ...     LayerUnits("a", (2, 2), nothing, nothing, nothing, means.sum(1), np.ones(3), means), 2
    ... )
    (1, 0)
    """
    often = layer.fires >= OFTEN
    selective = np.argsort(-np.where(often, layer.selectivity, -1.0), kind="stable").tolist()
    used = layer.order.tolist()
    chosen: list[int] = []
    for source, most in ((selective, (count + 1) // 2), (used, count)):
        for unit in source:
            if len(chosen) == most:
                break
            if unit not in chosen and layer.fires[unit] > 0:
                chosen.append(unit)
    return tuple(chosen)
