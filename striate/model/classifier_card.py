"""A classifier as a notebook shows it: a card of what it is and what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from striate.model.json_value import Json
from striate.render.notebook import Folded, Text, to_html
from striate.terminal.escape import escape_controls
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from striate.model.classifier import Classifier

SHOWN = 20  # classes that are named


def make_card(model: Classifier) -> str:
    """Return the card as HTML.

    Args:
        model: the classifier.
    """
    names = [escape_controls(name) for name in model.classes[:SHOWN]]
    more = f" and {len(model.classes) - SHOWN:,} more" if len(model.classes) > SHOWN else ""
    kind = "grey" if model.preprocess.channels == 1 else "colour"
    size = f"{model.preprocess.height}x{model.preprocess.width}"
    lines = [
        f"classes: {', '.join(names)}{more}",
        f"takes: {kind} images of any size, made {size} ({model.preprocess.fit})",
        f"has learnt: {model.parameters:,} parameters",
        *_describe_training(model),
        *_describe_accuracy(model.metrics),
    ]
    network = Text(model.text or "a torch module", kind="pre")
    return to_html(
        Text("", strong=f"Classifier of {len(model.classes):,} classes"),
        Text("\n".join(lines), kind="ul"),
        Folded("its network", (network,)),
    )


def _describe_training(model: Classifier) -> list[str]:
    origin = model.origin
    name = model.data.get("name")
    if origin.backbone is not None:
        return [f"began with: {origin.backbone}", *([f"from the images: {name}"] if name else [])]
    return [f"from the images: {name}"] if name else []


def _describe_accuracy(metrics: Mapping[str, Json]) -> list[str]:
    names = ("accuracy", "accuracy_low", "accuracy_high")
    shares = [share for name in names if isinstance(share := metrics.get(name), (float, int))]
    if not shares:
        return []
    told = f"accuracy: {format_percent(shares[0])}"
    if len(shares) == len(names):
        told += f" (95 % interval {format_percent(shares[1])} to {format_percent(shares[2])})"
    return [f"{told} on {escape_controls(str(metrics.get('evaluated', 'images')))}"]
