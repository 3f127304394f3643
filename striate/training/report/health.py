"""The report's health of training: what was found and how to mend it, and the figures behind it."""

from __future__ import annotations

from striate.render import BLUE, GREEN, ORANGE, Curve
from striate.render.log_plot import trails
from striate.render.page import Html, element, join, paragraph, table, text
from striate.training.health.figures import CheckUp, Layer
from striate.training.report.facts import Facts

COLOURS = (BLUE, GREEN, ORANGE)
STAYED = 0.005  # a share below which no unit is at rest, as it is written


def health(facts: Facts) -> Html:
    """Say what is wrong with the training and how to mend it, or that nothing is."""
    one = facts.checkups[-1]
    times = len(facts.checkups)
    asked = "once" if times == 1 else f"{times:,} times"
    looked = (
        f"The network was looked at {asked} between epochs, on {one.images} training and as "
        "many validation images: what goes in, gradients, the size of steps, units that "
        "answer to nothing, averages of batch normalisation."
    )
    if facts.findings:
        said = [
            element(
                "div",
                join(
                    [
                        Html(f"<h3>{text(each.name[:1].upper() + each.name[1:])}</h3>"),
                        element("p", Html(f"<b>What to do:</b> {text(each.cure)}.")),
                        paragraph(f"What was seen: {each.words}."),
                    ]
                ),
                kind="finding",
            )
            for each in facts.findings
        ]
    else:
        said = [element("p", text("Nothing is wrong that these figures could show."), kind="lead")]
    return join([*said, paragraph(looked), _charts(facts), _figures(facts)])


def _charts(facts: Facts) -> Html:
    shown = _three(facts.checkups[0].layers)
    places = [one.epoch for one in facts.checkups]

    def lines(what: str) -> list[Curve]:
        found = []
        for colour, address in zip(COLOURS, shown, strict=False):
            values = [getattr(_layer(one, address), what) for one in facts.checkups]
            found.append(Curve(address, values, colour, dashed=colour == BLUE))
        return found

    drawn = [
        trails(
            lines("gradient"),
            places,
            title="Gradient of the weights",
            across="epoch",
            description="The norm of the gradient of the first, a middle and the last layer.",
        ),
        trails(
            lines("update"),
            places,
            title="A step, as a share of the weights",
            across="epoch",
            description="How far the last step of an epoch moves the weights; 0.001 is usual.",
        ),
    ]
    if facts.checkups[-1].bends:
        dead = [max((b.dead for b in one.bends), default=0.0) for one in facts.checkups]
        flat = [max((b.saturated for b in one.bends), default=0.0) for one in facts.checkups]
        rest = [Curve("always 0", dead, ORANGE)]
        if max(flat) > 0:
            rest.append(Curve("saturated", flat, BLUE, dashed=True))
        drawn.append(
            trails(
                rest,
                places,
                title="Units at rest, in the worst layer",
                across="epoch",
                as_percent=True,
                description=f"At the end {dead[-1]:.0%} of the units are 0 for all images.",
            )
        )
    return element("div", join(element("figure", Html(svg)) for svg in drawn), kind="charts")


def _three(layers: tuple[Layer, ...]) -> list[str]:
    """Name the first, the middle and the last layer."""
    places = sorted({0, len(layers) // 2, len(layers) - 1})
    return [layers[place].address for place in places]


def _layer(one: CheckUp, address: str) -> Layer:
    return next(layer for layer in one.layers if layer.address == address)


def _figures(facts: Facts) -> Html:
    first, last = facts.checkups[0], facts.checkups[-1]
    rows = [
        [
            text(layer.address),
            text(f"{layer.gradient:.2g}"),
            text(f"{layer.update * 100:.2g} %"),
            text(f"{layer.weight / max(_layer(first, layer.address).weight, 1e-12):.2f}"),
        ]
        for layer in last.layers
    ]
    header = ("layer", "gradient", "a step moves", "weights grew to")
    parts = [
        paragraph(
            f"After epoch {last.epoch}. What goes in: training images with mean "
            f"{last.train.mean:.2f} and standard deviation {last.train.std:.2f}, validation "
            f"images {last.val.mean:.2f} and {last.val.std:.2f}; about 0 and 1 is usual.",
        ),
        table(
            [text(each) for each in header],
            rows,
            label="Layers that are trained",
            numbers=(1, 2, 3),
            tall=len(rows) > 20,
        ),
    ]
    if last.bends:
        rows = [
            [
                text(bend.after),
                text(bend.kind),
                text("none" if bend.dead < STAYED else f"{bend.dead:.0%}"),
                text("none" if bend.saturated < STAYED else f"{bend.saturated:.0%}"),
            ]
            for bend in last.bends
        ]
        header = ("behind", "activation", "always 0", "saturated")
        parts.append(
            table(
                [text(each) for each in header],
                rows,
                label="Units at rest",
                numbers=(2, 3),
                tall=len(rows) > 20,
            )
        )
    if last.norms:
        rows = [
            [
                text(norm.address),
                text(f"{norm.shift:.2f}"),
                text(f"{norm.spread:.2f}"),
                text("yes" if norm.learning else "no, it keeps them"),
            ]
            for norm in last.norms
        ]
        header = ("normalisation", "mean is off by", "variance is times", "takes in averages")
        parts.append(
            table(
                [text(each) for each in header],
                rows,
                label="Batch normalisation, beside what it keeps",
                numbers=(1, 2),
                tall=len(rows) > 20,
            )
        )
    return Html(f"<details><summary>Layer by layer</summary>{join(parts)}</details>")
