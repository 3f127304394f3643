"""From a logit down to the pixels, always by what contributes most.

The parts of every step add up: what goes in, each times its weight, and the bias are the number
that comes out (`ArithmeticStep.terms`). A relu passes its number on or ends the path; of a maxpool
the winner goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from striate.errors import SettingError
from striate.explanation.hooks import Recording, record
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import TargetClass, resolve_target
from striate.explanation.unit_arithmetic import ArithmeticStep, recompute_call
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.dataframe import make_dataframe

if TYPE_CHECKING:
    from pandas import DataFrame

    from striate.model.image_input import ImageInput


@dataclass(frozen=True, eq=False)
class PathStep:
    """One step of a path.

    Attributes:
        arithmetic: the number taken apart.
        term: the place among its terms that the path goes on with.
        contribution: what that term contributes.
        share: of the number that comes out: product / value; may be above 1 where others are
            below 0.
    """

    arithmetic: ArithmeticStep = field(repr=False)
    term: int
    contribution: float
    share: float

    def __str__(self) -> str:
        one, found = self.arithmetic, self.arithmetic.terms
        where = "" if one.row < 0 else f" at row {one.row}, column {one.column}"
        away = found.row[self.term]
        place = "" if away < 0 else f" at row {away}, column {found.column[self.term]}"
        return (
            f"{one.layer} unit {one.unit}{where} = {one.value:.4g}: most of it, "
            f"{self.contribution:+.4g} of {len(found.value):,}, from unit "
            f"{found.unit[self.term]}{place} = {found.value[self.term]:.4g} x "
            f"{found.weight[self.term]:.4g}"
        )


@dataclass(frozen=True, eq=False)
class ContributionPath:
    """The path of the largest contributions from a logit to a pixel.

    Attributes:
        target: the class whose logit it begins at.
        steps: from the logit down.
        pixel: (channel, row, column) of the network's input that it ends at; None where a number
            of 0 ended it before, which nothing contributed to.
        stopped: why it ended before the pixels, in words; "" where it did not.
    """

    target: str
    steps: tuple[PathStep, ...]
    pixel: tuple[int, int, int] | None
    stopped: str = ""

    def to_pandas(self) -> DataFrame:
        """Return the steps as a pandas DataFrame, from the logit down.

        Raises:
            StriateError: pandas is not installed.
        """
        rows = (
            (
                one.arithmetic.layer,
                one.arithmetic.unit,
                one.arithmetic.row,
                one.arithmetic.column,
                one.arithmetic.value,
                one.contribution,
                one.share,
            )
            for one in self.steps
        )
        columns = ("layer", "unit", "row", "column", "value", "contribution", "share")
        return make_dataframe(columns, rows)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, without the single terms."""
        return {
            "target": self.target,
            "pixel": self.pixel,
            "stopped": self.stopped,
            "steps": [
                {
                    "layer": one.arithmetic.layer,
                    "unit": one.arithmetic.unit,
                    "row": None if one.arithmetic.row < 0 else one.arithmetic.row,
                    "column": None if one.arithmetic.column < 0 else one.arithmetic.column,
                    "value": one.arithmetic.value,
                    "contribution": one.contribution,
                    "share": one.share,
                }
                for one in self.steps
            ],
        }

    def __str__(self) -> str:
        end = (
            f"the pixel of channel {self.pixel[0]} at row {self.pixel[1]}, column {self.pixel[2]}"
            if self.pixel is not None
            else self.stopped
        )
        return "\n".join((*map(str, self.steps), end))


def trace_contributions(
    model: ClassifierLike, image: ImageInput | PreprocessedImage, *, target: TargetClass = None
) -> ContributionPath:
    """Return the path from a logit down to a pixel, by the largest contributions.

    Where something speaks against the class as well, the largest that speaks for it is taken.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        image: whatever `Classifier.predict` takes.
        target: a class by name or place; None takes the most probable.

    Raises:
        ClassifierError: the classifier cannot be opened.
        ImageError: the image cannot be read.
        SettingError: there is no such class, or where a number comes from cannot be told, as
            between the layers of some foreign modules.

    >>> from striate.backends.torch import build
    >>> from striate.model.classifier import Classifier
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x4x4 classes=2 > conv 2 pad=valid > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 4, 4))
    >>> [one.arithmetic.layer for one in trace_contributions(model, np.eye(4)).steps]
    ['fc1', 'flatten1', 'conv1']
    """
    model = open_classifier(model)
    image = PreprocessedImage.read(model, image)
    return trace_recorded(model, record(model.module, image.tensor), target=target)


def trace_recorded(
    model: Classifier, passed: Recording, *, target: TargetClass = None
) -> ContributionPath:
    """Return the path through a recorded pass: see `trace_contributions`.

    Args:
        model: the classifier whose network was recorded, every layer of it.
        passed: from `record`, of one image.
        target: a class by name or place; None takes the most probable.

    Raises:
        SettingError: as of `trace_contributions`.
    """
    chosen = resolve_target(model, target, logits=passed.output[0].float().cpu().numpy())
    call = passed.producer_of(passed.output)
    if call is None:
        raise SettingError(
            "the logits come out of no layer but of a calculation of the module's own, so the path "
            "cannot begin; it needs a network whose steps are layers, as the notation's are"
        )
    place = (chosen.index, -1, -1)
    steps: list[PathStep] = []
    while True:
        step = recompute_call(call, *place)
        if step.value == 0:
            return ContributionPath(
                chosen.name, tuple(steps), None, f"{call.name} is 0: nothing came in"
            )
        found = step.terms
        product = (
            found.weight * np.abs(found.value) if found.function == "softmax" else found.product
        )
        best = int(np.argmax(product * np.sign(step.value)))
        contributed = float(found.product[best])
        steps.append(PathStep(step, best, contributed, contributed / step.value))
        place = (int(found.unit[best]), int(found.row[best]), int(found.column[best]))
        given = call.inputs[int(found.source[best])]
        before = passed.producer_of(given, call)
        if before is None:
            return _ended(passed, given, chosen.name, steps, place)
        if before.output.ndim == 4 and given.ndim == 2:  # flattened by the module itself
            at = np.unravel_index(place[0], before.output.shape[1:])
            place = (int(at[0]), int(at[1]), int(at[2]))
        call = before


def _ended(
    passed: Recording,
    given: torch.Tensor,
    words: str,
    steps: list[PathStep],
    place: tuple[int, int, int],
) -> ContributionPath:
    """End at the pixels, or say why before."""
    rows, columns = passed.input.shape[2:]
    if torch.equal(given, passed.input):
        inside = 0 <= place[1] < rows and 0 <= place[2] < columns
        left = "" if inside else "it ends in the padding"
        return ContributionPath(words, tuple(steps), place if inside else None, left)
    left = (
        f"what goes into {steps[-1].arithmetic.layer} comes out of no layer but of a calculation "
        "of the module's own"
    )
    return ContributionPath(words, tuple(steps), None, left)
