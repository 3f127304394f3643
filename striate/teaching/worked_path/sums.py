"""How one value of a layer comes about: what it is made of, and the calculation as text.

A convolution and a full connection add up products, a pool looks at a window, an activation bends
one number, softmax compares with all others. A word without a rule of its own is told by its
input alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from striate.architecture.aspects.numpy_pass import Visit
from striate.architecture.notation import Leaf
from striate.architecture.words import (
    Add,
    AvgPool,
    Bn,
    Cat,
    Conv,
    Dropout,
    Fc,
    Flatten,
    Gap,
    Identity,
    Layer,
    LeakyRelu,
    MaxPool,
    Mul,
    Prelu,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    SumPool,
    Tanh,
)
from striate.teaching.convolution.number_text import format_number
from striate.teaching.worked_path.step import WorkedStep

Place = tuple[int, ...]
MOST_TERMS: Final = 200  # of a sum that are all written
FIRST: Final = 12  # that are, where they are more


@dataclass(frozen=True)
class WorkedTerm:
    """One number that goes into a value.

    Attributes:
        source: the address it is read from.
        place: channel, row and column there, or the feature; outside of the map in its padding.
        value: the number.
        weight: what it is multiplied by.
        padding: whether it lies outside of the map.
    """

    source: str
    place: Place
    value: float
    weight: float = 1.0
    padding: bool = False

    @property
    def product(self) -> float:
        """The number times its weight."""
        return self.value * self.weight


@dataclass(frozen=True)
class WorkedSum:
    """How one value comes about.

    Attributes:
        address: of the layer.
        place: of the value, from 0.
        terms: what goes into it.
        bias: what is added; None where nothing is.
        calculation: the arithmetic with its numbers, without the result.
        value: the result.
    """

    address: str
    place: Place
    terms: tuple[WorkedTerm, ...]
    bias: float | None
    calculation: str
    value: float

    def __str__(self) -> str:
        where = ", ".join(map(str, self.place))
        return f"{self.address}[{where}] = {self.calculation} = {format_number(self.value)}"

    def as_json(self) -> dict[str, object]:
        """Return it as plain values, each term with its product."""
        terms = [asdict(term) | {"product": term.product} for term in self.terms]
        return asdict(self) | {"place": list(self.place), "terms": terms}


@dataclass(frozen=True)
class _Made:
    """What a rule gives: terms, a bias, the arithmetic."""

    terms: tuple[WorkedTerm, ...]
    calculation: str
    bias: float | None = None


Rule = Callable[[WorkedStep, Place], _Made]


def work_sum(step: WorkedStep, place: Place) -> WorkedSum:
    """Return how the value at a place of a step comes about.

    Args:
        step: a layer at work.
        place: channel, row and column, or the feature; it is there.
    """
    value = float(step.values[place])
    if step.layer is None:
        return WorkedSum(step.address, place, (), None, "the image itself", value)
    rule = RULES.get(type(step.layer.layer), _any)
    made = rule(step, place)
    return WorkedSum(step.address, place, made.terms, made.bias, made.calculation, value)


def bracket(value: float) -> str:
    """Write a number so that it can stand behind a sign: (-2).

    >>> bracket(3.0), bracket(-2.0)
    ('3', '(-2)')
    """
    text = format_number(value)
    return f"({text})" if text.startswith("-") else text


def add_up(terms: tuple[WorkedTerm, ...], bias: float | None) -> str:
    """Write a sum of products: 1*2 + 3*(-1) + 0.5.

    >>> add_up((WorkedTerm("image", (0,), 1.0, 2.0), WorkedTerm("image", (1,), 3.0, -1.0)), 0.5)
    '1*2 + 3*(-1) + 0.5'
    """
    parts = [f"{_told(term)}*{bracket(term.weight)}" for term in terms]
    if bias is not None:
        parts.append(bracket(bias))
    return join_terms(parts)


def join_terms(parts: Sequence[str]) -> str:
    """Join terms to a sum; of more than 200 the first twelve, and how many follow.

    >>> join_terms(["1*2", "3*4"]), join_terms([])
    ('1*2 + 3*4', '0')
    >>> join_terms(["1"] * 300)[-21:]
    ' 1 + (288 more terms)'
    """
    if len(parts) > MOST_TERMS:
        parts = [*parts[:FIRST], f"({len(parts) - FIRST:,} more terms)"]
    return " + ".join(parts) or "0"


def _told(term: WorkedTerm) -> str:
    return f"[{format_number(term.value)}]" if term.padding else bracket(term.value)


def _leaf(step: WorkedStep) -> Leaf:
    if not isinstance(step.layer, Leaf):
        raise TypeError(f"{step.address} is no layer of one input")
    return step.layer


def _convolved(step: WorkedStep, place: Place) -> _Made:
    layer, x = _leaf(step).layer, step.inputs[0]
    if not isinstance(layer, Conv):
        raise TypeError(f"{step.address} is no convolution")
    window = layer.window_on(x.shape)
    kernel = step.own()["weight"][place[0]]  # (channels of its group, rows, columns)
    first = place[0] // (layer.channels // layer.groups) * len(kernel)
    terms = []
    for channel, i, j in np.ndindex(*kernel.shape):
        row = place[1] * window.stride[0] - window.pad[0] + i * window.dilation[0]
        column = place[2] * window.stride[1] - window.pad[1] + j * window.dilation[1]
        height, width = x.shape[1:]
        inside = 0 <= row < height and 0 <= column < width
        value = 0.0
        if inside or layer.padmode == "edge":
            near = (min(max(row, 0), height - 1), min(max(column, 0), width - 1))
            value = float(x[(first + channel, *near)])
        at = (first + channel, row, column)
        weight = float(kernel[channel, i, j])
        terms.append(WorkedTerm(step.sources[0], at, value, weight, not inside))
    return _summed(step, place, tuple(terms))


def _connected(step: WorkedStep, place: Place) -> _Made:
    x, weights = step.inputs[0], step.own()["weight"][place[0]]
    terms = tuple(
        WorkedTerm(step.sources[0], (feature,), float(value), float(weight))
        for feature, (value, weight) in enumerate(zip(x, weights, strict=True))
    )
    return _summed(step, place, terms)


def _summed(step: WorkedStep, place: Place, terms: tuple[WorkedTerm, ...]) -> _Made:
    own = step.own()
    bias = float(own["bias"][place[0]]) if "bias" in own else None
    return _Made(terms, add_up(terms, bias), bias)


def _largest(step: WorkedStep, place: Place) -> _Made:
    x, layer = step.inputs[0], _leaf(step).layer
    window = layer.window_on(x.shape)
    if window is None:
        raise TypeError(f"{step.address} has no window")
    terms = []
    for i, j in np.ndindex(*window.kernel):
        row = place[1] * window.stride[0] - window.pad[0] + i * window.dilation[0]
        column = place[2] * window.stride[1] - window.pad[1] + j * window.dilation[1]
        if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
            at = (place[0], row, column)
            terms.append(WorkedTerm(step.sources[0], at, float(x[at])))
    told = ", ".join(format_number(term.value) for term in terms)
    return _Made(tuple(terms), f"max({told})")


def _mean(step: WorkedStep, place: Place) -> _Made:
    """Write a mean or a sum; its shares are asked of the word's own way back."""
    x = step.inputs[0]
    _, back = _leaf(step).layer.numpy_pass(x[None], Visit())
    one = np.zeros((1, *step.shape))
    one[(0, *place)] = 1.0
    shares = back(one)["x"][0]
    terms = tuple(
        WorkedTerm(step.sources[0], at, float(x[at]), float(shares[at]))
        for at in (tuple(int(n) for n in found) for found in np.argwhere(shares))
    )
    added = join_terms([bracket(term.value) for term in terms])
    share = terms[0].weight if terms else 1.0
    return _Made(terms, added if share == 1 else f"({added})/{format_number(1 / share)}")


def _moved(step: WorkedStep, place: Place) -> _Made:
    """Write where a number comes from that goes through unchanged."""
    x = step.inputs[0]
    flat = int(np.ravel_multi_index(place, step.shape))
    at = tuple(int(n) for n in np.unravel_index(flat, x.shape))
    source = f"{step.sources[0]}[{', '.join(map(str, at))}]"
    return _Made((WorkedTerm(step.sources[0], at, float(x[at])),), source)


def _bent(write: Callable[[float, Layer, Mapping[str, np.ndarray], Place], str]) -> Rule:
    def rule(step: WorkedStep, place: Place) -> _Made:
        value = float(step.inputs[0][place])
        written = write(value, _leaf(step).layer, step.own(), place)
        return _Made((WorkedTerm(step.sources[0], place, value),), written)

    return rule


def _leaky(value: float, slope: float) -> str:
    told = format_number(value)
    return told if value > 0 else f"{format_number(slope)}*{bracket(value)}"


def _negative_slope(layer: Layer) -> float:
    return layer.negative_slope or 0.0


def _softmax(step: WorkedStep, place: Place) -> _Made:
    x = step.inputs[0]
    column = x[:, place[1], place[2]] if x.ndim == 3 else x
    terms = tuple(
        WorkedTerm(step.sources[0], (unit, *place[1:]), float(value))
        for unit, value in enumerate(column)
    )
    own, largest = float(column[place[0]]), float(column.max())
    moved = largest if abs(largest) > MOST_EXPONENT else 0.0
    below = " + ".join(power(float(value) - moved) for value in column)
    numbers = [math.exp(float(value) - moved) for value in column]
    result = f"{format_number(numbers[place[0]])}/{format_number(math.fsum(numbers))}"
    return _Made(terms, f"{power(own - moved)}/({below}) = {result}")


MOST_EXPONENT: Final = 20.0  # above which the largest score is subtracted from all first


def power(exponent: float) -> str:
    """Write e to a number: e^2, e^-0.5.

    >>> power(2.0), power(-0.5)
    ('e^2', 'e^-0.5')
    """
    return f"e^{format_number(exponent)}"


def _added(step: WorkedStep, place: Place) -> _Made:
    return _joined(step, place, " + ")


def _multiplied(step: WorkedStep, place: Place) -> _Made:
    return _joined(step, place, "*")


def _joined(step: WorkedStep, place: Place, sign: str) -> _Made:
    terms = []
    for source, x in zip(step.sources, step.inputs, strict=True):
        at = tuple(min(n, side - 1) for n, side in zip(place, x.shape, strict=True))
        terms.append(WorkedTerm(source, at, float(x[at])))
    return _Made(tuple(terms), sign.join(bracket(term.value) for term in terms))


def _laid_together(step: WorkedStep, place: Place) -> _Made:
    channel = place[0]
    for source, x in zip(step.sources, step.inputs, strict=True):
        if channel < len(x):
            at = (channel, *place[1:])
            told = f"{source}[{', '.join(map(str, at))}]"
            return _Made((WorkedTerm(source, at, float(x[at])),), told)
        channel -= len(x)
    raise IndexError(f"{step.address} has no channel {place[0]}")


def _normalised(value: float, layer: Layer, own: Mapping[str, np.ndarray], place: Place) -> str:
    mean, variance, scale, shift = (
        float(own[name][place[0]]) for name in ("running_mean", "running_var", "weight", "bias")
    )
    eps = getattr(layer, "eps", 0.0)
    root = f"sqrt({format_number(variance)} + {format_number(eps)})"
    above = f"({format_number(value)} - {bracket(mean)})"
    return f"{above}/{root}*{bracket(scale)} + {bracket(shift)}"


def _any(step: WorkedStep, place: Place) -> _Made:
    """Tell a word without a rule of its own by its name, and by the number that it bends."""
    leaf = step.layer
    if isinstance(leaf, Leaf) and leaf.layer.elementwise:
        return _bent(lambda value, layer, own, at: f"{layer}({format_number(value)})")(step, place)
    return _Made((), f"{step.word} of {', '.join(step.sources)}")


RULES: Final[Mapping[type[object], Rule]] = {
    Conv: _convolved,
    Fc: _connected,
    MaxPool: _largest,
    AvgPool: _mean,
    SumPool: _mean,
    Gap: _mean,
    Flatten: _moved,
    Identity: _moved,
    Dropout: _moved,
    Relu: _bent(lambda value, layer, own, at: f"max(0, {format_number(value)})"),
    LeakyRelu: _bent(lambda value, layer, own, at: _leaky(value, _negative_slope(layer))),
    Prelu: _bent(lambda value, layer, own, at: _leaky(value, float(own["weight"][at[0]]))),
    Relu6: _bent(lambda value, layer, own, at: f"min(6, max(0, {format_number(value)}))"),
    Sigmoid: _bent(lambda value, layer, own, at: f"1/(1 + {power(-value)})"),
    Tanh: _bent(lambda value, layer, own, at: f"tanh({format_number(value)})"),
    Bn: _bent(_normalised),
    Softmax: _softmax,
    Add: _added,
    Mul: _multiplied,
    Cat: _laid_together,
}
