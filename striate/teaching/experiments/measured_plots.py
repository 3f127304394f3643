"""The images of the experiments that change one thing and nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from striate.render import INK, PALE
from striate.render.confidence_bands import Band, draw_bands
from striate.teaching.experiments import (
    activation,
    dropout,
    initialisation,
    transfer,
)
from striate.teaching.experiments.experiment_result import Experiment, Measure, Outcome
from striate.teaching.experiments.moved_images import NOT_MOVED
from striate.teaching.experiments.plot_parts import (
    LINES,
    draw_dots,
    draw_layers,
    make_band,
    put_legend_below,
    set_title,
)
from striate.teaching.experiments.transfer_findings import (
    APART,
    ENERGY,
    FROZEN,
    LENDER_ENERGY,
    LENDER_SECONDS,
    SECONDS,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_pooling(figure: Figure, result: Experiment) -> None:
    """A panel for each move, in it a row for each pooling."""
    outcome = Outcome(result.points)
    moves = list(dict.fromkeys((point.across, point.condition) for point in result.points))
    panels = figure.subplots(1, len(moves), sharex=True, sharey=True)
    names = [network.name for network in result.networks]
    for axes, (far, condition) in zip(panels, moves, strict=True):
        draw_dots(axes, [outcome.point(name, condition) for name in names], LINES)
        set_title(axes, f"by {far:g} pixel{'' if far == 1 else 's'}" if far else condition)


def draw_stride(figure: Figure, result: Experiment) -> None:
    """Accuracy by stride, on images as they are and on moved ones; beside it that of pooling."""
    axes = figure.add_subplot()
    outcome = Outcome(result.points)
    conditions = list(dict.fromkeys(point.condition for point in result.points))
    names = [network.name for network in result.networks]
    bands = []
    for condition, line in zip(conditions, (LINES[1], LINES[0]), strict=True):
        found = [outcome.point(name, condition).accuracy for name in names[:-1]]
        label = condition if condition == NOT_MOVED else "moved by one pixel"
        bands.append(
            Band(
                label,
                range(len(found)),
                [each.mean for each in found],
                [each.ends[0] for each in found],
                [each.ends[1] for each in found],
                *line,
            )
        )
        pooled = outcome.point(names[-1], condition).accuracy
        low, high = pooled.ends
        if low < high:
            ends = [[pooled.mean - low], [high - pooled.mean]]
            axes.errorbar(len(found), pooled.mean, ends, color=line[0], capsize=4, linewidth=1.6)
        axes.plot(len(found), pooled.mean, line[1], color=line[0], markersize=6)
    draw_bands(axes, bands, title="The first convolution's stride", across="")
    labels = [
        f"{network.name.replace(', ', ',' + chr(10))}\n{network.macs:,}\nMACs"
        for network in result.networks
    ]
    axes.set_xticks(range(len(labels)), labels, fontsize=9)
    axes.set_ylim(0, 1.02)
    put_legend_below(figure, axes, 2)


def draw_dropout(figure: Figure, result: Experiment) -> None:
    """The gap between training and test images by size, without dropout and with it."""
    panels = figure.subplots(1, 2, sharey=True)
    for axes, kind in zip(panels, (dropout.WITHOUT, dropout.WITH), strict=True):
        mine = [each for each in result.points if dropout.parse_kind(each.network) == kind]
        bands = [
            make_band(condition, [each for each in mine if each.condition == condition], line)
            for condition, line in (
                (dropout.TRAINING, LINES[0]),
                (dropout.TEST, LINES[1]),
            )
        ]
        title = "without dropout" if kind == dropout.WITHOUT else kind
        draw_bands(axes, bands, title=title, across="units of each of the two layers")
        axes.set_xscale("log", base=2)
        axes.set_xticks(dropout.UNITS, [f"{units:,}" for units in dropout.UNITS])
        axes.minorticks_off()
        axes.get_legend().remove()
    put_legend_below(figure, panels[0], 2)


def draw_activation(figure: Figure, result: Experiment) -> None:
    """Accuracy by depth, and the gradient of every layer of the deepest networks."""
    left, right = figure.subplots(1, 2)
    outcome = Outcome(result.points, result.measures)
    bands, groups = [], []
    for name, line in zip(activation.WORDS, LINES, strict=True):
        mine = [each for each in result.points if activation.parse_activation(each.network) == name]
        bands.append(make_band(name, mine, line))
        deepest = activation.name_network(name, activation.DEPTHS[-1])
        groups.append((name, activation.take_gradients(outcome, deepest), line))
    draw_bands(left, bands, title="", across="layers")
    set_title(left, "accuracy")
    left.set_ylim(0, 1.02)
    left.set_xticks(activation.DEPTHS)
    draw_layers(right, groups, f"gradient at the start, {activation.DEPTHS[-1]} layers")
    put_legend_below(figure, left, 5)


def draw_initialisation(figure: Figure, result: Experiment) -> None:
    """Who learns, and what becomes of signal and gradient before the first step."""
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.1, 1, 1])
    outcome = Outcome(result.points, result.measures)
    names = list(initialisation.FACTORS)
    draw_dots(left, [outcome.point(name, "accuracy") for name in names], LINES[: len(names)])
    set_title(left, "accuracy")
    for axes, what, title in (
        (middle, initialisation.SIGNAL, "spread of the outputs"),
        (right, initialisation.GRADIENT, "gradient norm"),
    ):
        groups = [
            (name, initialisation.take_layers(outcome, name, what), line)
            for name, line in zip(names, LINES, strict=False)
        ]
        draw_layers(axes, groups, title)
        axes.set_xlabel("layer, before the first step", fontsize=9)


def draw_transfer(figure: Figure, result: Experiment) -> None:
    """Accuracy by images a class, and what each training took."""
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
    outcome = Outcome(result.points, result.measures)
    names = [network.name for network in result.networks]
    ways = list(dict.fromkeys(point.condition for point in result.points))
    bands = [
        make_band(name, [outcome.point(name, way) for way in ways], line)
        for name, line in zip(names, LINES, strict=False)
    ]
    draw_bands(left, bands, title="", across="images a class")
    set_title(left, "accuracy")
    left.set_xscale("log")
    left.set_xticks(list(map(transfer.parse_count, ways)), [way.split()[0] for way in ways])
    left.minorticks_off()
    known = any(each.name == ENERGY for each in result.measures)
    what, lender = (ENERGY, LENDER_ENERGY) if known else (SECONDS, LENDER_SECONDS)
    labels = []
    for way in ways:
        labels.append(way)
        for number, (name, line) in enumerate(zip(names, LINES, strict=False)):
            place = len(labels) - 1 + 0.22 * (number - (len(names) - 1) / 2)
            _draw_cost(right, outcome.measure(name, what, way), place, line)
    own = outcome.measure(FROZEN, lender, ways[0], APART)
    if own is not None:
        labels.append("lending\nnetwork, once")
        _draw_cost(right, own, len(labels) - 1, (INK, "D"))
    right.set_xscale("log")
    right.set_yticks(range(len(labels)), labels, fontsize=9)
    right.set_ylim(len(labels) - 0.5, -0.5)
    right.set_xlabel("mWh" if known else "seconds", fontsize=9)
    set_title(right, "electricity" if known else "time of training")
    right.grid(axis="x", color=PALE, alpha=0.35, linewidth=0.6)
    right.spines[["top", "right", "left"]].set_visible(False)
    right.tick_params(length=0, which="both", labelsize=9)
    put_legend_below(figure, left, len(names))


def _draw_cost(axes: Axes, measure: Measure | None, place: float, line: tuple[str, str]) -> None:
    """Draw a mean with its interval; where that begins at 0, it is cut at the edge."""
    if measure is None:
        return
    mean, (low, high) = measure.value.mean, measure.ends
    if low < high and not math.isnan(low):
        low = max(low, mean / 10)
        ends = [[mean - low], [high - mean]]
        axes.errorbar(mean, place, xerr=ends, color=line[0], capsize=3, linewidth=1.4)
    axes.plot(mean, place, line[1], color=line[0], markersize=6)
