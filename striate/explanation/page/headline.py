"""The specimen's first screen: the image, what the network says, and the files beside."""

from __future__ import annotations

from collections.abc import Sequence

from striate.explanation.inspection import Inspection
from striate.explanation.page.class_maps import over
from striate.explanation.unit_inspection import UnitInspection
from striate.render import data_uri
from striate.render.number_cells import number
from striate.render.page import (
    Html,
    bar,
    element,
    image,
    join,
    listing,
    name,
    paragraph,
    table,
    text,
)

SIDE = 320  # pixels of an image


def first_screen(found: Inspection) -> Html:
    """Show the image, as the network gets it, where the class is, and the answer."""
    seen = found.image
    best = found.top_classes()
    channels, rows, columns = seen.preprocess.shape
    shown = [
        image(
            data_uri(seen.original, side=SIDE),
            alt=seen.name,
            caption=text(f"the image, {seen.original.shape[1]} × {seen.original.shape[0]}"),
        ),
        image(
            data_uri(seen.pixels.transpose(1, 2, 0), side=SIDE),
            alt="the network's input",
            caption=text(f"as the network gets it, {columns} × {rows}"),
        ),
    ]
    if found.explanations:
        shown.append(
            image(
                over(found.explanations[0], SIDE),
                alt=f"where {best[0][0]} is",
                caption=text(f"what speaks for “{found.explanations[0].target}”"),
            )
        )
    answers = [
        [name(label, longest=40), bar(odds, f"{odds:.1%}"), text(number(logit))]
        for label, logit, odds in best
    ]
    doubt = "" if best[0][2] >= 0.5 else ", and is not sure"
    return join(
        [
            paragraph("Specimen: one image inside one network", kind="kicker"),
            Html(f"<h1>{name(seen.name)}</h1>"),
            element(
                "p",
                Html(f"The network says {name(best[0][0])} ({best[0][2]:.1%}{doubt})."),
                kind="lead",
            ),
            element("div", join(shown), kind="gallery trio"),
            table(
                [text(each) for each in ("class", "probability", "logit")],
                answers,
                label="The most probable classes",
                numbers=(1, 2),
            ),
        ]
    )


def folder_screen(found: UnitInspection, *, model: str, data: str, parameters: int) -> Html:
    """Say which network was looked at, and over which images."""
    images = len(found.activations.names)
    units = sum(len(layer.mean_activation) for layer in found.activations.layers)
    figures = [
        (f"{images:,}", "images"),
        (f"{len(found.activations.classes):,}", "classes"),
        (f"{len(found.activations.layers):,}", "layers"),
        (f"{units:,}", "units"),
        (f"{parameters:,}", "parameters"),
    ]
    shown = join(
        Html(f"<div><dt>{text(label)}</dt><dd>{text(value)}</dd></div>") for value, label in figures
    )
    return join(
        [
            paragraph("Specimen: one network over a folder of images", kind="kicker"),
            Html(f"<h1>{name(model)}</h1>"),
            element("p", Html(f"What its units look for in {name(data)}."), kind="lead"),
            Html(f'<dl class="figures">{shown}</dl>'),
            *(
                paragraph(f"Left out: {note}.", kind="small")
                for note in found.activations.notes[:5]
            ),
        ]
    )


def missing(found: Sequence[str]) -> Html:
    """Name what could not be shown, and why."""
    return join(
        [
            paragraph("Nothing is left out silently. Of this network could not be shown:"),
            listing((text(each) for each in found), kind="notes"),
        ]
    )


def beside(command: str, files: Sequence[tuple[str, str]]) -> Html:
    """Say how the page was made, and which files hold its numbers."""
    rows = [[name(file), text(what)] for file, what in files]
    return join(
        [
            Html(f"<pre><code>{text(command)}</code></pre>"),
            paragraph("The numbers of this page lie beside it:"),
            table([text("file"), text("holds")], rows, label="Files beside the page"),
            paragraph("In Python they are read without Striate:"),
            Html(
                "<pre><code>import json, numpy\n"
                f"numbers = numpy.load({text(repr(files[0][0]))})\n"
                f"facts = json.load(open({text(repr(files[1][0]))}))</code></pre>"
            ),
        ]
    )
