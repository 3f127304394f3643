"""The drawings of the report."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from striate.events import Epoch
from striate.features.filter_shift import LayerShift
from striate.render import BLUE, GREEN, ORANGE, Curve, draw_line_plot
from striate.render.strip_plot import draw_strip_plot
from striate.terminal.units import format_percent
from striate.training.health import CheckUp

COLOURS = (BLUE, GREEN, ORANGE)
MOST_ROWS = 80  # layers in the drawing of what moved


def draw_training(epochs: Sequence[Epoch], kept: Epoch | None) -> list[Markup]:
    """Draw losses, accuracies and learning rate over the epochs, the kept one marked."""
    marked = None if kept is None else epochs.index(kept) + 1
    losses = [
        Curve("training", [epoch.train_loss for epoch in epochs], BLUE, dashed=True),
        Curve("validation", [epoch.val_loss for epoch in epochs], ORANGE),
    ]
    accuracies = [
        Curve("training", [epoch.train_accuracy for epoch in epochs], BLUE, dashed=True),
        Curve("validation", [epoch.val_accuracy for epoch in epochs], ORANGE),
    ]
    rates = [Curve("learning rate", [epoch.learning_rate for epoch in epochs], GREEN)]
    first, last = epochs[0], epochs[-1]
    return [
        draw_line_plot(
            losses,
            title="Loss (lower is better)",
            across="epoch",
            marked=marked,
            description=f"Training loss from {first.train_loss:.3f} to {last.train_loss:.3f}, "
            f"validation loss from {first.val_loss:.3f} to {last.val_loss:.3f}.",
        ),
        draw_line_plot(
            accuracies,
            title="Accuracy (higher is better)",
            across="epoch",
            marked=marked,
            scale="percent",
            description=f"Validation accuracy from {format_percent(first.val_accuracy)} to "
            f"{format_percent(last.val_accuracy)}.",
        ),
        draw_line_plot(
            rates,
            title="Learning rate (size of the steps)",
            across="epoch",
            description=f"From {first.learning_rate:.2g} to {last.learning_rate:.2g}.",
        ),
    ]


def draw_health(checkups: Sequence[CheckUp]) -> list[Markup]:
    """Draw gradients and steps of the first, a middle and the last layer, and dead units."""
    places = [one.epoch for one in checkups]
    layers = [{layer.address: layer for layer in one.layers} for one in checkups]
    every = list(layers[0])
    shown = [every[place] for place in sorted({0, len(every) // 2, len(every) - 1})]
    gradients, steps = (
        [
            Curve(
                address,
                [getattr(one[address], what) for one in layers],
                colour,
                dashed=colour == BLUE,
            )
            for colour, address in zip(COLOURS, shown, strict=False)
        ]
        for what in ("gradient", "update")
    )
    drawn = [
        draw_line_plot(
            gradients,
            places=places,
            scale="log",
            title="Gradient norm of the weights",
            across="epoch",
            description="The norm of the gradient of the first, a middle and the last layer.",
        ),
        draw_line_plot(
            steps,
            places=places,
            scale="log",
            title="Update ratio (step over weights)",
            across="epoch",
            description="How far the last step of an epoch moves the weights; 0.001 is usual.",
        ),
    ]
    if checkups[-1].bends:
        dead, flat = (
            [max((getattr(b, what) for b in one.bends), default=0.0) for one in checkups]
            for what in ("dead", "saturated")
        )
        rest = [Curve("dead", dead, ORANGE)]
        if max(flat) > 0:
            rest.append(Curve("saturated", flat, BLUE, dashed=True))
        drawn.append(
            draw_line_plot(
                rest,
                places=places,
                scale="whole",
                title="Dead units, in the worst layer",
                across="epoch",
                description=f"At the end {dead[-1] * 100:.0f} % of the units are 0 for all images.",
            )
        )
    return drawn


def draw_filter_shift(layers: Sequence[LayerShift]) -> tuple[LayerShift, Markup]:
    """Give the layer that fine-tuning moved most, and draw how far each filter of each moved."""
    most = max(layers, key=lambda layer: layer.change)
    shown = [layer for layer in layers if layer.change][-MOST_ROWS:]
    return most, draw_strip_plot(
        [(layer.name, layer.filters) for layer in shown],
        title="How far each filter moved",
        across="length of the change over that of the filter",
        description=f"The layer that moved most is {most.name}, by {most.change * 100:.2f} %.",
    )
