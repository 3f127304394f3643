"""From edges to objects: what some units of each layer look for, from the first to the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import SettingError
from striate.events import Callback
from striate.explanation.activation_maximization import (
    FeatureVisualization,
    VisualizationSettings,
    visualize_unit,
)
from striate.explanation.image_ranking import top_activations
from striate.explanation.layer_filters import LayerFilters, filters
from striate.explanation.receptive_field_table import ReceptiveFieldTable
from striate.explanation.receptive_fields import Rectangle
from striate.explanation.shortcut_result import ShortcutReport
from striate.explanation.shortcut_search import find_shortcuts
from striate.explanation.unit_activations import LayerActivations, TopActivations
from striate.explanation.unit_patches import Patch, crop_patches
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.ctrl_c import stop_on_ctrl_c
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

OFTEN = 0.02  # of the images in which a unit must answer to be shown for its selectivity
CLASSES = 8  # at most that a unit is shown of, at the top of the page
ONE_IMAGE = VisualizationSettings(count=1)


@dataclass(frozen=True)
class UnitSelection:
    """What is shown of the units of a network.

    Attributes:
        layers: how many, spread from the first to the last; 0 for all that were looked at.
        units: how many of each.
        visualize: whether an image is made for each.
        seed: of these images.
        shortcuts: whether it is asked where the classifier looks, and shortcuts are hidden.
    """

    layers: int = 6
    units: int = 4
    visualize: bool = True
    seed: int = 0
    shortcuts: bool = True


USUAL = UnitSelection()


@dataclass(frozen=True, eq=False)
class UnitView:
    """One unit: what it answers to.

    Attributes:
        unit: its number.
        name: the class it stands for, in a last layer with a map for each; else "".
        top: the patches that it saw in its top images.
        middle: in those in the middle.
        bottom: in its weakest.
        classes: (name, mean answer) of the classes of the folder that it answers most to.
        active_share: the share of the images in which it answers above 0.
        selectivity: how much it answers to one class alone, 0 to 1.
        visualization: images made for it; None where they were not asked for.
    """

    unit: int
    name: str
    top: tuple[Patch, ...] = field(repr=False)
    middle: tuple[Patch, ...] = field(repr=False)
    bottom: tuple[Patch, ...] = field(repr=False)
    classes: tuple[tuple[str, float], ...]
    active_share: float
    selectivity: float
    visualization: FeatureVisualization | None = field(repr=False)


@dataclass(frozen=True, eq=False)
class LayerView:
    """Some units of one layer.

    Attributes:
        name: of the layer.
        n_units: how many units it has.
        n_dead: how many of them answer to no image.
        receptive_field: what a unit in the middle of its maps can see.
        units: those shown.
    """

    name: str
    n_units: int
    n_dead: int
    receptive_field: Rectangle
    units: tuple[UnitView, ...] = field(repr=False)


@dataclass(frozen=True, eq=False)
class UnitInspection:
    """What the units of a network look for, over a folder.

    Attributes:
        activations: the top images of all units.
        layers: from the first layer to the last.
        class_units: of the last layer, for some classes the unit that is most selective for it.
        filters: of every convolution.
        shortcuts: where the classifier looks on the folder's images, and its shortcuts; None where
            that was not asked for or cannot be said.
        unavailable: what could not be shown, and why.
        left_out: what was not asked for, since it takes seconds.
    """

    activations: TopActivations
    layers: tuple[LayerView, ...] = field(repr=False)
    filters: tuple[LayerFilters, ...] = field(repr=False)
    shortcuts: ShortcutReport | None = field(repr=False)
    unavailable: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    class_units: tuple[UnitView, ...] = field(default=(), repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, every unit of every layer that was looked at."""
        return {
            **self.activations.as_json(),
            "class_units": {one.classes[0][0]: one.unit for one in self.class_units},
            "shown": {level.name: [one.unit for one in level.units] for level in self.layers},
            "filters": [each.as_json() for each in self.filters],
            "shortcuts": self.shortcuts and self.shortcuts.as_json(),
            "unavailable": list(self.unavailable),
            "left_out": list(self.left_out),
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Return its arrays by name, as they go into an npz file."""
        found: dict[str, np.ndarray] = {"labels": self.activations.labels}
        for layer in self.activations.layers:
            found[f"top {layer.name}"] = layer.top.indices
            found[f"activations {layer.name}"] = layer.top.activations
            found[f"mean activation {layer.name}"] = layer.mean_activation
            found[f"class means {layer.name}"] = layer.class_means
        for one in self.filters:
            found[f"filters {one.name}"] = one.weights
        for level in self.layers:
            for view in level.units:
                if view.visualization is not None:
                    found[f"visualization {level.name} unit {view.unit}"] = (
                        view.visualization.images
                    )
        return found


def inspect_units(
    model: ClassifierLike,
    data: str | Path,
    *,
    selection: UnitSelection = USUAL,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> UnitInspection:
    """Return what a network's units look for over a folder, and where it looks as a whole.

    Of each layer half of the units shown are those that answer most to one class alone, half
    those that are used most.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        data: whatever training takes.
        selection: how much is shown.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told the progress as well.

    Raises:
        ClassifierError: the classifier cannot be opened.
        DataError: there are no images that can be read.
        SettingError: the network has no maps, or a number makes no sense.

    Example: ``inspect_units(load("runs/photos"), "photos").layers[0].units``.
    """
    with display_progress(progress, callback) as tell:
        return _inspect_units(open_classifier(model), data, selection=selection, callback=tell)


def _inspect_units(
    model: Classifier,
    data: str | Path,
    *,
    selection: UnitSelection,
    callback: Callback,
) -> UnitInspection:
    if selection.units < 1 or selection.layers < 0:
        raise SettingError(
            f"{selection.layers} layers, {selection.units} units; expected 1 or more"
        )
    found = top_activations(model, data, callback=callback)
    places = np.linspace(0, len(found.layers) - 1, selection.layers or len(found.layers))
    layers = [found.layers[int(at)] for at in np.unique(places.round().astype(int)).tolist()]
    shown = {layer.name: select_units(layer, selection.units) for layer in layers}
    last = found.layers[-1]
    telling = select_class_units(last)
    wanted = [(address, unit) for address, units in shown.items() for unit in units]
    cut_out = [*wanted, *((last.name, unit) for unit in telling if (last.name, unit) not in wanted)]
    reporter = ProgressReporter("cutting patches", callback, unit="parts")
    cut = {}
    for number, which in enumerate(("top", "middle", "bottom")):
        cut[which] = crop_patches(model, found, cut_out, rank=which)  # type: ignore[arg-type]
        reporter(number + 1, 3)
    made = _visualize(model, wanted, selection.seed, callback) if selection.visualize else {}
    fields = ReceptiveFieldTable(model)
    own = last if len(last.mean_activation) == len(model.classes) else None
    missing: list[str] = []
    looks = None
    stopped = selection.visualize and len(made) < len(wanted)
    if stopped:
        left = f"images for {len(wanted) - len(made)} of {len(wanted)} units"
        looking = ", where the classifier looks and its shortcuts" if selection.shortcuts else ""
        missing.append(f"{left}{looking}: stopped by Ctrl-C")
    elif selection.shortcuts:
        try:
            looks = find_shortcuts(model, data, split="all", callback=callback)
        except SettingError as error:
            missing.append(f"where it looks: {error}")

    def view(layer: LayerActivations, unit: int) -> UnitView:
        return UnitView(
            unit=unit,
            name=model.classes[unit] if layer is own else "",
            top=cut["top"][layer.name, unit],
            middle=cut["middle"][layer.name, unit],
            bottom=cut["bottom"][layer.name, unit],
            classes=tuple((found.classes[place], mean) for place, mean in layer.top_classes(unit)),
            active_share=float(layer.active_share[unit]),
            selectivity=float(layer.selectivity[unit]),
            visualization=made.get((layer.name, unit)),
        )

    levels = tuple(
        LayerView(
            name=layer.name,
            n_units=len(layer.mean_activation),
            n_dead=len(layer.dead),
            receptive_field=fields.rectangle(
                layer.name, 0, layer.map_size[0] // 2, layer.map_size[1] // 2
            ),
            units=tuple(view(layer, unit) for unit in shown[layer.name]),
        )
        for layer in layers
    )
    return UnitInspection(
        activations=found,
        layers=levels,
        filters=filters(model),
        shortcuts=looks,
        unavailable=tuple(missing),
        left_out=(
            *(() if selection.visualize else ("images made for units",)),
            *(() if selection.shortcuts else ("where the classifier looks, and its shortcuts",)),
        ),
        class_units=tuple(view(last, unit) for unit in telling),
    )


def _visualize(
    model: Classifier, wanted: Sequence[tuple[str, int]], seed: int, callback: Callback
) -> dict[tuple[str, int], FeatureVisualization]:
    """Make an image for each unit; Ctrl-C ends it with those that are made."""
    made: dict[tuple[str, int], FeatureVisualization] = {}
    drawn = ProgressReporter("making images for units", callback, unit="units")
    climbing = replace(ONE_IMAGE, seed=seed)
    with stop_on_ctrl_c() as stop:
        for address, unit in wanted:
            if stop.asked:
                break
            made[address, unit] = visualize_unit(
                model, address, unit, settings=climbing, progress=False
            )
            drawn(len(made), len(wanted))
    return made


def select_units(layer: LayerActivations, count: int) -> tuple[int, ...]:
    """Return the units to show: the most selective of those that answer at all, and the most used.

    >>> from striate.explanation.unit_activations import RankedImages
    >>> nothing = RankedImages(np.zeros((3, 1), int), np.zeros((3, 1)))
    >>> means, rates = np.array([[9.0, 9.0], [4.0, 0.0], [3.0, 2.0]]), np.ones(3)
    >>> kept = (nothing, nothing, nothing)
    >>> select_units(LayerActivations("a", (2, 2), *kept, means.sum(1), rates, means), 2)
    (1, 0)
    """
    often = layer.active_share >= OFTEN
    selective = np.argsort(-np.where(often, layer.selectivity, -1.0), kind="stable").tolist()
    used = layer.order.tolist()
    chosen: list[int] = []
    for source, most in ((selective, (count + 1) // 2), (used, count)):
        for unit in source:
            if len(chosen) == most:
                break
            if unit not in chosen and layer.active_share[unit] > 0:
                chosen.append(unit)
    return tuple(chosen)


def select_class_units(layer: LayerActivations) -> tuple[int, ...]:
    """Return for some classes the unit most selective for it, the most selective first.

    >>> from striate.explanation.unit_activations import RankedImages
    >>> nothing = RankedImages(np.zeros((3, 1), int), np.zeros((3, 1)))
    >>> means, rates = np.array([[9.0, 8.0], [4.0, 0.0], [1.0, 2.0]]), np.ones(3)
    >>> kept = (nothing, nothing, nothing)
    >>> select_class_units(LayerActivations("a", (2, 2), *kept, means.sum(1), rates, means))
    (1, 2)
    """
    if layer.class_means.shape[1] < 2:
        return ()
    kept: dict[int, int] = {}
    for unit in np.argsort(-layer.selectivity, kind="stable").tolist():
        if layer.active_share[unit] >= OFTEN and layer.selectivity[unit] > 0:
            kept.setdefault(int(layer.class_means[unit].argmax()), unit)
        if len(kept) == CLASSES:
            break
    return tuple(kept.values())
