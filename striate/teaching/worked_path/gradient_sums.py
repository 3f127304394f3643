"""How one number of a gradient comes about, by the chain rule alone.

    dL/dx[i] = sum over j of dL/dy[j] * dy[j]/dx[i]

and the same with a parameter in the place of x. How fast y[j] grows with each number that goes in
is asked of the word's own way back, from 1 at y[j] and 0 elsewhere; so this holds for every word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from striate.architecture.aspects.numpy_pass import ByName, Visit
from striate.architecture.notation import Leaf
from striate.errors import SettingError
from striate.teaching.convolution.number_text import format_number
from striate.teaching.worked_path.record import PathRecord
from striate.teaching.worked_path.step import ROUNDING, WorkedStep
from striate.teaching.worked_path.sums import Place, bracket, join_terms

MOST_SLOPES: Final = 2**23  # of one layer, 64 MiB: every value by every number that goes in


@dataclass(frozen=True)
class GradientTerm:
    """One way of a number into the loss.

    Attributes:
        through: the address of the layer that it goes through.
        place: of the value there.
        gradient: of the loss by that value.
        slope: how fast that value grows with the number.
    """

    through: str
    place: Place
    gradient: float
    slope: float

    @property
    def product(self) -> float:
        """What this way adds."""
        return self.gradient * self.slope


@dataclass(frozen=True)
class GradientSum:
    """How the gradient of the loss by one number comes about.

    Attributes:
        name: of the parameter, ``fc1.weight``, or the address of the layer.
        place: of the number, from 0.
        terms: those that are not 0.
        value: their sum.
    """

    name: str
    place: Place
    terms: tuple[GradientTerm, ...]
    value: float

    @property
    def calculation(self) -> str:
        """The arithmetic with its numbers, without the result; terms of 0 are left out."""
        parts = [f"{bracket(term.gradient)}*{bracket(term.slope)}" for term in self.terms]
        return join_terms(parts)

    def as_json(self) -> dict[str, object]:
        """Return it as plain values, each term with its product."""
        terms = [asdict(term) | {"product": term.product} for term in self.terms]
        return asdict(self) | {"terms": terms, "calculation": self.calculation}

    def __str__(self) -> str:
        where = ", ".join(map(str, self.place))
        if not self.terms:
            return f"dL/d {self.name}[{where}] = 0: it has no way into the loss"
        scale = sum(abs(term.product) for term in self.terms)
        value = 0.0 if abs(self.value) < ROUNDING * scale else self.value
        return f"dL/d {self.name}[{where}] = {self.calculation} = {format_number(value)}"


@dataclass(frozen=True, eq=False)
class GradientTerms:
    """The slopes of everything that a layer gives, kept so that many sums need them once.

    Attributes:
        step: the layer at work.
        slopes: by the name of what goes in, (values of the layer, its shape): "x", "weight".
    """

    step: WorkedStep
    slopes: ByName

    def of(self, name: str, place: Place) -> Iterator[GradientTerm]:
        """Give the ways of one number that goes in, those that are not 0.

        A weight of a full connection has one way alone, which is given whatever it adds.
        """
        if self.step.gradient is None:
            return
        gradient = self.step.gradient.reshape(-1)
        slopes = np.moveaxis(self.slopes[name], 0, -1)[place]
        ways = slopes * gradient != 0
        if self.step.values.ndim == 1 and not name.startswith("x"):
            ways[place[0]] = True
        for flat in np.flatnonzero(ways).tolist():
            at = tuple(int(n) for n in np.unravel_index(flat, self.step.shape))
            yield GradientTerm(self.step.address, at, float(gradient[flat]), float(slopes[flat]))


def find_slopes(step: WorkedStep) -> GradientTerms:
    """Return how fast each value of a layer grows with each number that goes in.

    Raises:
        SettingError: it has too many values.
    """
    if not has_few_slopes(step):
        raise SettingError(
            f"'{step.address}' is too large for its gradients to be written out; "
            "take a smaller image, or a layer behind a pool"
        )
    found: dict[str, list[np.ndarray]] = {}
    ones = np.eye(step.values.size).reshape(-1, 1, *step.shape)
    if isinstance(step.layer, Leaf):
        _, back = step.layer.layer.numpy_pass(step.inputs[0][None], Visit(own=step.own()))
        for one in ones:
            for name, slope in back(one).items():
                found.setdefault(name, []).append(slope[0] if name == "x" else slope)
    elif step.layer is not None:
        _, apart = step.layer.layer.numpy_pass([x[None] for x in step.inputs])
        for one in ones:
            for number, slope in enumerate(apart(one)):
                found.setdefault(f"x{number}", []).append(slope[0])
    return GradientTerms(step, {name: np.stack(each) for name, each in found.items()})


def has_few_slopes(step: WorkedStep) -> bool:
    """Return whether the slopes of a layer can be held."""
    numbers = [*step.inputs, *(each.values for each in step.parameters)]
    most = max((each.size for each in numbers), default=0)
    return step.values.size * max(most, step.values.size) <= MOST_SLOPES


def work_parameter_gradient(path: PathRecord, name: str, place: Place) -> GradientSum:
    """Return how the gradient by one parameter comes about.

    Args:
        path: with a loss.
        name: of the parameter, as ``fc1.weight``.
        place: of the number within it, from 0.

    Raises:
        SettingError: there is no such parameter or place, or no loss.
    """
    parameter = path.parameters.get(name)
    if parameter is None:
        known = ", ".join(path.parameters) or "none"
        raise SettingError(f"the network has no parameter '{name}'; it has {known}")
    if parameter.gradient is None:
        why = "is not learnt" if path.loss else "has no gradient without a label"
        raise SettingError(f"'{name}' {why}")
    shape = parameter.values.shape
    if len(place) != len(shape) or any(
        not 0 <= n < side for n, side in zip(place, shape, strict=True)
    ):
        told = " ".join(map(str, place)) or "nothing"
        size = "x".join(map(str, shape))
        raise SettingError(f"'{name}' has no number at {told}; it is {size}, counted from 0")
    address, _, own = name.rpartition(".")
    terms = tuple(find_slopes(path.step(address)).of(own, place))
    return GradientSum(name, place, terms, float(parameter.gradient[place]))


def work_value_gradient(path: PathRecord, step: WorkedStep, place: Place) -> GradientSum:
    """Return how the gradient by one value of a layer comes about: from every layer that reads it.

    Args:
        path: with a loss.
        step: the layer, or the image.
        place: of the value; it is there.

    Raises:
        SettingError: there is no loss, or a layer is too large.
    """
    return sum_ways(step, place, find_ways(path, step))


def find_ways(path: PathRecord, step: WorkedStep) -> tuple[tuple[str, GradientTerms], ...]:
    """Return the slopes of every layer that reads a step, with the name that it reads it by."""
    ways = []
    for reader in path.steps:
        if step.address in reader.sources:
            slopes, single = find_slopes(reader), isinstance(reader.layer, Leaf)
            for number, source in enumerate(reader.sources):
                if source == step.address:
                    ways.append(("x" if single else f"x{number}", slopes))
    return tuple(ways)


def sum_ways(
    step: WorkedStep, place: Place, ways: Sequence[tuple[str, GradientTerms]]
) -> GradientSum:
    """Return how the gradient by one value comes about, from the slopes of what reads it."""
    if step.gradient is None:
        raise SettingError(f"'{step.address}' has no gradient without a label")
    terms = tuple(term for name, slopes in ways for term in slopes.of(name, place))
    return GradientSum(step.address, place, terms, float(step.gradient[place]))
