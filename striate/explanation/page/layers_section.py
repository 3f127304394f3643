"""The specimen's layers: feature maps from input to logits, receptive fields, filters."""

from __future__ import annotations

import base64

import numpy as np

from striate.explanation.input_image import InputImage
from striate.explanation.inspection import Inspection
from striate.explanation.layer_filters import LayerFilters
from striate.explanation.layer_maps import LayerMaps
from striate.explanation.receptive_fields import ReceptiveField, Rectangle
from striate.render import BLUE, ORANGE, data_uri
from striate.render.heat_map import heat
from striate.render.image_files import Pixels, png
from striate.render.map_strip import map_strip
from striate.render.number_cells import number
from striate.render.page import Html, element, image, join, paragraph, table, text
from striate.render.rectangles import framed

UNITS = 10  # of a layer that are shown, the strongest
OPEN = 14  # layers that are shown at once; the others open by a click
ALL = 96  # filters of a first layer that are shown
FILTERS, CHANNELS = 8, 8  # of a deeper layer, and input channels of each
SIDE = 280  # pixels of an image with its fields


def maps(found: Inspection) -> Html:
    """Show a strip of the strongest units of each layer, and their gradients under it."""
    reaches = found.feature_maps.color_limits
    strips = [
        _strip(found.feature_maps[address], reaches[address]) for address in found.block_outputs
    ]
    spans = {
        "layer": "Each layer has a colour scale of its own",
        "block": "The layers of a block share a colour scale",
        "network": "All layers share one colour scale",
    }
    return join(
        [
            paragraph(
                f"From the input (top) to the last maps (bottom): the {UNITS} units of each layer "
                "that answer most, the strongest first, with their numbers. Early maps follow "
                "edges and colours and are fine; late ones are coarse and follow parts and things.",
                f"{spans[found.feature_maps.color_scale]}: orange above 0, blue below; all but "
                "0.5 % of the numbers lie within it. Under each map stands its "
                "gradient: where a larger value would raise the logit of "
                f"“{found.feature_maps.target}” "
                "(orange) or lower it (blue).",
            ),
            *strips[:OPEN],
            *([_more(f"{len(strips) - OPEN} more layers", strips[OPEN:])] if strips[OPEN:] else []),
        ]
    )


def _strip(layer: LayerMaps, reach: float) -> Html:
    units = layer.order[:UNITS]
    count, rows, columns = layer.values.shape
    drawn = [
        image_of(map_strip(layer.values[units], reach=reach, columns=UNITS), "maps"),
    ]
    if layer.gradient is not None:
        slopes = layer.gradient[units]
        far = float(np.percentile(np.abs(slopes), 99.5)) or float(np.abs(slopes).max())
        drawn.append(image_of(map_strip(slopes, reach=far, columns=UNITS), "gradients"))
    numbers = "".join(f"<span>{unit}</span>" for unit in units.tolist())
    quiet = round(layer.inactive_share * count)
    silent = f", {quiet:,} of them silent" if quiet else ""
    said = (
        f"<b>{text(layer.name)}</b> {text(layer.kind)}: {count} units of {rows} × {columns}"
        f"{silent}; {number(layer.low)} to {number(layer.high)}"
    )
    strip = f'<div class="units" style="--each:{UNITS}">{numbers}</div>'
    return element(
        "figure", Html(f"<figcaption>{said}</figcaption>{strip}{join(drawn)}"), kind="strip"
    )


def image_of(pixels: Pixels, alt: str) -> Html:
    """Make an exact image element of a drawing."""
    data = base64.b64encode(png(pixels)).decode("ascii")
    return Html(f'<img src="data:image/png;base64,{data}" alt="{text(alt)}">')


def _more(title: str, parts: list[Html]) -> Html:
    return Html(f"<details><summary>{text(title)}</summary>{join(parts)}</details>")


def fields(found: Inspection) -> Html:
    """Show what the strongest unit of some layers can see of the image, and where it looks."""
    shown = [_field(each) for each in found.receptive_fields]
    rows = [
        [
            text(each.layer),
            text(f"{each.unit}, {each.row}, {each.column}"),
            text(number(each.activation)),
            text(_size(each.theoretical)),
            text("nothing" if each.effective is None else _size(each.effective)),
        ]
        for each in found.receptive_fields
    ]
    header = ("layer", "unit, row, column", "answers", "can see", "looks at")
    return join(
        [
            paragraph(
                "A unit can only depend on a patch of the image, its receptive field: the blue "
                "frame. How much each pixel of it matters is its gradient, drawn in orange, and "
                "the orange frame holds 95 % of that, along rows and along columns. Deeper units "
                "see more, and look at less than they could.",
                "Of each layer the unit that answers most is shown, at the place where it does.",
            ),
            element("div", join(shown), kind="gallery maps"),
            table(
                [text(each) for each in header],
                rows,
                label="Receptive fields in pixels of the network's input",
                numbers=(2, 3, 4),
            ),
        ]
    )


def _field(seen: ReceptiveField) -> Html:
    subject = seen.image
    drawn = heat(subject.original, subject.onto_image(seen.gradient), side=SIDE)
    boxes = [(on_image(subject, seen.theoretical), BLUE)]
    if seen.effective is not None:
        boxes.append((on_image(subject, seen.effective), ORANGE))
    scaled = drawn.shape[0] / subject.original.shape[0]
    frames = framed(
        drawn,
        [
            ((box[0] * scaled, box[1] * scaled, box[2] * scaled, box[3] * scaled), colour)
            for box, colour in boxes
        ],
        side=max(drawn.shape[:2]),
    )
    return image(
        data_uri(frames, side=SIDE),
        alt=f"What unit {seen.unit} of {seen.layer} sees",
        caption=Html(f"<b>{text(seen.layer)}</b>, unit {seen.unit}"),
    )


def on_image(subject: InputImage, seen: Rectangle) -> tuple[float, float, float, float]:
    """Give where a field of the network's input lies on the image."""
    return subject.box_on_image(seen.top, seen.left, seen.bottom, seen.right)


def _size(seen: Rectangle) -> str:
    return f"{seen.height} × {seen.width}"


def filters(found: tuple[LayerFilters, ...]) -> Html:
    """Show the filters of every convolution, and name those that are dead or there twice."""
    first, deeper = found[0], [each for each in found[1:] if each.weights.shape[2] > 1]
    rows = [
        [
            text(each.name),
            text(" × ".join(map(str, each.weights.shape))),
            text(f"{number(float(each.norms.min()))} to {number(float(each.norms.max()))}"),
            text(_listed(each.dead)),
            text(_listed([f"{a} and {b} ({number(c)})" for a, b, c in each.duplicates])),
        ]
        for each in found
    ]
    header = ("layer", "units × channels × rows × columns", "norms", "dead", "there twice")
    return join(
        [
            paragraph(
                "A filter is what a unit multiplies the patch under it with. Those of the first "
                "layer can be seen as images"
                + (", in colour" if first.is_color else "")
                + ": mostly edges, bars, spots and colours.",
                (
                    "The strongest"
                    if first.mean_activation is None
                    else "The most used for this image"
                )
                + " stand first.",
            ),
            _first(first),
            *(
                [
                    _more(
                        f"Filters of {len(deeper)} deeper layers",
                        [
                            paragraph(
                                "Of each layer some filters, a row each, over the input "
                                "channels that they weigh most: orange above 0, blue below."
                            ),
                            *(_deeper(each) for each in deeper),
                        ],
                    )
                ]
                if deeper
                else []
            ),
            table(
                [text(each) for each in header],
                rows,
                label="Filters that are dead or there twice",
                numbers=(2,),
                tall=len(rows) > 14,
            ),
            paragraph(
                "Dead: the norm is below a thousandth of the layer's middle one. There twice: two "
                "filters are the same but for a factor (the cosine, in brackets, is beyond 0.98).",
                kind="small",
            ),
        ]
    )


def _first(one: LayerFilters) -> Html:
    reach = float(np.abs(one.weights).max()) or 1.0
    shown = []
    for unit in one.order[:ALL].tolist():
        weights = one.weights[unit]
        if one.is_color:  # grey stands for 0
            pixels = np.rint(127.5 + weights.transpose(1, 2, 0) * (127.5 / reach)).astype(np.uint8)
        else:
            pixels = map_strip(weights, reach=reach, side=max(weights.shape[1:]))
        shown.append(
            image(data_uri(pixels, side=72), alt=f"filter {unit}", caption=text(str(unit)))
        )
    rest = len(one.norms) - len(shown)
    said = f"{one.name}: {len(one.norms)} filters of {_sides(one)}"
    said += ", grey where they are 0." if one.is_color else "."
    said += f" The {rest} least used are not shown." if rest > 0 else ""
    return join([paragraph(said), element("div", join(shown), kind="gallery tiny filters")])


def _deeper(one: LayerFilters) -> Html:
    rows = []
    for unit in one.order[:FILTERS].tolist():
        channels = one.strongest_channels(unit, CHANNELS)
        reach = float(np.abs(one.weights[unit]).max()) or 1.0
        drawn = map_strip(one.weights[unit][channels], reach=reach, side=36, columns=CHANNELS)
        numbers = "".join(f"<span>{channel}</span>" for channel in channels.tolist())
        rows.append(
            element(
                "figure",
                Html(
                    f"<figcaption>unit {unit}</figcaption>"
                    f'<div class="units" style="--each:{CHANNELS}">{numbers}</div>'
                    f"{image_of(drawn, f'filter {unit}')}"
                ),
                kind="strip small",
            )
        )
    head = f"<h3>{text(one.name)}: {len(one.norms)} filters of {_sides(one)}</h3>"
    return Html(head + element("div", join(rows), kind="strips-of"))


def _sides(one: LayerFilters) -> str:
    return " × ".join(map(str, one.weights.shape[1:]))


def _listed(found: tuple[int, ...] | list[str]) -> str:
    shown = ", ".join(map(str, found[:6]))
    return (shown + (f" and {len(found) - 6} more" if len(found) > 6 else "")) or "none"
