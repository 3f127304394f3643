"""The arithmetic of one activation, whole: what went in, each weight, each sum, each function."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from striate.architecture.aspects.worked_sum import Place, Terms
from striate.architecture.words import WORDS
from striate.backends.torch.network import Joining
from striate.errors import SettingError
from striate.explanation.activation_terms import decompose
from striate.explanation.hooks import LayerCall, Recording, find_layer, record
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.dataframe import make_dataframe

if TYPE_CHECKING:
    from pandas import DataFrame

    from striate.model.image_input import ImageInput

LARGEST = 12  # contributions that the text writes out
# What is told along with the layer before it.
FOLLOWING = tuple(kind for word in WORDS.values() if word.pointwise for kind in word.worked_sums())


@dataclass(frozen=True, eq=False)
class ArithmeticStep:
    """One layer's part in an activation.

    Attributes:
        layer: of the layer.
        kind: what it is.
        unit: the channel or feature.
        row: -1 for features.
        column: likewise.
        terms: what goes in.
        network_value: the number that the network itself came to.
        tolerance: how far rounding may have taken it: gamma(n) times the sum of the sizes of all
            terms, gamma(n) = n u / (1 - n u) with the unit roundoff u of the network's format.
            Higham 2002, Accuracy and stability of numerical algorithms, section 3.1.
    """

    layer: str
    kind: str
    unit: int
    row: int
    column: int
    terms: Terms = field(repr=False)
    network_value: float
    tolerance: float

    @property
    def value(self) -> float:
        """The number, calculated anew in float64 from what went in."""
        return self.terms.result

    @property
    def agrees(self) -> bool:
        """Whether both numbers are the same but for rounding."""
        return abs(self.value - self.network_value) <= self.tolerance

    def largest_terms(self, count: int = LARGEST) -> np.ndarray:
        """Return the places among the terms of the largest contributions, the largest first."""
        order = np.argsort(-np.abs(self.terms.product), kind="stable")
        return np.asarray(order[:count])

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, every term included."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "unit": self.unit,
            "row": None if self.row < 0 else self.row,
            "column": None if self.column < 0 else self.column,
            "value": self.value,
            "network_value": self.network_value,
            "tolerance": self.tolerance,
            "bias": self.terms.bias,
            "function": self.terms.function,
            "facts": self.terms.facts,
            "terms": {
                name: getattr(self.terms, name).tolist()
                for name in ("source", "unit", "row", "column", "value", "weight")
            },
        }

    def __str__(self) -> str:
        found, where = self.terms, "" if self.row < 0 else f", row {self.row}, column {self.column}"
        lines = [f"{self.layer} ({self.kind}), unit {self.unit}{where}: {self.value:.6g}"]
        if found.function == "softmax":
            lines += self._softmax()
        elif "variance" in found.facts:
            lines.append(self._bn())
        elif len(found.value) == 1:
            lines.append(self._single())
        else:
            lines += self._sum()
        off = self.value - self.network_value
        lines.append(
            f"  the network's own number is {self.network_value:.8g}; the difference {off:.1e} "
            f"is {'within' if self.agrees else 'BEYOND'} what rounding allows, {self.tolerance:.1e}"
        )
        return "\n".join(lines)

    def _single(self) -> str:
        found = self.terms
        if found.function == "lrn":
            squares = found.facts["squares of the channels beside it"]
            return (
                f"  {found.value[0]:.6g} / {found.facts['divisor']:.6g} = {self.value:.6g} (the "
                f"squares of the channels beside it add up to {squares:.6g})"
            )
        if found.function:
            return f"  {found.function}({found.value[0]:.6g}) = {self.value:.6g}"
        return f"  {found.value[0]:.6g}, unit {found.unit[0]} of what goes in, as it is"

    def _bn(self) -> str:
        f, x = self.terms.facts, self.terms.value[0]
        return (
            f"  ({x:.6g} - mean {f['mean']:.6g}) / sqrt(variance {f['variance']:.6g} + "
            f"{f['eps']:g}) x {f['scale']:.6g} + {f['shift']:.6g} = {self.value:.6g}"
        )

    def _softmax(self) -> list[str]:
        found, top = self.terms, self.terms.facts["largest"]
        order = np.argsort(-found.value, kind="stable")[:LARGEST]
        lines = [
            f"  output {found.unit[at]}: exp({found.value[at]:.6g} - {top:.6g}) = "
            f"{math.exp(found.value[at] - top):.6g}"
            for at in order
        ]
        own = math.exp(found.value[self.unit] - top)
        total = found.facts["sum of exponentials"]
        more = len(found.value) - len(order)
        lines += [f"  {more} more"] if more else []
        return [*lines, f"  {own:.6g} / their sum {total:.6g} = {self.value:.6g}"]

    def _sum(self) -> list[str]:
        found = self.terms
        product, order = found.product, self.largest_terms()
        if found.function == "the largest":
            ties = int(found.facts["winners"])
            won = int(np.flatnonzero(found.weight)[0])
            told = ", ".join(f"{value:.6g}" for value in found.value[:25])
            equal = f" ({ties} are equal; the first counts)" if ties > 1 else ""
            return [
                f"  the largest of {told}: row {found.row[won]}, column {found.column[won]}{equal}"
            ]
        lines = [f"  {len(product):,} products, the largest first:"]
        for at in order:
            place = "" if found.row[at] < 0 else f", row {found.row[at]}, column {found.column[at]}"
            source = f"branch {found.source[at] + 1}, " if found.source.any() else ""
            out = " (padding)" if found.padding is not None and found.padding[at] else ""
            lines.append(
                f"    {source}unit {found.unit[at]}{place}: {found.value[at]:.6g} x "
                f"{found.weight[at]:.6g} = {product[at]:+.6g}{out}"
            )
        rest = math.fsum(np.delete(product, order).tolist())
        if len(product) > len(order):
            lines.append(f"    {len(product) - len(order):,} more: {rest:+.6g}")
        total = math.fsum(product.tolist())
        return [*lines, f"  sum {total:.6g} + bias {found.bias:.6g} = {total + found.bias:.6g}"]


@dataclass(frozen=True, eq=False)
class UnitArithmetic:
    """One activation: the layer asked for, and what follows it number by number.

    Attributes:
        steps: the layer, then the bn and activation that take up its number at the same place.
    """

    steps: tuple[ArithmeticStep, ...]

    @property
    def value(self) -> float:
        """The number behind the last step."""
        return self.steps[-1].value

    @property
    def agrees(self) -> bool:
        """Whether every step came to the network's own number, but for rounding."""
        return all(step.agrees for step in self.steps)

    def to_pandas(self) -> DataFrame:
        """Return every term of every step as a pandas DataFrame.

        Raises:
            StriateError: pandas is not installed.
        """
        names = ("source", "unit", "row", "column", "value", "weight", "product")
        rows = (
            (step.layer, *row)
            for step in self.steps
            for row in zip(*(getattr(step.terms, name).tolist() for name in names), strict=True)
        )
        return make_dataframe(("layer", *names), rows)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"value": self.value, "steps": [step.as_json() for step in self.steps]}

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))


def recompute_activation(
    model: ClassifierLike,
    image: ImageInput | PreprocessedImage,
    layer: str,
    *,
    unit: int,
    row: int = -1,
    column: int = -1,
    following: bool = True,
) -> UnitArithmetic:
    """Return one activation calculated anew, step by step, from what went into it.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        image: whatever `Classifier.predict` takes.
        layer: its address.
        unit: the channel or feature, from 0.
        row: from 0; left out for features.
        column: likewise.
        following: whether bn and activation behind the layer are told, too.

    Raises:
        ClassifierError: the classifier cannot be opened.
        ImageError: the image cannot be read.
        SettingError: there is no such layer or number, or what the layer does is not known.
        NotationError: there is no such layer in a network of the notation.

    >>> from striate.backends.torch import build
    >>> from striate.model.classifier import Classifier
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x3x3 classes=2 > conv 2 pad=valid > relu > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 3, 3))
    >>> found = recompute_activation(model, np.eye(3), "conv1", unit=1, row=0, column=0)
    >>> [step.layer for step in found.steps], len(found.steps[0].terms.value), found.agrees
    (['conv1', 'relu1'], 9, True)
    """
    model = open_classifier(model)
    image = PreprocessedImage.read(model, image)
    passed = record(model.module, image.tensor)
    name = _full(model.module, layer, passed)
    return recompute_recorded(passed, name, (unit, row, column), following=following)


def recompute_recorded(
    passed: Recording, layer: str, place: Place, *, following: bool = True
) -> UnitArithmetic:
    """Return one activation of a recorded pass calculated anew: see `recompute_activation`.

    Args:
        passed: from `record`, of one image and every layer.
        layer: the name of one of its calls.
        place: unit, row and column, from 0; row and column are -1 for features.
        following: whether bn and activation behind the layer are told, too.

    Raises:
        SettingError: there is no such layer or number, or what the layer does is not known.
    """
    call = passed[layer]
    steps = [recompute_call(call, *place)]
    while following:
        after = next((one for one in passed.calls if _takes(passed, one, call)), None)
        if after is None or not isinstance(after.module, FOLLOWING):
            break
        steps.append(recompute_call(after, *place))
        call = after
    return UnitArithmetic(tuple(steps))


def recompute_call(call: LayerCall, unit: int, row: int = -1, column: int = -1) -> ArithmeticStep:
    """Return one number of a recorded layer taken apart, beside the number that it came to itself.

    Args:
        call: from `record`, of one image.
        unit: the channel or feature, from 0.
        row: from 0; -1 for features.
        column: likewise.

    Raises:
        SettingError: there is no such number, or what the layer does is not known.
    """
    found = decompose(call, unit, row, column)
    place = (0, unit) if call.output.ndim == 2 else (0, unit, row, column)
    own = float(call.output[place].double())
    return ArithmeticStep(
        layer=call.name,
        kind=_kind(call.module),
        unit=unit,
        row=row,
        column=column,
        terms=found,
        network_value=own,
        tolerance=_rounding(found, call.output),
    )


def _kind(module: nn.Module) -> str:
    return str(module.joint) if isinstance(module, Joining) else type(module).__name__


def _rounding(found: Terms, output: Tensor) -> float:
    """Say how far rounding may take a number away from its exact value."""
    unit = torch.finfo(output.dtype).eps / 2
    n = len(found.value) + 4
    sizes = math.fsum(np.abs(found.product).tolist()) + abs(found.bias) + abs(found.result)
    if "variance" in found.facts:  # the mean is taken off first
        scale = found.weight[0]
        sizes += 2 * abs(found.facts["mean"] * scale) + 2 * abs(found.facts["shift"])
        n += 8
    if found.function in ("softmax", "sigmoid", "tanh", "lrn"):  # functions of some ulps each
        n += 16
        largest = float(np.abs(found.value).max())
        sizes = abs(found.result) * (1 + 2 * largest) + 1e-30
    return n * unit / (1 - n * unit) * sizes + float(torch.finfo(output.dtype).tiny)


def _full(module: nn.Module, layer: str, passed: Recording) -> str:
    """Return the address of a call, a block's being that of the layer that makes its output."""
    number = layer.partition("#")[2]
    name = find_layer(module, layer) + (f"#{number}" if number else "")
    if any(call.name.partition("#")[0] == name.partition("#")[0] for call in passed.calls):
        return name
    inner = [call.name for call in passed.calls if call.name.startswith(f"{name}.")]
    if inner:
        raise SettingError(f"'{name}' is made of several layers; its output is '{inner[-1]}'")
    raise SettingError(f"'{name}' did not work in this pass")


def _takes(passed: Recording, one: LayerCall, before: LayerCall) -> bool:
    return len(one.inputs) == 1 and passed.producer_of(one.inputs[0], one) is before
