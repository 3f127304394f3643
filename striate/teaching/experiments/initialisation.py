"""The same deep network, its weights drawn in four sizes: what is left of the signal?

Every layer multiplies the signal, and on the way back the gradient, by a factor that the size of
its weights decides. Near 1, ten layers pass on what they get; below or above, they do not.
"""

from __future__ import annotations

from striate.teaching.experiments.design import (
    Design,
    Given,
    Pixels,
    Views,
    compare_points,
    format_share,
    keep_pixels,
    make_network,
    write_input_line,
)
from striate.teaching.experiments.experiment_result import ComparedNetwork, Measure, Outcome

HE, GLOROT, SMALL, LARGE = "He", "Glorot", "too small", "too large"
FACTORS = {HE: 1.0, GLOROT: None, SMALL: 0.25, LARGE: 4.0}
"""Of He's standard deviation; Glorot's rule is another one."""

DEPTH, UNITS = 10, 64
SIGNAL, GRADIENT = "signal at the start", "gradient norm at the start"
QUESTION = f"He, Glorot, too small, too large: do weights that start so learn in {DEPTH} layers?"


def make_networks(shape: tuple[int, int, int], classes: int) -> tuple[ComparedNetwork, ...]:
    """Return the networks, which differ in nothing but how their weights are drawn.

    >>> {each.parameters for each in make_networks((1, 8, 8), 10)}
    {42250}
    """
    line = write_input_line(shape, classes)
    text = f"{line}\nflatten > [fc {UNITS} > relu]*{DEPTH} > fc"
    return tuple(make_network(name, text) for name in FACTORS)


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        yield "accuracy", 0, [pixels]

    compared = make_networks(given.shape, given.classes)
    return Design(QUESTION, compared, ("",), keep_pixels, views, conclude)


def take_layers(outcome: Outcome, network: str, name: str) -> list[Measure]:
    """Return what was measured of a network layer by layer, from the first to the last."""
    found = [each for each in outcome.measures if (each.network, each.name) == (network, name)]
    return sorted(found, key=lambda each: each.across)


def conclude(outcome: Outcome) -> tuple[str, ...]:
    """Describe what is left of the signal, who learns, and why."""
    points = {name: outcome.point(name, "accuracy") for name in FACTORS}
    told = "; ".join(f"{name} {format_share(points[name].accuracy.mean)}" for name in FACTORS)
    kept = "; ".join(
        f"{name} {layers[-1].value.mean / layers[0].value.mean:.2g}"
        for name in FACTORS
        if (layers := take_layers(outcome, name, SIGNAL)) and layers[0].value.mean > 0
    )
    return (
        f"{told}. Against He, Glorot makes {compare_points(points[GLOROT], points[HE])}, too small "
        f"{compare_points(points[SMALL], points[HE])}, too large "
        f"{compare_points(points[LARGE], points[HE])}.",
        "Before the first step, the standard deviation of what the last layer gives, as a multiple "
        f"of what the first gives: {kept}.",
        "He draws weights with variance 2 / (numbers that a unit reads), which makes up for the "
        "half that ReLU cuts away; Glorot with 2 / (numbers read + units that read a number), "
        "which does not, so that every layer here halves the variance. Too small is a quarter of "
        "He's standard deviation, too large four times: each layer then divides or multiplies the "
        "signal by about four. Adam divides every step by the size of the gradient, which makes "
        "up for some of it.",
    )
