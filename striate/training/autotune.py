"""How a run computes its steps, chosen by timing a few of them, and how fast it then is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import Any

import torch

from striate.architecture.layer_table import summary
from striate.backends import allocator, precision
from striate.backends.peak import Utilization, utilization
from striate.backends.thread_timing import measure_threads
from striate.backends.threads import use_threads
from striate.backends.torch import build, normalize
from striate.data import OtherWork, format_count
from striate.events import Epoch
from striate.render.template import wait_for_templates
from striate.settings import Settings
from striate.terminal.units import format_duration
from striate.training.kept_choice import Choice, keep_choice, place_of, read_choice
from striate.training.plan import Plan
from striate.training.subset import Subset

WORTH = 10.0  # seconds a training takes, from which its utilization is worth measuring

Say = Callable[[str], None]


@dataclass(frozen=True)
class Speed:
    """How fast a training went.

    Attributes:
        images_per_second: of the median epoch.
        utilization: what that is of the most that this machine computes.
    """

    images_per_second: float
    utilization: Utilization

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in run.json."""
        return {**vars(self), "utilization": vars(self.utilization)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Speed:
        """Return what `as_json` wrote."""
        return cls(values["images_per_second"], Utilization(**values["utilization"]))

    def __str__(self) -> str:
        share = self.utilization.share
        words = f"{self.images_per_second:,.0f} images/s"
        if share is None:
            return words
        kind = self.utilization.number_format
        return f"{words}, {share * 100:.0f} % of this machine's {kind} peak"


def tuned(plan: Plan, settings: Settings, part: Subset, *, say: Say) -> Plan:
    """Return a plan with precision and threads: as set, or the fastest of a few timed steps.

    What was found for such a run within the last days is taken as it was.

    Args:
        plan: all else.
        settings: what the user has set.
        part: the training images.
        say: is told each decision.
    """
    if not plan.in_steps:
        return plan
    measured = plan.network is not None and plan.device != "mps"
    if settings.precision != "auto":
        way = precision.fixed(settings.precision)
        if way == precision.FLOAT32 and not measured:
            way = precision.CHANNELS_FIRST
        return _with(plan, way)
    if not measured:
        say("precision is float32: it is measured only for networks given as text, on CPU or CUDA")
        return plan
    place = place_of(plan)
    choice = None if settings.autotune else read_choice(place)
    when = ""
    if choice is None:
        others = OtherWork()
        choice = _measure(plan, settings, part)
        if not others.crowds(plan.threads):
            keep_choice(place, choice)
    else:
        day = f"{datetime.fromtimestamp(choice.made):%d %B %Y}".lstrip("0")
        when = f" on {day} (--autotune measures anew)"
    way = precision.fixed(choice.precision.replace(" ", "-"))
    rates = {name: round(rate) for name, rate in choice.rates.items()}
    told = ", ".join(f"{name} {rate:,}" for name, rate in rates.items())
    each = " and process" if plan.world_size > 1 else ""
    say(f"precision {way}, measured in images a second{each}{when}: {told}")
    plan = replace(_with(plan, way), rates=tuple(rates.items()))
    rate = choice.rates[choice.precision]
    if choice.threads:
        number, rate = list(choice.threads.items())[-1]
        plan = replace(plan, threads=number)
    if len(choice.threads) > 1:
        told = ", ".join(f"{round(one):,} on {number}" for number, one in choice.threads.items())
        say(
            f"{format_count(plan.threads, 'CPU thread')}, measured in images a second: {told} "
            "(--threads)"
        )
    # a few images at a time go slower than whole batches, and would promise too long a run
    if plan.epochs and choice.n >= plan.recipe.batch_size // plan.world_size:
        whole = plan.epochs * len(part.indices) / (plan.world_size * rate)
        say(
            f"{format_count(plan.epochs, 'epoch')} of "
            f"{format_count(len(part.indices), 'image')}: about {format_duration(whole)}"
        )
    if way.name == "bf16":
        say("training computes in bf16; the classifier is evaluated and used in float32")
    return plan


def _measure(plan: Plan, settings: Settings, part: Subset) -> Choice:
    """Time steps of a network on the run's own images, and choose the fastest way."""
    wait_for_templates()
    batch = part.indices[: plan.recipe.batch_size // plan.world_size]
    pixels = torch.from_numpy(part.images.take(batch)).to(plan.device)
    values = normalize(pixels.float(), plan.preprocess)
    labels = torch.from_numpy(part.labels[batch]).to(plan.device)
    # drawing weights takes as long as a step, and a step takes as long whatever they are
    module = build(plan.text or "", seed=None).to(plan.device)
    budget = precision.Budget(
        plan.epochs * len(part.indices) / plan.world_size, seconds=60 * plan.minutes
    )
    threads: dict[int, float] = {}
    with use_threads(plan.threads), allocator.kept():
        timing = precision.measure(module, values, labels, budget)
        way = precision.fastest(timing.seconds)
        if plan.device == "cpu" and plan.world_size == 1 and settings.threads is None:
            step = timing.seconds[way] * len(batch) / timing.n
            threads = measure_threads(module, values, labels, way=way, step=step, budget=budget)
    return Choice(
        rates={str(key): rate for key, rate in timing.rates.items()},
        precision=str(way),
        threads={number: len(batch) / value for number, value in threads.items()},
        n=len(batch) if threads else timing.n,
        made=time.time(),
    )


def _with(plan: Plan, way: precision.Precision) -> Plan:
    return replace(plan, recipe=replace(plan.recipe, precision=way))


def measure_speed(plan: Plan, epochs: Sequence[Epoch]) -> Speed | None:
    """Return how fast the training went, beside the most that the machine computes.

    Operations are those of conv and fc, forward and backward; an epoch's time holds all that
    its steps need, reading and changing the images too.

    Args:
        plan: of the run.
        epochs: the records of the training.

    Returns:
        None where the training was too short to be worth measuring, and for a torch module.
    """
    if plan.network is None or sum(epoch.seconds for epoch in epochs) < WORTH:
        return None
    table = summary(plan.network)
    rate = median(epoch.images_per_second for epoch in epochs)
    operations = 2 * rate * (table.macs + table.backward_macs)
    return Speed(round(rate, 1), utilization(operations, plan.device, plan.recipe.precision.name))
