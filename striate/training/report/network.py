"""The report's network: its text and its table, and how its training went."""

from __future__ import annotations

from collections.abc import Sequence

from striate.architecture.diagram.drawing import draw_architecture
from striate.architecture.layer_table import Summary
from striate.events import Epoch
from striate.render import BLUE, GREEN, ORANGE, Curve, curves
from striate.render.page import Html, element, join, paragraph, table, text
from striate.terminal.units import format_percent
from striate.training.report.facts import Facts

WIDE, NARROW = 940, 350  # pixels; which of the two a screen shows is said in page.css


def summary(facts: Facts) -> Html:
    """Show the network's text and, layer by layer, what it makes, costs and sees."""
    whole = facts.summary
    if whole is None:
        return paragraph("This network was built in Python and has no text in the notation.")
    notation = facts.notation or str(facts.run.get("network", ""))
    rows = [
        [
            text(row.name),
            text(row.text),
            text(shape(row.output)),
            _count(row.parameters),
            _count(row.macs),
            text(field_of_view(row.receptive_field)),
        ]
        for row in whole.layers
    ]
    total = [
        text("in all"),
        text(""),
        text(""),
        text(f"{whole.parameters:,}"),
        text(f"{whole.macs:,}"),
        text(""),
    ]
    names = ("layer", "what it is", "output", "parameters", "MACs", "sees")
    return join(
        [
            paragraph(
                f"It takes images of {shape(whole.input)} (channels × rows × columns), holds "
                f"{whole.parameters:,} learned numbers (parameters) and needs "
                f"{whole.macs:,} multiply-accumulates (MACs) for one image.",
            ),
            *(
                [
                    paragraph("Written in the notation, where > means “then”:"),
                    Html(f"<pre><code>{text(notation)}</code></pre>"),
                ]
                if notation
                else []
            ),
            _drawn(whole),
            table(
                [text(label) for label in names],
                rows,
                total=total,
                label="The network, layer by layer",
                numbers=(2, 3, 4, 5),
                tall=len(rows) > 30,
            ),
            paragraph(
                "A MAC is one multiplication and one addition; convolutions and full connections "
                "are counted. “Sees” is the receptive field: the patch of the image, in pixels, "
                "that one value of the layer depends on; it may reach beyond the image's edge.",
                kind="small",
            ),
        ]
    )


def _drawn(whole: Summary) -> Html:
    """Show the architecture diagram, in as many rows as the screen's width asks for."""
    drawings = [
        element("div", Html(draw_architecture(whole, width=width)), kind=kind)
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    ]
    return element("figure", join(drawings), kind="volumes")


def _count(value: int) -> Html:
    return text(f"{value:,}") if value else Html('<span class="none">0</span>')


def shape(sizes: Sequence[int]) -> str:
    """Write a shape for people.

    >>> shape((3, 224, 224))
    '3 × 224 × 224'
    """
    return " × ".join(f"{size:,}" for size in sizes)


def field_of_view(side: int | tuple[int, int]) -> str:
    """Write a receptive field for people: one side, or rows and columns where they differ.

    >>> field_of_view(7), field_of_view((7, 9))
    ('7 × 7', '7 × 9')
    """
    return shape((side, side) if isinstance(side, int) else side)


def training(facts: Facts) -> Html:
    """Show losses, accuracies and learning rate over the epochs, the kept one marked."""
    epochs = facts.epochs
    if not epochs:
        return paragraph("No epoch was finished, so there are no curves.")
    kept = max((place for place, epoch in enumerate(epochs) if epoch.best), default=None)
    drawings = [element("figure", Html(svg)) for svg in _drawings(epochs, kept)]
    many = "was 1" if len(epochs) == 1 else f"were {len(epochs):,}"
    said = [f"An epoch is one pass over all training images; there {many}."]
    if kept is not None:
        best = epochs[kept]
        said.append(
            f"The state after epoch {best.epoch} was kept, with "
            f"{format_percent(best.val_accuracy)} of the validation images told right "
            f"and a validation loss of {best.val_loss:.3f}."
        )
    reading = [
        Html("<h3>How to read the curves</h3>"),
        paragraph(
            "Both losses should fall. Where the validation loss turns upward while the training "
            "loss goes on falling, the network learns its training images by heart.",
        ),
        paragraph(
            "The training curves are of changed images and, for the loss, of softened targets, "
            "so they may look worse than the validation curves.",
        ),
        paragraph(f"In the last epoch: {epochs[-1].images_per_second:,.0f} images a second."),
    ]
    cells = [*drawings, element("div", join(reading), kind="reading")]
    return join([paragraph(*said), element("div", join(cells), kind="charts")])


def _drawings(epochs: Sequence[Epoch], kept: int | None) -> list[str]:
    marked = None if kept is None else kept + 1
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
        curves(
            losses,
            title="Loss (lower is better)",
            across="epoch",
            marked=marked,
            description=f"Training loss from {first.train_loss:.3f} to {last.train_loss:.3f}, "
            f"validation loss from {first.val_loss:.3f} to {last.val_loss:.3f}.",
        ),
        curves(
            accuracies,
            title="Share told right",
            across="epoch",
            marked=marked,
            as_percent=True,
            description=f"Validation accuracy from {format_percent(first.val_accuracy)} to "
            f"{format_percent(last.val_accuracy)}.",
        ),
        curves(
            rates,
            title="Learning rate (size of the steps)",
            across="epoch",
            description=f"From {first.learning_rate:.2g} to {last.learning_rate:.2g}.",
        ),
    ]
