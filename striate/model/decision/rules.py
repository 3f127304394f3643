"""When a classifier answers "I don't know": a rule that was chosen, and a promise that was kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from striate.errors import SettingError


@dataclass(frozen=True)
class RejectRule:
    """Below which probability, or beyond which distance, nothing is answered.

    Attributes:
        probability: the least probability of the most probable class, after the temperature, with
            which it is answered; None refuses nothing by it.
        distance: the largest `FeatureDistance` with which anything is answered; None likewise.
        false_refusals: the share of images of the classes themselves that it was chosen to refuse.
        n: on how many images, which no weight was learnt from, it was chosen.

    >>> RejectRule(probability=0.6, distance=1.5, false_refusals=0.02, n=245).distance
    1.5
    """

    probability: float | None
    distance: float | None
    false_refusals: float
    n: int

    def __post_init__(self) -> None:
        for name, most in (("probability", 1.0), ("distance", float("inf"))):
            value = getattr(self, name)
            if value is not None and not _is_share(value, most):
                raise SettingError(f"the reject rule's {name} is {str(value)[:60]}; expected 0 up")
        if not _is_share(self.false_refusals, 1.0) or not _is_count(self.n):
            raise SettingError(
                f"the reject rule was chosen for {str(self.false_refusals)[:60]} of "
                f"{str(self.n)[:60]} images; expected a share and a count"
            )


@dataclass(frozen=True)
class Promise:
    """Thresholds under which what is answered is right as often as was asked for.

    Attributes:
        precision: the least share of right answers among those given, as asked for.
        confidence: the least probability with which the choice of the thresholds keeps it.
        per_class: whether it holds for each class that is answered, or over all answers.
        thresholds: for each class, the least probability with which it is answered; None where it
            never is.
        n: on how many images, which no weight was learnt from, they were chosen.
        levels: the same of the nodes of a taxonomy, a tuple a level, from the one above the
            classes up: of the images that nothing below is answered to, those answered there.

    >>> Promise(0.99, 0.9, False, (0.7, 0.7), 500).thresholds
    (0.7, 0.7)
    """

    precision: float
    confidence: float
    per_class: bool
    thresholds: tuple[float | None, ...]
    n: int
    levels: tuple[tuple[float | None, ...], ...] = ()

    def __post_init__(self) -> None:
        given = [each for level in (self.thresholds, *self.levels) for each in level if each]
        shares = (self.precision, self.confidence, *given)
        if not all(_is_share(each, 1.0) for each in shares) or not _is_count(self.n):
            raise SettingError(
                f"the promise is {str(self.precision)[:60]} with confidence "
                f"{str(self.confidence)[:60]} and thresholds {str(self.thresholds)[:60]}; expected "
                "shares from 0 to 1"
            )
        if type(self.per_class) is not bool:
            raise SettingError("the promise's per_class is neither true nor false")


def as_json(rule: RejectRule | Promise) -> dict[str, Any]:
    """Return a rule as plain values."""
    values = asdict(rule)
    if isinstance(rule, RejectRule):
        return values
    values["thresholds"], levels = list(rule.thresholds), values.pop("levels")
    return values | {"levels": [list(each) for each in levels]} if levels else values


def read_reject_rule(values: Any) -> RejectRule | None:
    """Return what `as_json` gave of a reject rule; None of None.

    Raises:
        SettingError: something is missing or makes no sense.
    """
    if values is None:
        return None
    _check_names(values, RejectRule)
    return RejectRule(**{name: values[name] for name in RejectRule.__dataclass_fields__})


def read_promise(values: Any) -> Promise | None:
    """Return what `as_json` gave of a promise; None of None.

    Raises:
        SettingError: something is missing or makes no sense.
    """
    if values is None:
        return None
    values = {"levels": [], **values} if isinstance(values, dict) else values
    _check_names(values, Promise)
    lists = [values["thresholds"], values["levels"]]
    lists += values["levels"] if isinstance(values["levels"], list) else []
    if not all(isinstance(each, list) for each in lists):
        raise SettingError("the promise's thresholds are no list")
    named = {name: values[name] for name in Promise.__dataclass_fields__}
    levels = tuple(map(tuple, values["levels"]))
    return Promise(**{**named, "thresholds": tuple(named["thresholds"]), "levels": levels})


def _check_names(values: Any, kind: type[RejectRule] | type[Promise]) -> None:
    names = kind.__dataclass_fields__
    if not isinstance(values, dict) or not names.keys() <= values.keys():
        raise SettingError(f"{str(values)[:60]} is no rule; expected {', '.join(names)}")


def _is_share(value: object, most: float) -> bool:
    return type(value) in (int, float) and 0 <= value <= most  # type: ignore[operator]


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
