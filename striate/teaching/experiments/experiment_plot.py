"""The image of an experiment, as PNG and as SVG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from striate.render.confidence_bands import Band, draw_bands
from striate.render.figure_files import Still
from striate.teaching.experiments import filters, measured_plots, moved_images, shuffle
from striate.teaching.experiments.design import Pixels
from striate.teaching.experiments.experiment_images import Material
from striate.teaching.experiments.experiment_result import Experiment
from striate.teaching.experiments.plot_parts import LINES, make_band, show_image
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZES = {"pooling": (7.6, 3.4), "initialisation": (7.6, 3.2), "transfer": (7.6, 3.8)}
"""Inches, where they are not 7 x 4.2."""


def draw_experiment(result: Experiment, material: Material) -> dict[Path, bytes]:
    """Draw an experiment; give the content of each file by its path."""
    image = make_still(result, material)
    folder = Path(result.folder)
    svg = image.svg(title=result.question, description=" ".join(result.findings))
    return {
        folder / f"{result.name}.png": image.png(),
        folder / f"{result.name}.svg": svg.encode("utf-8"),
    }


def make_still(result: Experiment, material: Material) -> Still:
    """Return the drawing of an experiment."""
    pixels = material.pixels[material.split(0).test]
    ground = material.describe_shape().ground
    drawings: Mapping[str, Callable[[Figure], None]] = {
        "translation": lambda figure: _draw_translation(figure, result, pixels, ground),
        "shuffle": lambda figure: _draw_shuffle(figure, result, pixels),
        "depth": lambda figure: _draw_depth(figure, result),
        "filters": lambda figure: _draw_filters(figure, result),
        "pooling": lambda figure: measured_plots.draw_pooling(figure, result),
        "stride": lambda figure: measured_plots.draw_stride(figure, result),
        "activation": lambda figure: measured_plots.draw_activation(figure, result),
        "initialisation": lambda figure: measured_plots.draw_initialisation(figure, result),
        "dropout": lambda figure: measured_plots.draw_dropout(figure, result),
        "transfer": lambda figure: measured_plots.draw_transfer(figure, result),
    }
    width, height = SIZES.get(result.name, (7.0, 4.2))
    return Still(drawings[result.name], width, height)


def _draw_translation(
    figure: Figure, result: Experiment, pixels: Pixels, ground: tuple[int, ...]
) -> None:
    most = int(max(point.across for point in result.points))
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[3.2, 1]).ravel()
    axes = upper.add_subplot()
    bands = []
    for network, line in zip(result.networks, LINES, strict=False):
        mine = [point for point in result.points if point.network == network.name]
        bands.append(make_band(f"{network.name}\n{network.parameters:,} parameters", mine, line))
    title = "Trained in the middle, tested on moved images"
    draw_bands(axes, bands, title=title, across="moved by so many pixels")
    axes.set_ylim(0, 1.02)
    axes.set_xticks(range(most + 1))
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17)}
    axes.legend(frameon=False, fontsize=9, ncols=3, columnspacing=1.2, **below)
    shown = moved_images.place_on_canvas(pixels[:1], most, ground)
    for far, place in enumerate(lower.subplots(1, most + 1)):
        show_image(place, moved_images.shift(shown, far, far)[0])
        place.set_title(f"by {far}" if far else "as learnt", fontsize=9)


def _draw_shuffle(figure: Figure, result: Experiment, pixels: Pixels) -> None:
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[1, 1.9]).ravel()
    places = left.subplots(3, 2)
    order = shuffle.draw_permutation(pixels.shape[1] * pixels.shape[2], 0)
    changed = shuffle.shuffle_pixels(pixels[:3], order)
    for row, (before, after) in enumerate(zip(pixels[:3], changed, strict=True)):
        show_image(places[row, 0], before)
        show_image(places[row, 1], after)
    for column, name in enumerate((shuffle.AS_THEY_ARE, shuffle.SHUFFLED)):
        places[0, column].set_title(name, fontsize=9)
    axes = right.add_subplot()
    bands = []
    for number, (network, line) in enumerate(zip(result.networks, LINES, strict=False)):
        mine = [point for point in result.points if point.network == network.name]
        for place, point in enumerate(mine):
            spread = np.linspace(-0.03, 0.03, len(point.accuracies))
            at = place + 0.1 * number - 0.05
            axes.plot(at + spread, point.accuracies, ".", color=line[0], alpha=0.5, markersize=5)
            mean, (low, high) = point.accuracy.mean, point.accuracy.ends
            if low < high:
                axes.errorbar(at, mean, [[mean - low], [high - mean]], color=line[0], capsize=4)
        label = f"{network.name}, {network.parameters:,} parameters"
        centres = [place + 0.1 * number - 0.05 for place in range(len(mine))]
        middle = [point.accuracy.mean for point in mine]
        bands.append(Band(label, centres, middle, middle, middle, *line))
    draw_bands(axes, bands, title="One shuffle for all images", across="")
    axes.set_xticks([0, 1], [shuffle.AS_THEY_ARE, shuffle.SHUFFLED])
    axes.set_xlim(-0.4, 1.4)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.08))


def _draw_depth(figure: Figure, result: Experiment) -> None:
    axes = figure.add_subplot()
    bands = [make_band("", result.points, LINES[1])]
    draw_bands(axes, bands, title="The same parameters in more layers", across="")
    labels = [
        f"{format_percent(point.accuracy.mean)}\n{network.name}\n"
        f"sees {network.receptive_field}x{network.receptive_field}\n"
        f"{network.parameters:,}\nparameters"
        for network, point in zip(result.networks, result.points, strict=True)
    ]
    # the values stand below the axis, where no line runs through them
    axes.set_xticks([point.across for point in result.points], labels, fontsize=9)


def _draw_filters(figure: Figure, result: Experiment) -> None:
    axes = figure.add_subplot()
    bands = []
    sizes = {network.name: network.parameters for network in result.networks}
    for kind, line in zip((filters.ONCE, filters.TWICE), LINES, strict=False):
        mine = [point for point in result.points if filters.parse_kind(point.network) == kind]
        bands.append(make_band(kind, mine, line))
    draw_bands(axes, bands, title="More filters, and two small ones for a large one", across="")
    axes.set_xscale("log", base=2)
    labels = [
        f"{point.across:g} of 5x5\n{sizes[point.network]:,}\nparameters"
        for point in result.points
        if filters.parse_kind(point.network) == filters.ONCE
    ]
    axes.set_xticks(filters.COUNTS, labels, fontsize=9)
    axes.minorticks_off()
