"""What the transfer experiment shows, in words: accuracy, and electricity at equal accuracy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from striate.errors import join_words
from striate.teaching.experiments.design import compare_points, format_share
from striate.teaching.experiments.experiment_result import ComparedNetwork, Outcome
from striate.terminal.units import format_energy, format_large_number, format_mass

FROZEN, TRAINED_ON, SCRATCH = "lent, a new head", "lent, trained on", "from scratch"
SECONDS, ENERGY, CO2E = "training (s)", "energy (mWh)", "CO2e (mg)"
UNTIL = "training until an accuracy of so many % (s)"
A_MAC = "energy a MAC of training (pJ)"
LENDER_SECONDS, LENDER_ENERGY, LENDER_CO2E = (
    f"lending network: {name}" for name in (SECONDS, ENERGY, CO2E)
)
APART = 1
"""Stands as `across` of what is no figure of the network itself, which tables leave out."""

MILLION = 1e6  # milliwatt-hours in a kilowatt-hour, milligrams in a kilogram
IMAGENET = 1_281_167
"""Training images of ILSVRC 2012."""


@dataclass(frozen=True)
class Lender:
    """An installed backbone, as far as its own cost is concerned.

    Attributes:
        name: in the zoo.
        macs: multiply-accumulates for one image of its training.
        epochs: of its published training; None where that is not known here.
    """

    name: str
    macs: int
    epochs: int | None


def describe(
    outcome: Outcome, *, lender: Lender | None, networks: Sequence[ComparedNetwork]
) -> tuple[str, ...]:
    """Describe what lent layers bring and save, and what they cost.

    Args:
        outcome: of the experiment.
        lender: the backbone that lends; None where a network of the experiment does.
        networks: that are compared.
    """
    ways = list(dict.fromkeys(point.condition for point in outcome.points))
    names = [network.name for network in networks]
    return (
        *(_describe_way(outcome, way, names) for way in ways),
        _describe_lender(outcome, lender, ways[0]),
        "A new head learns few numbers, so it takes the least work, and it can tell apart no more "
        "than the lent features hold. Layers that are trained on, and those from scratch, take "
        "their features from these few images, too. What the lent layers have cost counts once, "
        "however many tasks borrow them.",
    )


def _describe_way(outcome: Outcome, way: str, names: Sequence[str]) -> str:
    """Accuracy and cost of each, and what both take to be equally good."""
    told = "; ".join(
        f"{name} {format_share(outcome.point(name, way).accuracy.mean)} "
        f"{_tell_cost(outcome, name, way)}"
        for name in names
    )
    scratch = outcome.point(SCRATCH, way)
    compared = "; ".join(
        f"{name} against from scratch makes {compare_points(outcome.point(name, way), scratch)}, "
        f"and {_tell_equal(outcome, name, way)}"
        for name in names
        if name != SCRATCH
    )
    return f"With {way}: {told}. {compared[0].upper()}{compared[1:]}."


def _tell_cost(outcome: Outcome, name: str, way: str) -> str:
    """What the training took: electricity and CO2e, or seconds where these are unknown."""
    energy, co2e = (outcome.measure(name, each, way) for each in (ENERGY, CO2E))
    if energy is None or co2e is None:
        seconds = outcome.measure(name, SECONDS, way)
        return "" if seconds is None else f"in {seconds.value.mean:.2g} s"
    kwh, kg = energy.value.mean / MILLION, co2e.value.mean / MILLION
    return f"for {format_energy(kwh)} and {format_mass(kg)} of CO2e"


def _tell_equal(outcome: Outcome, lent: str, way: str) -> str:
    """What both take until the accuracy that both reach: the lower mean, in whole per cent."""
    both = [outcome.point(name, way).accuracy.mean for name in (lent, SCRATCH)]
    level = math.floor(100 * min(both) + 1e-9)
    told = join_words(
        f"{name} {_tell_until(outcome, name, way, level)}" for name in (lent, SCRATCH)
    )
    return f"for an accuracy of {level} % {told}"


def _tell_until(outcome: Outcome, name: str, way: str, level: int) -> str:
    """What one takes until an accuracy; a head is learnt at once, so it takes what it takes."""
    whole, energy = (outcome.measure(name, each, way) for each in (SECONDS, ENERGY))
    until = whole if name == FROZEN else outcome.measure(name, UNTIL, way, level)
    if whole is None or until is None:
        return "never got there"
    seeds = len(whole.values)
    reached = "" if len(until.values) == seeds else f" ({len(until.values)} of {seeds} seeds)"
    if energy is None:
        return f"takes {until.value.mean:.2g} s{reached}"
    kwh = energy.value.mean / MILLION * until.value.mean / whole.value.mean
    return f"takes {format_energy(kwh)}{reached}"


def _describe_lender(outcome: Outcome, lender: Lender | None, way: str) -> str:
    """What the lent layers have cost before they were lent."""
    if lender is not None:
        return estimate_backbone(outcome, lender)
    energy = outcome.measure(FROZEN, LENDER_ENERGY, way, APART)
    co2e = outcome.measure(FROZEN, LENDER_CO2E, way, APART)
    seconds = outcome.measure(FROZEN, LENDER_SECONDS, way, APART)
    if energy is not None and co2e is not None:
        kwh, kg = energy.value.mean / MILLION, co2e.value.mean / MILLION
        cost = f"{format_energy(kwh)} and {format_mass(kg)} of CO2e"
    else:
        cost = "-" if seconds is None else f"{seconds.value.mean:.2g} s"
    return f"The network that lends its layers took {cost} to train, once, which is not in these."


def estimate_backbone(outcome: Outcome, lender: Lender) -> str:
    """Estimate what the published training of a backbone took, at this machine's energy a MAC.

    A training step takes about three passes: one forward, two backward.
    """
    apart = [each for each in outcome.measures if each.name == A_MAC]
    own = f"What the training of {lender.name} itself took"
    if lender.epochs is None:
        return f"{own} is unknown: how many epochs it was is not known here."
    macs = IMAGENET * lender.epochs * 3 * lender.macs
    terms = (
        f"{IMAGENET:,} images x {lender.epochs} epochs x 3 x "
        f"{format_large_number(lender.macs)} MACs"
    )
    if not apart:
        return f"{own} is unknown in electricity; it was {terms} = {macs:.2g} MACs."
    picojoules = math.fsum(each.value.mean for each in apart) / len(apart)
    kwh = macs * picojoules * 1e-12 / 3.6e6
    pairs = [
        (energy.value.mean, co2e.value.mean)
        for each in apart
        if (energy := outcome.measure(each.network, ENERGY, each.way))
        and (co2e := outcome.measure(each.network, CO2E, each.way))
    ]
    kg = kwh * math.fsum(g for _, g in pairs) / math.fsum(wh for wh, _ in pairs)
    return (
        f"{own}, estimated from its published training at this machine's energy a MAC: {terms} x "
        f"{picojoules:,.0f} pJ = {format_energy(kwh)}, {format_mass(kg)} of CO2e; its own machines "
        "took another energy a MAC."
    )
