"""The specimen's maps: where the class is, by every method, and why it and not another."""

from __future__ import annotations

import numpy as np

from striate.explanation.explanation import Explanation
from striate.explanation.inspection import SLOW, Inspection
from striate.explanation.map_resampling import resize_map
from striate.explanation.score_decomposition import ScoreDecomposition
from striate.render import data_uri
from striate.render.heat_map import blocks, heat
from striate.render.number_cells import number
from striate.render.page import Html, element, image, join, name, paragraph, table, text

LARGE, SMALL = 480, 280  # pixels of a map on the page
GRID = 28  # squares a side over which maps of single pixels are averaged to be seen
UNITS = 6  # that are named for and against a class

TITLES = {
    "cam": "class activation map",
    "grad-cam": "Grad-CAM",
    "hires-cam": "HiRes-CAM",
    "grad-cam++": "Grad-CAM++",
    "layer-cam": "Layer-CAM",
    "occlusion": "occlusion",
    "integrated-gradients": "integrated gradients",
    "smoothgrad": "smooth gradients",
}
MEANINGS = {
    "cam": "the last maps, each times its weight for the class; their mean is the logit",
    "grad-cam": "the last maps, each times its mean gradient",
    "hires-cam": "the last maps times their gradients, place by place",
    "grad-cam++": "as Grad-CAM, with places weighted by how much they matter",
    "layer-cam": "the last maps times what is positive of their gradients",
    "occlusion": "how far the logit falls when a patch is covered",
    "integrated-gradients": "gradients summed up on the way from the mean image to this one",
    "smoothgrad": "the size of the gradient, over noisy copies of the image",
}


def where(found: Inspection) -> Html:
    """Show the map that fits the network large, and the other methods beside it."""
    first, *others = found.explanations
    same = found.proportional[0]
    alike = f" {_listed(same)} give the same map but for a factor." if same else ""
    large = [
        image(
            over(first, LARGE),
            alt=f"Where {first.target} is, over the image",
            caption=text("on the image"),
        ),
        image(
            data_uri(blocks(first.attribution, side=LARGE), side=LARGE),
            alt="The map on its own grid",
            caption=text(
                f"on its own grid, {first.attribution.shape[0]} × {first.attribution.shape[1]}"
            ),
        ),
    ]
    small = [_small(each, found.proportional[place]) for place, each in enumerate(others, start=1)]
    return join(
        [
            paragraph(
                f"Orange speaks for “{first.target}”, blue against it, uncoloured places do "
                f"neither. This is the {TITLES[first.method]} of {first.layer}: {first.rule}."
                f"{alike}"
                if first.layer
                else f"Orange speaks for “{first.target}”, blue against it. This is by "
                f"{TITLES[first.method]}: {first.rule}.",
                _identity(first),
            ),
            element("div", join(large), kind="pair"),
            scale(first.low, first.high),
            *(
                [
                    Html("<h3>By other methods</h3>"),
                    paragraph(
                        "Methods that agree are no proof, but where they do not, none should be "
                        "trusted by itself. Each map has a scale of its own, named below it."
                    ),
                    element("div", join(small), kind="gallery maps"),
                ]
                if small
                else []
            ),
        ]
    )


def over(found: Explanation, side: int) -> str:
    """Draw a map over its image, as the source of an image.

    Maps of single pixels are averaged over 28 x 28 squares first, else nothing could be seen.
    """
    return data_uri(heat(found.image.original, _seen(found), side=side), side=side)


def _seen(found: Explanation) -> np.ndarray:
    values = found.attribution
    rows, columns = values.shape
    if found.method not in SLOW[1:] or min(rows, columns) <= GRID:
        return found.on_image()
    down = np.linspace(0, rows, GRID + 1).astype(int)[:-1]
    across = np.linspace(0, columns, GRID + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(values, down, 0), across, 1)
    shape = found.image.preprocess.shape[1:]
    return found.image.onto_image(resize_map(sums.astype(np.float32), *shape))


def scale(low: float, high: float) -> Html:
    """Show which colour stands for which number."""
    reach = max(abs(low), abs(high))
    kind, ends = ("ramp both", (-reach, 0.0, reach)) if low < 0 else ("ramp", (0.0, reach))
    marks = "".join(f"<span>{number(end)}</span>" for end in ends)
    return Html(
        f'<div class="{kind}" role="img" aria-label="From {number(low)} to {number(high)}">'
        f"<i></i><p>{marks}</p><p class=small>lowest {number(low)}, highest {number(high)}</p>"
        "</div>"
    )


def _small(found: Explanation, same: tuple[str, ...]) -> Html:
    also = f" (so do {_listed(same)})" if same else ""
    caption = (
        f"<b>{text(TITLES[found.method])}</b>{text(also)}: {text(MEANINGS[found.method])}. "
        f"{number(found.low)} to {number(found.high)}."
    )
    return image(
        over(found, SMALL),
        alt=f"{TITLES[found.method]} of {found.target}",
        caption=Html(caption),
    )


def _identity(found: Explanation) -> str:
    """Say an identity of the method, with its numbers, where it has one."""
    facts = found.facts
    if found.method == "cam":
        return (
            f"It is exact: the mean of its numbers, {facts['mean']:.5g}, and the bias, "
            f"{facts['bias']:.5g}, add up to the logit, {found.score:.5g}."
        )
    return ""


def contrast(found: ScoreDecomposition) -> Html:
    """Show why one class and not another: the difference of the logits, place by place."""
    drawn = heat(
        found.image.original,
        found.image.onto_image(
            resize_map(found.map.astype(np.float32), *found.image.preprocess.shape[1:])
        ),
        side=LARGE,
    )
    shown = [
        image(data_uri(drawn, side=LARGE), alt=found.target, caption=text("on the image")),
        element("div", _units(found)),
    ]
    rest = "biases" if found.exact else "biases, and what bends between"
    return join(
        [
            paragraph(
                f"{found.target[:1].upper() + found.target[1:]}: the difference of the two logits "
                f"is {number(found.score)}. The places of {found.layer} add "
                f"{number(float(found.map.sum()))} to it, "
                f"the rest ({rest}) {number(found.remainder)}.",
                "Orange places speak for the first, blue ones for the second.",
            ),
            element("div", join(shown), kind="pair"),
            scale(float(found.map.min()), float(found.map.max())),
        ]
    )


def _units(found: ScoreDecomposition) -> Html:
    rows = [
        [text(f"unit {unit}"), text(f"{'+' if value > 0 else ''}{number(value)}")]
        for unit, value in (*found.highest(UNITS), *found.lowest(UNITS)[::-1])
    ]
    header = (f"of {found.layer}", "adds")
    return table(
        [name(header[0]), text(header[1])], rows, label="Units for and against", numbers=(1,)
    )


def _listed(methods: tuple[str, ...]) -> str:
    names = [TITLES[each] for each in methods]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
