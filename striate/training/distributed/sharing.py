"""What it changes in a run that several processes share every step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from striate.data import Collection, count_cores, format_count
from striate.errors import SettingError
from striate.settings import Settings
from striate.training import defaults
from striate.training.distributed.devices import Team

Say = Callable[[str], None]


def memory_for(collection: Collection, most: int, team: Team) -> int:
    """Say how many bytes of decoded images a process may keep in its own memory.

    Processes that share a machine share the file of decoded images too, so none is decoded or
    kept twice. Arrays need no decoding.
    """
    return 0 if team.here > 1 and isinstance(collection.content, Path) else most


def shared(
    chosen: dict[str, Any], settings: Settings, team: Team, images: int, *, say: Say
) -> dict[str, Any]:
    """Choose what depends on how many processes share a step.

    Args:
        chosen: what the run has chosen so far.
        settings: the user's.
        team: the processes.
        images: how many there are to learn from.
        say: is told each decision.

    Returns:
        What to add to what was chosen.

    Raises:
        SettingError: there are not images enough for a step.
    """
    values = {"device": team.device, "processes": team.size, "batch": chosen["batch"]}
    if not team.several:
        return values
    if "transfer" in chosen and not chosen["transfer"]["shares"]:
        say("a head alone is learnt by one process: --devices does not make it faster")
        return values
    normalises = defaults.normalises(chosen["network"])
    least = team.size * (2 if normalises else 1)
    if images < least:
        raise SettingError(
            f"{team.size} processes are to share {format_count(images, 'training image')}, and "
            f"each needs {least // team.size} a step; give fewer --devices"
        )
    if chosen["batch"] < least:
        values["batch"] = least
        say(f"a step has {least} images, not {chosen['batch']}: every process needs some")
    if settings.threads is None and team.device == "cpu":
        values["threads"] = max(1, count_cores() // team.here)
    say(
        f"{team.size} processes share the {values['batch']} images of each step"
        + (
            "; batch normalisation normalises in each by its own share, and keeps the averages "
            "of the first"
            if normalises
            else ""
        )
    )
    return values
