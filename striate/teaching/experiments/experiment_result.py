"""What an experiment gives: networks, accuracies with intervals, and what is seen in them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from textwrap import indent
from typing import TYPE_CHECKING

from striate.evaluation.metrics.student_t import FEWEST, Mean
from striate.render.notebook import Text, to_html
from striate.terminal.dataframe import make_dataframe
from striate.terminal.tables import Table
from striate.terminal.wrapping import wrap

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class ComparedNetwork:
    """One of the networks that are compared.

    Attributes:
        name: what it is called in the table.
        text: in the notation.
        parameters: numbers that it learns.
        macs: multiply-accumulates for one image.
        receptive_field: pixels a side that a unit sees before the first gap or flatten.
        known_as: what stands for its text where it is a known network, which needs many lines.
    """

    name: str
    text: str
    parameters: int
    macs: int
    receptive_field: int
    known_as: str = ""


@dataclass(frozen=True)
class Point:
    """What one network did under one condition, over all seeds.

    Attributes:
        network: its name.
        condition: how the images were given, in words.
        across: the same as a number, for the horizontal axis; 0 where it is none.
        accuracies: share of test images classified correctly, one a seed.
        accuracy: their mean with its 95 % t interval.
    """

    network: str
    condition: str
    across: float
    accuracies: tuple[float, ...]
    accuracy: Mean


@dataclass(frozen=True)
class Measure:
    """What was measured besides accuracy of one network in one way, over all seeds.

    Attributes:
        network: its name.
        way: how the images were given, in words; "" where there is one way.
        name: what was measured, with its unit in brackets where it has one.
        across: the layer or the like, from 1 on; 0 where it is of the whole network.
        values: 0 or more, one for each seed that has it.
        value: their mean with its 95 % t interval.
    """

    network: str
    way: str
    name: str
    across: float
    values: tuple[float, ...]
    value: Mean

    @property
    def ends(self) -> tuple[float, float]:
        """The interval as far as there can be such values; the mean twice where there is none."""
        if self.value.n < FEWEST:
            return self.value.mean, self.value.mean
        most = 100.0 if self.name.endswith("(%)") else math.inf
        return max(0.0, self.value.low), min(most, self.value.high)


@dataclass(frozen=True)
class Outcome:
    """All that came out of an experiment, before it is put in words.

    Attributes:
        points: the accuracies.
        measures: what was measured besides.
    """

    points: tuple[Point, ...]
    measures: tuple[Measure, ...] = ()

    def point(self, network: str, condition: str) -> Point:
        """Return the accuracy of one network under one condition."""
        return next(
            each for each in self.points if (each.network, each.condition) == (network, condition)
        )

    def measure(self, network: str, name: str, way: str = "", across: float = 0) -> Measure | None:
        """Return what was measured of one network; None where no seed has it."""
        key = (network, way, name, across)
        found = (
            each
            for each in self.measures
            if (each.network, each.way, each.name, each.across) == key
        )
        return next(found, None)


@dataclass(frozen=True)
class Experiment:
    """An experiment that is over.

    Attributes:
        name: one of `striate.teaching.experiments.NAMES`.
        question: what it asks.
        data: where the images are from, and how many.
        seeds: every network was trained from each of these.
        epochs: passes over the training images.
        networks: what was compared.
        points: what came out.
        findings: what is seen, and why, in a few sentences.
        folder: where the numbers and the image are.
        interrupted: whether Ctrl-C ended it before the last seed.
        measures: what was measured besides accuracy; there is none in some experiments.
    """

    name: str
    question: str
    data: str
    seeds: tuple[int, ...]
    epochs: int
    networks: tuple[ComparedNetwork, ...]
    points: tuple[Point, ...]
    findings: tuple[str, ...]
    folder: str
    interrupted: bool
    measures: tuple[Measure, ...] = ()

    def shared_lines(self) -> str:
        """Return the lines before the last that the texts have, each once: definitions, input."""
        before = [
            line
            for each in self.networks
            if not each.known_as
            for line in each.text.splitlines()[:-1]
        ]
        return "\n".join(sorted(dict.fromkeys(before), key=lambda line: line.startswith("input")))

    def networks_table(self) -> Table:
        """Return the networks, by the last line of their texts, with their costs."""
        header = ("network", "as a text", "parameters", "MACs", "sees")
        rows = tuple(
            (
                each.name,
                each.known_as or each.text.splitlines()[-1],
                f"{each.parameters:,}",
                f"{each.macs:,}",
                f"{each.receptive_field}x{each.receptive_field}",
            )
            for each in self.networks
        )
        return Table(header, rows, {"parameters", "MACs", "sees"}, readable=24)

    def table(self) -> Table:
        """Return the accuracies: a row a network, a column a condition."""
        conditions = list(dict.fromkeys(point.condition for point in self.points))
        found = {(point.network, point.condition): point.accuracy for point in self.points}
        rows = tuple(
            (each.name, *(_format_mean(found[each.name, condition]) for condition in conditions))
            for each in self.networks
        )
        caption = "accuracy in %, of one seed, so without an interval"
        if len(self.seeds) > 1:
            caption = f"accuracy in %, mean of {len(self.seeds)} seeds"
            few = len(self.seeds) < FEWEST
            caption += ", too few for an interval" if few else " with its 95 % t interval"
            if not few and any(mean.low == mean.high for mean in found.values()):
                caption += "; none where all seeds gave the same"
        return Table(("network", *conditions), rows, set(conditions), caption)

    def measures_table(self) -> Table | None:
        """Return what was measured of whole networks; None where nothing was."""
        whole = [each for each in self.measures if each.across == 0]
        names = list(dict.fromkeys(each.name for each in whole))
        found = {(each.network, each.way, each.name): each for each in whole}
        owners = list(dict.fromkeys((each.network, each.way) for each in whole))
        rows = tuple(
            (
                network if not way else f"{network}, {way}",
                *(_format_measure(found.get((network, way, name))) for name in names),
            )
            for network, way in owners
        )
        if not rows:
            return None
        caption = "measured, of one seed"
        if len(self.seeds) > 1:
            caption = f"measured, mean of {len(self.seeds)} seeds"
        if len(self.seeds) >= FEWEST:
            caption += " with its 95 % t interval"
        return Table(("network", *names), rows, set(names), caption)

    def to_pandas(self) -> DataFrame:
        """Return one row a network, condition and seed as a pandas DataFrame.

        Raises:
            StriateError: pandas is not installed.
        """
        parameters = {each.name: each.parameters for each in self.networks}
        return make_dataframe(
            ("network", "parameters", "condition", "seed", "accuracy"),
            [
                (point.network, parameters[point.network], point.condition, seed, accuracy)
                for point in self.points
                for seed, accuracy in zip(self.seeds, point.accuracies, strict=True)
            ],
        )

    def as_json(self) -> dict[str, object]:
        """Return what ``striate experiment --json`` prints; no interval is null."""
        values = asdict(self)
        for point in values["points"]:
            mean = point.pop("accuracy")
            point |= {"accuracy": mean["mean"]} | {
                f"accuracy_{end}": None if math.isnan(mean[end]) else mean[end]
                for end in ("low", "high")
            }
        for measure in values["measures"]:
            mean = measure.pop("value")
            measure |= {"value": mean["mean"]} | {
                f"value_{end}": None if math.isnan(mean[end]) else mean[end]
                for end in ("low", "high")
            }
        return values

    def __str__(self) -> str:
        return "\n\n".join(
            [
                wrap(f"{self.question}\n{self.data}; {self._epochs()}"),
                *([indent(self.shared_lines(), "    ")] if self.shared_lines() else []),
                str(self.networks_table()),
                *map(str, self._tables()),
                wrap(" ".join(self.findings), indent=""),
                *([self._stopped()] if self.interrupted else []),
            ]
        )

    def _tables(self) -> list[Table]:
        measured = self.measures_table()
        return [self.table(), *([] if measured is None else [measured])]

    def _epochs(self) -> str:
        return f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}"

    def _stopped(self) -> str:
        seeds = f"{len(self.seeds)} seed{'' if len(self.seeds) == 1 else 's'}"
        return f"stopped early, with {seeds}; the same command goes on"

    def _repr_html_(self) -> str:
        return to_html(
            Text(f" {self.data}", strong=self.question),
            Text(self.shared_lines(), kind="pre"),
            self.networks_table(),
            *self._tables(),
            Text(" ".join(self.findings)),
        )


def _format_mean(mean: Mean) -> str:
    """An accuracy in per cent with its interval, cut at 0 and 100, where it says something."""
    if mean.n < FEWEST or mean.low == mean.high:
        return f"{mean.mean * 100:.1f}"
    low, high = mean.ends
    return f"{mean.mean * 100:.1f} ({low * 100:.1f}-{high * 100:.1f})"


def _format_measure(measure: Measure | None) -> str:
    """A measure with three digits and its interval, or "-" where there is none."""
    if measure is None:
        return "-"
    mean = _format_number(measure.value.mean)
    low, high = measure.ends
    if measure.value.n < FEWEST or low == high:
        return mean
    return f"{mean} ({_format_number(low)}-{_format_number(high)})"


def _format_number(value: float) -> str:
    """A number with three digits, from 1,000 on with commas."""
    return f"{value:.3g}" if value < 1000 else f"{float(f'{value:.3g}'):,.0f}"
