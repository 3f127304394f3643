"""What it changes in a run that several processes share every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from striate.data import Collection, count_cores, format_count
from striate.errors import SettingError
from striate.settings import Settings
from striate.training import defaults
from striate.training.distributed.process_group import Workers
from striate.training.plan import Plan

Say = Callable[[str], None]


def memory_for(collection: Collection, most: int, workers: Workers) -> int:
    """Say how many bytes of decoded images a process may keep in its own memory.

    Processes that share a machine share the file of decoded images too, so none is decoded or
    kept twice. Arrays need no decoding.
    """
    return 0 if workers.local_size > 1 and isinstance(collection.content, Path) else most


def share_steps(plan: Plan, settings: Settings, workers: Workers, images: int, *, say: Say) -> Plan:
    """Return a plan with what depends on how many processes share a step.

    Args:
        plan: for one process.
        settings: the user's.
        workers: the processes.
        images: how many there are to learn from.
        say: is told each decision.

    Raises:
        SettingError: there are not images enough for a step.
    """
    plan = replace(plan, device=workers.device, world_size=workers.size)
    if not workers.several:
        return plan
    if not plan.in_steps:
        say("a head alone is learnt by one process: --devices does not make it faster")
        return plan
    normalises = defaults.has_batch_norm(plan.network)
    least = workers.size * (2 if normalises else 1)
    if images < least:
        raise SettingError(
            f"{workers.size} processes are to share {format_count(images, 'training image')}, "
            f"and each needs {least // workers.size} a step; give fewer --devices"
        )
    batch = plan.recipe.batch_size
    if batch < least:
        say(f"batch size raised from {batch} to {least} so that every process gets images")
        batch = least
        plan = replace(plan, recipe=replace(plan.recipe, batch_size=batch))
    if settings.threads is None and workers.device == "cpu":
        plan = replace(plan, threads=max(1, count_cores() // workers.local_size))
    say(
        f"{workers.size} processes share the {batch} images of each step"
        + (
            "; batch normalisation normalises in each by its own share, and keeps the averages "
            "of the first"
            if normalises
            else ""
        )
    )
    return plan
