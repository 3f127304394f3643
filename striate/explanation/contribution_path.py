"""From a logit down to the pixels, always by what contributes most; and a score split over a layer.

The parts of every step add up: what goes in, each times its weight, and the bias are the number
that comes out (`Step.terms`). A relu passes its number on or ends the way; of a maxpool the winner
goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from striate.data.images.decoding import Source
from striate.errors import SettingError
from striate.explanation.hooks import Call, Recording, gradients_of, record
from striate.explanation.last_spatial_layer import chosen
from striate.explanation.subject import Subject
from striate.explanation.target import Wanted, aim_at
from striate.explanation.unit_arithmetic import Step, step_of
from striate.model.classifier import Classifier

CURVED = (nn.Sigmoid, nn.Tanh, nn.Softmax, nn.LocalResponseNorm)


@dataclass(frozen=True, eq=False)
class Stride:
    """One step of a walk.

    Attributes:
        step: the number taken apart.
        chosen: the place among its terms that the walk goes on with.
        product: what that term contributes.
        share: of the number that comes out: product / value; may be above 1 where others are
            below 0.
    """

    step: Step = field(repr=False)
    chosen: int
    product: float
    share: float

    def __str__(self) -> str:
        one, found = self.step, self.step.terms
        where = "" if one.row < 0 else f" at row {one.row}, column {one.column}"
        away = found.row[self.chosen]
        place = "" if away < 0 else f" at row {away}, column {found.column[self.chosen]}"
        return (
            f"{one.address} unit {one.unit}{where} = {one.value:.4g}: most of it, "
            f"{self.product:+.4g} of {len(found.value):,}, from unit "
            f"{found.unit[self.chosen]}{place} = {found.value[self.chosen]:.4g} x "
            f"{found.weight[self.chosen]:.4g}"
        )


@dataclass(frozen=True, eq=False)
class Walk:
    """A way from a logit to a pixel.

    Attributes:
        of: the class whose logit it begins at.
        strides: from the logit down.
        pixel: (channel, row, column) of the network's input that it ends at; None where a number
            of 0 ended it before, which nothing contributed to.
        left: why it ended before the pixels, in words; "" where it did not.
    """

    of: str
    strides: tuple[Stride, ...]
    pixel: tuple[int, int, int] | None
    left: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give it as plain values, without the single terms."""
        return {
            "of": self.of,
            "pixel": self.pixel,
            "left": self.left,
            "steps": [
                {
                    "layer": one.step.address,
                    "unit": one.step.unit,
                    "row": None if one.step.row < 0 else one.step.row,
                    "column": None if one.step.column < 0 else one.step.column,
                    "value": one.step.value,
                    "contribution": one.product,
                    "share": one.share,
                }
                for one in self.strides
            ],
        }

    def __str__(self) -> str:
        end = (
            f"the pixel of channel {self.pixel[0]} at row {self.pixel[1]}, column {self.pixel[2]}"
            if self.pixel is not None
            else self.left
        )
        return "\n".join((*map(str, self.strides), end))


def walk(model: Classifier, source: Source | Subject, *, of: Wanted = None) -> Walk:
    """Follow a logit down to the pixels by the largest contributions.

    Where something speaks against the class as well, the largest that speaks for it is taken.

    Args:
        model: the classifier.
        source: whatever `Classifier.predict` takes.
        of: a class by name or place; None takes the most probable.

    Raises:
        ImageError: the image cannot be read.
        SettingError: there is no such class, or where a number comes from cannot be told, as
            between the layers of some foreign modules.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x4x4 classes=2 > conv 2 pad=valid > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 4, 4))
    >>> [one.step.address for one in walk(model, np.eye(4)).strides]
    ['fc1', 'flatten1', 'conv1']
    """
    subject = source if isinstance(source, Subject) else Subject.of(model, source)
    passed = record(model.module, subject.values)
    aim = aim_at(model, of, logits=passed.output[0].float().cpu().numpy())
    call = passed.maker(passed.output)
    if call is None:
        raise SettingError(
            "the logits come out of no layer but of a calculation of the module's own, so the walk "
            "cannot begin; it needs a network whose steps are layers, as the notation's are"
        )
    place = (aim.place, -1, -1)
    strides: list[Stride] = []
    while True:
        step = step_of(call, *place)
        if step.value == 0:
            return Walk(aim.words, tuple(strides), None, f"{call.address} is 0: nothing came in")
        found = step.terms
        product = (
            found.weight * np.abs(found.value) if found.function == "softmax" else found.product
        )
        best = int(np.argmax(product * np.sign(step.value)))
        contributed = float(found.product[best])
        strides.append(Stride(step, best, contributed, contributed / step.value))
        place = (int(found.unit[best]), int(found.row[best]), int(found.column[best]))
        given = call.inputs[int(found.source[best])]
        before = passed.maker(given, call)
        if before is None:
            return _ended(passed, given, aim.words, strides, place)
        if before.output.ndim == 4 and given.ndim == 2:  # flattened by the module itself
            at = np.unravel_index(place[0], before.output.shape[1:])
            place = (int(at[0]), int(at[1]), int(at[2]))
        call = before


def _ended(
    passed: Recording,
    given: torch.Tensor,
    words: str,
    strides: list[Stride],
    place: tuple[int, int, int],
) -> Walk:
    """End at the pixels, or say why before."""
    rows, columns = passed.values.shape[2:]
    if torch.equal(given, passed.values):
        inside = 0 <= place[1] < rows and 0 <= place[2] < columns
        left = "" if inside else "it ends in the padding"
        return Walk(words, tuple(strides), place if inside else None, left)
    left = (
        f"what goes into {strides[-1].step.address} comes out of no layer but of a calculation of "
        "the module's own"
    )
    return Walk(words, tuple(strides), None, left)


@dataclass(frozen=True, eq=False)
class Contrast:
    """Why one class and not another: the difference of two logits, split over a map's positions.

    Attributes:
        of: "cat rather than dog", or one class.
        layer: whose positions they are.
        map: float64 (rows, columns), what each position adds to the difference.
        units: float64 (units,), what each unit adds, over all positions.
        rest: what neither adds: the difference of the biases, and of all above that is no product.
        score: the difference; map.sum() + rest, and units.sum() + rest.
        exact: whether all between the layer and the logits is linear or bends at 0 alone (relu,
            maxpool), so that rest is of biases only.
        subject: the image.
    """

    of: str
    layer: str
    map: np.ndarray = field(repr=False)
    units: np.ndarray = field(repr=False)
    rest: float
    score: float
    exact: bool
    subject: Subject = field(repr=False)

    def largest(self, count: int = 5) -> tuple[tuple[int, float], ...]:
        """Give (unit, what it adds) of those that speak most for the first class."""
        order = np.argsort(-self.units, kind="stable")[:count]
        return tuple((int(k), float(self.units[k])) for k in order if self.units[k] > 0)

    def lowest(self, count: int = 5) -> tuple[tuple[int, float], ...]:
        """Give (unit, what it adds) of those that speak most against it."""
        order = np.argsort(self.units, kind="stable")[:count]
        return tuple((int(k), float(self.units[k])) for k in order if self.units[k] < 0)

    def as_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        return {
            "of": self.of,
            "layer": self.layer,
            "score": self.score,
            "rest": self.rest,
            "exact": self.exact,
            "map": self.map.tolist(),
            "units": self.units.tolist(),
        }

    def __str__(self) -> str:
        most = ", ".join(f"{k} ({value:+.3g})" for k, value in self.largest()) or "none"
        least = ", ".join(f"{k} ({value:+.3g})" for k, value in self.lowest()) or "none"
        rest = "biases" if self.exact else "biases and what bends between"
        return (
            f"{self.of}: {self.score:.4g} = {self.map.sum():.4g} over the positions of "
            f"{self.layer} + {self.rest:.4g} ({rest})\n  for it: units {most}\n"
            f"  against it: units {least}"
        )


def contrast(
    model: Classifier,
    source: Source | Subject,
    of: Wanted = None,
    against: Wanted = None,
    *,
    layer: str | None = None,
) -> Contrast:
    """Say why one class and not another, position by position and unit by unit of a layer.

    Each number is the activation times the gradient of the difference. Where all that follows is
    linear or bends at 0 alone, the whole is exact: the score is their sum and what the biases
    between add.

    Args:
        model: the classifier.
        source: whatever `Classifier.predict` takes.
        of: a class; None takes the most probable.
        against: another one; None splits the logit of the first alone.
        layer: None takes the last layer with positions.

    Raises:
        ImageError: the image cannot be read.
        SettingError: there is no such class or layer.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x4x4 classes=2 > conv 2 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 4, 4))
    >>> found = contrast(model, np.eye(4), "light", "dark")
    >>> print(f"{abs(found.map.sum() + found.rest - found.score):.3f}", found.layer, found.exact)
    0.000 relu1 True
    """
    subject = source if isinstance(source, Subject) else Subject.of(model, source)
    module = model.module
    address, _ = chosen(module, subject.values, layer)
    passed = record(module, subject.values, gradients=True)
    aim = aim_at(model, of, against, logits=passed.output[0].detach().float().cpu().numpy())
    call = passed[address]
    score = aim.score(passed.output)
    (gradient,) = gradients_of(score, [call.output])
    parts = (call.output.detach().double() * gradient.double())[0].cpu().numpy()
    total = float(score.detach().double())
    return Contrast(
        of=aim.words,
        layer=address,
        map=parts.sum(0),
        units=parts.sum((1, 2)),
        rest=total - float(parts.sum()),
        score=total,
        exact=not any(isinstance(one.module, CURVED) for one in _after(passed.calls, call)),
        subject=subject,
    )


def _after(calls: tuple[Call, ...], call: Call) -> tuple[Call, ...]:
    return calls[calls.index(call) + 1 :]
