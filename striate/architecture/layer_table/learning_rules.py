"""Warnings about what is learnt: parameters in one place or of no use, activations amiss."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from striate.architecture.layer_table.design_warnings import Case, DesignWarning, Rule
from striate.architecture.layer_table.wiring import IMAGE, uses
from striate.architecture.words import (
    AvgPool,
    Bn,
    Conv,
    Dropout,
    Fc,
    Flatten,
    Gap,
    Identity,
    Relu,
    Relu6,
    Shape,
    Sigmoid,
    Softmax,
    SumPool,
    Tanh,
    text_of,
)

MOST: Final = 0.9  # of the parameters
LINEAR: Final = (Identity, Flatten, Dropout, Bn, AvgPool, SumPool, Gap)  # they bend nothing
ENDING: Final = (Gap, AvgPool, Flatten, Identity, Dropout, Softmax)  # may stand behind the answers


def fc_holds_most(case: Case) -> Iterator[DesignWarning]:
    """Say where the full connections behind a flattened map hold nearly all parameters."""
    whole = sum(row.parameters for row in case.rows)
    connections = [i for i, row in enumerate(case.rows) if row.kind == "fc"]
    held = sum(case.rows[i].parameters for i in connections)
    if not any(row.kind == "conv" for row in case.rows) or held < MOST * whole:
        return
    for place in connections:
        flattened = next((i for i in case.back(place) if case.rows[i].kind == "flatten"), None)
        if flattened is None or math.prod(case.rows[flattened].input[1:]) == 1:
            continue
        if any(case.rows[i].kind == "fc" for i in case.back(place) if i > flattened):
            continue
        row, shape = case.rows[place], case.rows[flattened].input
        yield DesignWarning(
            "warning",
            (row.name,),
            f"{row.parameters:,} of {whole:,} parameters ({row.parameters / whole * 100:.0f} %) "
            "stand here"
            + (
                f", {held / whole * 100:.0f} % in all full connections"
                if len(connections) > 1
                else ""
            ),
            f"it weighs each of the {math.prod(shape[1:])} places of {text_of(shape)} maps apart, "
            "which overfits and makes large files",
            "put gap, or more pooling, before flatten",
        )
        return


def bias_before_bn(case: Case) -> Iterator[DesignWarning]:
    """Say which biases bn takes away again, by subtracting the mean."""
    followers = uses(case.nodes)
    for place, row in enumerate(case.rows):
        before = case.nodes[place].sources[0]
        if row.kind != "bn" or before == IMAGE or followers[before] != 1:
            continue
        layer = case.layer(before)
        if isinstance(layer, (Conv, Fc)) and layer.bias:
            yield DesignWarning(
                "warning",
                (case.rows[before].name,),
                f"its {row.output[0]:,} biases stand before bn",
                "bn subtracts the mean and them with it, and adds a shift of its own",
                "bias=no",
            )


def collapses(case: Case) -> Iterator[DesignWarning]:
    """Say where two linear layers in a row can do no more than one could.

    Where another layer reads what lies between them too, neither can be left out.
    """
    followers = uses(case.nodes)
    for place, outer in enumerate(case.rows):
        second = case.layer(place)
        if not isinstance(second, (Conv, Fc)):
            continue
        before = next((i for i in case.back(place) if not _bends_nothing(case, i)), None)
        first = None if before is None else case.layer(before)
        if before is None or not isinstance(first, (Conv, Fc)):
            continue
        if any(followers[i] != 1 for i in case.back(place) if i >= before):
            continue
        inner = case.rows[before]
        if _factorises(first, second, ends=(inner.input, inner.output, outer.output)):
            continue
        yield DesignWarning(
            "warning",
            (outer.name,),
            f"{inner.name} and {outer.name} follow each other without an activation",
            "two linear layers in a row can do no more than one",
            "put relu between them, or leave one out",
        )


def _bends_nothing(case: Case, place: int) -> bool:
    return isinstance(case.layer(place), LINEAR)


def _factorises(first: Conv | Fc, second: Conv | Fc, *, ends: tuple[Shape, Shape, Shape]) -> bool:
    """Whether two layers are one that is written as a product on purpose, to have fewer weights.

    A bottleneck is narrower in its middle than at either end (Sandler et al. 2018,
    https://arxiv.org/abs/1801.04381); depthwise and pointwise convolution follow each other, and
    so do 1xk and kx1.
    """
    arriving, middle, leaving = ends
    if len(middle) == len(leaving):
        narrow = middle[0] < min(arriving[0], leaving[0])
    else:
        narrow = math.prod(middle) < math.prod(arriving)
    if narrow or isinstance(first, Fc) or isinstance(second, Fc):
        return narrow
    crossed = first.kernel != second.kernel and all(
        1 in layer.kernel and layer.kernel != (1, 1) for layer in (first, second)
    )
    return crossed or first.groups > 1 or second.groups > 1


def ends_bent(case: Case) -> Iterator[DesignWarning]:
    """Say where an activation holds the answers in, on which softmax and cross-entropy work."""
    place = len(case.rows) - 1
    averaged = False
    while isinstance(case.layer(place), ENDING):
        averaged = averaged or isinstance(case.layer(place), (Gap, AvgPool))
        place = next(case.back(place), IMAGE)
        if place == IMAGE:
            return
    row, layer = case.rows[place], case.layer(place)
    if isinstance(layer, (Relu, Relu6)):
        yield DesignWarning(
            "note" if averaged else "warning",
            (row.name,),
            f"{row.kind} stands behind the last layer that learns",
            "no answer falls below 0, and a class whose values are all below learns nothing more",
            "leave it out: softmax takes any number",
        )
    elif isinstance(layer, (Sigmoid, Tanh)) and case.classes and case.classes > 1:
        gap = 2 if isinstance(layer, Tanh) else 1
        most = 1 / (1 + (case.classes - 1) * math.exp(-gap))
        yield DesignWarning(
            "warning",
            (row.name,),
            f"{row.kind} holds the answers within {gap} of each other",
            f"with {case.classes} classes, softmax gives none a probability above {most:.2f}",
            "leave it out: softmax takes any number",
        )


def softmax_twice(case: Case) -> Iterator[DesignWarning]:
    """Say where a network ends in softmax, which training and prediction apply themselves.

    Of shares between 0 and 1 softmax makes none above e / (e + n - 1) for n classes.
    """
    place = last = len(case.rows) - 1
    while isinstance(case.layer(place), (Identity, Flatten, Dropout)):
        place = next(case.back(place), IMAGE)
        if place == IMAGE:
            return
    row, n = case.rows[place], case.rows[place].output[0]
    if not isinstance(case.layer(place), Softmax) or n == 1:
        return
    bound = f"with {n:,} classes no probability would be above {math.e / (math.e + n - 1):.3f}"
    yield DesignWarning(
        "note",
        (row.name,),
        "the network ends in softmax",
        "training from a text leaves it out and says so, but in a torch module or a file it "
        f"would be applied twice, and {bound}"
        if place == last
        else f"training and prediction apply another behind it, and {bound}",
        "leave it out: training and prediction apply their own",
    )


def dropout_before_bn(case: Case) -> Iterator[DesignWarning]:
    """Say where bn learns a variance that dropout leaves out later.

    Li et al. 2018, https://arxiv.org/abs/1801.05134
    """
    for place, row in enumerate(case.rows):
        if row.kind != "bn":
            continue
        for before in case.back(place):
            layer = case.layer(before)
            if isinstance(layer, Bn):
                break
            if isinstance(layer, Dropout) and layer.rate > 0:
                yield DesignWarning(
                    "note",
                    (case.rows[before].name,),
                    f"dropout stands before {row.name}",
                    "bn measures a variance that dropout has raised, and meets a smaller one "
                    "when it is used",
                    "put dropout behind the last bn",
                )
                break


RULES: Final[tuple[Rule, ...]] = (
    fc_holds_most,
    bias_before_bn,
    collapses,
    ends_bent,
    softmax_twice,
    dropout_before_bn,
)
