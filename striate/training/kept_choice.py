"""How the steps of a run were found to be fastest, kept so that the next like it need not measure.

Kept for the processor and the cores allowed, torch, the network, its image size and the batch.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from striate.backends.precision import WAYS
from striate.data import count_cores
from striate.data.cache_folder import find_cache_folder
from striate.files.atomic_write import write_atomically
from striate.model.environment import processor
from striate.training.plan import Plan

DAYS = 30  # after which a choice is made anew
LIMITS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")  # which make a processor seem another


@dataclass(frozen=True)
class Choice:
    """What was measured, and when.

    Attributes:
        rates: images a second by precision, the chosen one's the first that `fastest` takes.
        precision: the chosen one.
        threads: images a second by number of CPU threads, the chosen number last; none were tried
            where it is empty.
        n: images of the steps that were timed last; fewer than a batch where time was short.
        made: seconds since 1970.
    """

    rates: dict[str, float]
    precision: str
    threads: dict[int, float]
    n: int
    made: float

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they are kept."""
        return vars(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Choice:
        """Return what `as_json` wrote."""
        threads = {int(number): float(rate) for number, rate in values["threads"].items()}
        rates = {str(name): float(rate) for name, rate in values["rates"].items()}
        return cls(
            rates, str(values["precision"]), threads, int(values["n"]), float(values["made"])
        )


def place_of(plan: Plan) -> Path:
    """Return the file in the user's cache where the choice for such a run is kept."""
    parts = (
        *(processor(), plan.device, torch.__version__, plan.text, str(plan.preprocess)),
        *(plan.recipe.batch_size, plan.world_size, plan.threads, count_cores()),
        *(os.environ.get(name) for name in LIMITS),
        *map(str, WAYS),
    )
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
    return find_cache_folder() / "choices" / f"{key}.json"


def read_choice(place: Path) -> Choice | None:
    """Return the choice that is kept in a file; None where there is none, or an old one."""
    try:
        choice = Choice.from_json(json.loads(place.read_text("utf-8")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # it is measured anew, and the file replaced
    rates = (*choice.rates.values(), *choice.threads.values())
    sound = choice.precision in choice.rates and all(0 < rate < math.inf for rate in rates)
    return choice if sound and 0 <= time.time() - choice.made < DAYS * 86400 else None


def keep_choice(place: Path, choice: Choice) -> None:
    """Keep a choice; where the cache cannot be written, the next run measures again."""
    try:
        with write_atomically(place) as path:
            path.write_text(json.dumps(choice.as_json()), encoding="utf-8")
    except OSError:
        return
