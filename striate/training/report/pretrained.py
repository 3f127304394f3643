"""The part of a report on the trained network that a run started from."""

from __future__ import annotations

from striate.features.filter_shift import FilterShift
from striate.render.page import Html, element, join, paragraph, table, text
from striate.render.strip_plot import strips
from striate.terminal.units import format_percent
from striate.training.report.facts import Facts

MOST_ROWS = 80  # layers in the drawing


def transfer(facts: Facts) -> Html:
    """Say which body was kept, how its head was learnt, and what fine-tuning changed."""
    start = facts.start
    if start is None:
        return paragraph("The run started from scratch.")
    parts = [
        paragraph(
            f"The layers that look at images were trained before: {start.body}.",
            f"They say {start.features:,} numbers of an image, its features; from these a new "
            "last layer, the head, tells the classes.",
            "It was learnt by logistic regression, whose weight decay was chosen by "
            "cross-validation on the training images: the one with the lowest loss.",
        )
    ]
    rows = [
        (
            text(f"{one.strength:g}" + (" (chosen)" if one.strength == start.strength else "")),
            text(f"{one.loss:.4f}"),
            text(format_percent(one.accuracy)),
        )
        for one in start.tried
    ]
    header = tuple(map(text, ("weight decay", "loss", "told right")))
    parts.append(table(header, rows, label="Cross-validation of the head", numbers=(1, 2)))
    if start.moved is not None:
        parts.append(_moved(start.moved))
    return join(parts)


def _moved(found: FilterShift) -> Html:
    layers = found.layers
    if not any(layer.change for layer in layers):
        return paragraph(
            "Fine-tuning brought nothing that validation could see: the head alone was kept, and "
            "the body is as it was."
        )
    most = max(layers, key=lambda layer: layer.change)
    shown = [layer for layer in layers if layer.change][-MOST_ROWS:]
    drawing = strips(
        [(layer.name, layer.filters) for layer in shown],
        title="How far each filter moved",
        across="length of the change over that of the filter",
        description=f"The layer that moved most is {most.name}, by {most.change:.2%}.",
    )
    return join(
        [
            Html("<h3>What fine-tuning changed</h3>"),
            paragraph(
                "A dot is a filter, a bar the one in the middle of its layer; layers that were "
                "trained on, from the images down to the classes.",
                f"{most.name} moved most, by {most.change:.2%} of its length; moved.json has "
                "every number.",
            ),
            element("div", element("figure", Html(drawing)), kind="charts"),
        ]
    )
