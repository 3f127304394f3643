"""The settings of a run as the report lists them: names and texts, by themselves and in groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from striate.model.json_value import Json
from striate.terminal.units import format_duration

Pairs = list[tuple[str, str]]

FIRST = ("data", "seed", "precision", "device", "threads", "machine", "seconds", "versions")
ELSEWHERE = frozenset(
    ("network", "notation", "classes", "notes", "skipped", "command", "evaluation", "counts")
)
LONGEST = 12
"""Lists with more values than this are cut short; run.json has them whole."""


def group_settings(run: Mapping[str, Json]) -> tuple[Pairs, list[tuple[str, Pairs]]]:
    """Give what a run was made with: what stands by itself, and what has names in turn.

    >>> group_settings({"epochs": 3, "seed": 0, "batch_norm": {"kept": True}})
    ([('seed', '0'), ('epochs', '3')], [('Batch norm', [('kept', 'yes')])])
    """
    keys = [key for key in FIRST if key in run]
    keys += [key for key in run if key not in FIRST and key not in ELSEWHERE]
    groups = [key for key in keys if isinstance(run[key], Mapping)]
    return (
        [pair for key in keys if key not in groups for pair in flatten(key, run[key])],
        [
            (key[:1].upper() + key[1:].replace("_", " "), list(flatten("", run[key])))
            for key in groups
        ],
    )


def flatten(key: str, value: Json) -> Iterator[tuple[str, str]]:
    """Unfold nested settings into (name, text) pairs.

    >>> list(flatten("schedule", {"kind": "onecycle", "warm_up": 0.003, "stop": None}))
    [('schedule: kind', 'onecycle'), ('schedule: warm up', '0.003'), ('schedule: stop', 'none')]
    """
    label = key.replace("_", " ")
    if isinstance(value, Mapping):
        for inner, content in value.items():
            yield from flatten(f"{key}: {inner}" if key else str(inner), content)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        shown = ", ".join(_plain(item) for item in value[:LONGEST])
        more = f", ... ({len(value):,} in all)" if len(value) > LONGEST else ""
        yield label, shown + more or "none"
    elif key == "seconds" and isinstance(value, int | float):
        yield "time", format_duration(value)
    else:
        yield label, _plain(value)


def _plain(value: Json) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
