"""A worked path as one page, read like a worked exercise: from the image to the loss and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from markupsafe import Markup, escape

from striate.architecture.layer_table.formulas import formulas
from striate.architecture.notation import Leaf
from striate.architecture.words import text_of
from striate.render.image_files import data_uri
from striate.render.map_strip import map_strip
from striate.render.page import page
from striate.teaching.convolution.convolution_matrix import ConvolutionMatrix
from striate.teaching.convolution.loops import Loops, write_loops
from striate.teaching.convolution.number_text import describe_range, format_number
from striate.teaching.worked_path.gradient_sums import (
    GradientSum,
    find_slopes,
    find_ways,
    has_few_slopes,
    sum_ways,
    work_parameter_gradient,
)
from striate.teaching.worked_path.matrix_drawing import draw_matrix
from striate.teaching.worked_path.path_text import describe_step, largest_place
from striate.teaching.worked_path.record import PathRecord
from striate.teaching.worked_path.sentences import describe_layer
from striate.teaching.worked_path.step import (
    SHOWN_VALUES,
    WorkedParameter,
    WorkedStep,
    drop_rounding,
    fits,
)
from striate.teaching.worked_path.sums import work_sum

TEMPLATES = "teaching/worked_path/templates"
ROW = 16  # numbers of a row of features that stand beside each other
MAPS = 4  # of a layer that the first picture shows
PATCHES = 12  # rows of P that are shown
OPEN = 8  # sums that are shown without a click
POWER = re.compile(r"e\^(−?[\d.]+(?:e[+−]?\d+)?)")


def make_page(path: PathRecord, command: str, matrix: ConvolutionMatrix | None) -> str:
    """Return a path as a page.

    Args:
        path: with or without a loss.
        command: what makes it again; empty where that is not known.
        matrix: of the first convolution; None where there is none, or it is too large.
    """
    view = PathView(path, command, matrix)
    sections = {
        "image": ("The image", True),
        "forward": ("Forward, step by step", True),
        "loss": ("The loss", path.loss),
        "back": ("The way back", path.loss),
        "learn": ("One step of learning", path.descent),
        "matrix": ("The convolution as one matrix", matrix),
        "loops": ("The loops, and what they cost", view.loops),
        "again": ("How to repeat it", command),
    }
    shown = {anchor: heading for anchor, (heading, there) in sections.items() if there}
    return page(view.title, f"{TEMPLATES}/opening.html", shown, view)


@dataclass(frozen=True, eq=False)
class Grid:
    """Numbers in their places.

    Attributes:
        name: of the channel; empty where there is only one.
        values: float64 (rows, columns), NaN where nothing stands.
        reach: the size that has the full colour.
    """

    name: str
    values: np.ndarray
    reach: float


@dataclass(frozen=True)
class Sums:
    """Calculations, each a line.

    Attributes:
        lines: all of them.
        example: the one of the largest number, where they are too many.
        is_open: whether they are few enough to stand without a click.
    """

    lines: Sequence[Markup] = ()
    example: Markup = field(default_factory=Markup)

    @property
    def is_open(self) -> bool:
        """Whether all of them stand on the page at once."""
        return len(self.lines) <= OPEN


@dataclass(frozen=True, eq=False)
class PathView:
    """A path, and what the templates need besides."""

    path: PathRecord
    command: str
    matrix: ConvolutionMatrix | None

    @property
    def title(self) -> str:
        """Of the page."""
        loss = self.path.loss
        return f"From pixels to {loss.label}" if loss else "An image, worked through"

    @property
    def step_remark(self) -> str:
        """What the step of learning did to the loss."""
        return describe_step(self.path.descent).lstrip(": ") if self.path.descent else ""

    @cached_property
    def loops(self) -> tuple[Loops, ...]:
        """Every layer that multiplies, as loops."""
        return tuple(write_loops(layer, shape) for layer, shape in self.path.multiplying())

    @cached_property
    def backwards(self) -> tuple[WorkedStep, ...]:
        """The steps from the scores back to the image."""
        return tuple(reversed(self.path.steps[:-1]))

    @cached_property
    def said(self) -> tuple[str, float, str, float]:
        """The most probable class with its probability, and the true one with its; of a loss."""
        loss = self.path.loss
        if loss is None:
            return "", 0.0, "", 0.0
        shares = loss.outputs
        if len(shares) == 1:  # a lone sigmoid speaks for the second class
            shares = np.array([1 - shares[0], shares[0]])
        best, true = int(shares.argmax()), loss.classes.index(loss.label)
        return loss.classes[best], float(shares[best]), loss.label, float(shares[true])

    @staticmethod
    def text(calculation: str) -> Markup:
        """Write a calculation as books do: a times sign, exponents raised, real minus signs."""
        told = str(escape(calculation)).replace("*", "×").replace("-", "−")
        return Markup(POWER.sub(r"e<sup>\1</sup>", told))

    @staticmethod
    def shape(sides: tuple[int, ...]) -> str:
        """Write a shape: 1 × 5 × 5, or 9 numbers."""
        if len(sides) > 1:
            return " × ".join(map(str, sides))
        return f"{sides[0]:,} number" + "s" * (sides[0] != 1)

    @staticmethod
    def number(value: float) -> str:
        """Write a number with up to 6 digits."""
        return format_number(value).replace("-", "−", 1)

    def sentence(self, step: WorkedStep) -> str:
        """Say what a layer does."""
        return describe_layer(step)

    def formulas(self, step: WorkedStep) -> Sequence[tuple[str, str]]:
        """Give (what, formula) of the size that comes out and of the work."""
        if not isinstance(step.layer, Leaf):
            return ()
        found = formulas(step.layer, [None], memory=False)
        told = (("size", found.output), ("multiply-accumulates", found.macs))
        return tuple((what, text) for what, text in told if text)

    def grids(self, values: np.ndarray, *, names: Sequence[str] = ()) -> Sequence[Grid]:
        """Lay numbers out as grids; none where they are too many."""
        if not fits(values):
            return ()
        values = drop_rounding(values)
        reach = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
        if values.ndim == 1:
            return (Grid("", _fold(values), reach),)
        maps = values.reshape(-1, *values.shape[-2:])
        several = len(maps) > 1
        named = [*names, *(f"channel {n}" for n in range(len(names), len(maps)))]
        return tuple(Grid(named[n] if several else "", each, reach) for n, each in enumerate(maps))

    @staticmethod
    def told(values: np.ndarray) -> str:
        """Say the size and the range of numbers that are too many to be shown."""
        return f"{text_of(values.shape)}, {describe_range(values)}"

    def sums(self, step: WorkedStep) -> Sums:
        """Write out how the values of a step come about."""
        if describe_layer(step).endswith("unchanged."):
            return Sums()
        example = self.text(str(work_sum(step, largest_place(step.values))))
        if not step.is_written_out:
            return Sums((), example)
        lines = [self.text(str(work_sum(step, place))) for place in np.ndindex(*step.shape)]
        return Sums(lines, example)

    def slope_sums(self, step: WorkedStep) -> Sums:
        """Write out how the gradient by the values of a step comes about."""
        readers = [each for each in self.path.steps if step.address in each.sources]
        if step.gradient is None or step is self.backwards[0]:
            return Sums()
        if not all(map(has_few_slopes, readers)):
            return Sums()
        ways = find_ways(self.path, step)
        example = self._slope(sum_ways(step, largest_place(step.gradient), ways))
        if not step.is_shown or step.values.size > SHOWN_VALUES:
            return Sums((), example)
        found = [self._slope(sum_ways(step, place, ways)) for place in np.ndindex(*step.shape)]
        return Sums(found, example)

    def parameter_sums(self, step: WorkedStep, parameter: WorkedParameter) -> Sums:
        """Write out how the gradient by a parameter comes about."""
        gradient = parameter.gradient
        if gradient is None or not has_few_slopes(step):
            return Sums()
        first = largest_place(gradient)
        example = self._slope(work_parameter_gradient(self.path, parameter.name, first))
        if gradient.size > SHOWN_VALUES:
            return Sums((), example)
        slopes, own = find_slopes(step), parameter.name.rpartition(".")[2]
        found = []
        for place in np.ndindex(*gradient.shape):
            terms = tuple(slopes.of(own, place))
            worked = GradientSum(parameter.name, place, terms, float(gradient[place]))
            found.append(self._slope(worked))
        return Sums(found, example)

    def _slope(self, found: GradientSum) -> Markup:
        return self.text(str(found).replace("dL/d ", "∂L/∂"))

    def icon(self, step: WorkedStep) -> str:
        """Draw the maps of a step, without numbers, as the source of an image."""
        row = step.values.ndim == 1
        values = np.nan_to_num(_fold(step.values)[None] if row else step.values[:MAPS])
        reach = float(np.abs(values).max()) or 1.0
        side = 12 * values.shape[2] if row else 72
        return data_uri(map_strip(values, reach=reach, side=side, clear=True), side=0)

    @staticmethod
    def small(difference: float) -> str:
        """Say how far two ways are apart."""
        return f"{difference:.2g}, which is rounding" if difference else "0"

    def patches(self) -> tuple[np.ndarray, str]:
        """Give the patches as rows, the first of them where they are many, with their name."""
        whole = np.zeros((0, 0)) if self.matrix is None else self.matrix.patches
        part = whole[:PATCHES, :ROW]
        return part[None], "P, the patches" if part.shape == whole.shape else "P, its first patches"

    @cached_property
    def drawing(self) -> Markup:
        """The matrix of the convolution as a drawing; empty where it is too large."""
        return Markup() if self.matrix is None else draw_matrix(self.matrix)


def _fold(values: np.ndarray) -> np.ndarray:
    """Lay a row of features out in rows of up to 16, the last filled with NaN."""
    rows = -(-len(values) // ROW)
    across = min(len(values), ROW)
    padded = np.full(rows * across, np.nan)
    padded[: len(values)] = values
    return padded.reshape(rows, across)
