"""The specimen of a folder: what the units of a network look for, from edges to objects."""

from __future__ import annotations

from striate.explanation.activation_maximization import FeatureVisualization
from striate.explanation.unit_inspection import LayerView, UnitInspection, UnitView
from striate.explanation.unit_patches import Patch
from striate.render import data_uri
from striate.render.number_cells import number
from striate.render.page import Html, element, join, name, paragraph, table, text
from striate.terminal.units import format_percent

SIDE = 96  # pixels of a patch
DREAM = 200  # of an image made for a unit
SILENT = 12  # units that are named, a layer


def hierarchy(found: UnitInspection) -> Html:
    """Show some units of each layer, with what they saw where they answered most."""
    dreams = any(one.visualization for level in found.layers for one in level.units)
    said = [
        "Each row is a unit. Left the patches that it saw in its nine strongest images of the "
        "folder, cut out by what it can see; right of them what it saw in images in the middle "
        "and in the weakest. What the nine have in common is what the unit looks for.",
    ]
    if dreams:
        said.append(
            "Last an image made for it: the network was climbed from noise to what the unit "
            "answers to most. It shows what the unit would like to see, not what there is."
        )
    said.append(
        "First layers look for colours and edges, later ones for textures and parts, the last "
        "ones for whole things. Of each layer half of the units are those that answer most to one "
        "class alone, half those that are used most."
    )
    return join([paragraph(*said), *(_level(level) for level in found.layers)])


def _level(level: LayerView) -> Html:
    silent = f"; {level.n_dead:,} answer to no image" if level.n_dead else ""
    head = (
        f"<h3>{text(level.name)}</h3>"
        f"<p class=small>{level.n_units:,} units, each sees {level.receptive_field.height} × "
        f"{level.receptive_field.width} pixels of the network's input{silent}.</p>"
    )
    return Html(head + join(_unit(one) for one in level.units))


def _unit(one: UnitView) -> Html:
    parts = [
        _row("strongest", one.top),
        _row("middle", one.middle),
        _row("weakest", one.bottom),
    ]
    if one.visualization is not None:
        parts.append(_dream(one.visualization, one.top))
    label = f" ({name(one.name)})" if one.name else ""
    said = [
        f"<b>unit {one.unit}</b>{label}",
        f"answers in {format_percent(one.active_share)} of the images",
    ]
    if one.classes:
        names = ", ".join(f"{name(label)} ({number(mean)})" for label, mean in one.classes)
        said.append(f"most to {names} (selectivity {one.selectivity:.2f})")
    return Html(
        f'<div class="unit"><p>{"; ".join(said)}</p><div class="looks">{join(parts)}</div></div>'
    )


def _row(title: str, shown: tuple[Patch, ...]) -> Html:
    images = join(
        Html(
            f'<img src="{data_uri(each.pixels, side=SIDE)}" '
            f'alt="{text(f"{each.label}: {each.name}")}" '
            f'title="{text(f"{number(each.activation)}: {each.name}")}">'
        )
        for each in shown
    )
    ends = f"{number(shown[0].activation)} to {number(shown[-1].activation)}" if shown else "none"
    return element(
        "figure",
        Html(f"<div>{images}</div><figcaption>{title}: {ends}</figcaption>"),
        kind=title,
    )


def _dream(found: FeatureVisualization, strongest: tuple[Patch, ...]) -> Html:
    real = strongest[0].activation if strongest else 0.0
    times = f", {found.activation[0] / real:.1f} times the strongest" if real > 0 else ""
    return element(
        "figure",
        Html(
            f'<img src="{data_uri(found.images[0], side=DREAM)}" alt="made for the unit">'
            f"<figcaption>made for it: {number(found.activation[0])}{times}</figcaption>"
        ),
        kind="dream",
    )


def silent(found: UnitInspection) -> Html:
    """Name the units that answer to no image of the folder."""
    rows = [
        [
            text(layer.name),
            text(f"{len(layer.mean_activation):,}"),
            text(f"{len(layer.dead):,}"),
            text(
                ", ".join(map(str, layer.dead[:SILENT]))
                + (", …" if len(layer.dead) > SILENT else "")
            ),
            text(f"{float(layer.selectivity.max()):.2f}"),
        ]
        for layer in found.activations.layers
    ]
    header = ("layer", "units", "silent", "which", "most selective")
    return join(
        [
            paragraph(
                "A silent unit answers above 0 in no image of this folder. Some are dead and do "
                "so nowhere; others wait for things that this folder has not.",
            ),
            table(
                [text(each) for each in header],
                rows,
                label="Units that answer to no image",
                numbers=(1, 2, 4),
                tall=len(rows) > 20,
            ),
        ]
    )
