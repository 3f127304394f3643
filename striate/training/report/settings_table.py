"""The report's recipe: how to repeat the run, and every setting it was made with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from striate.render.page import Html, join, name, paragraph, text
from striate.terminal.units import format_duration
from striate.training.report.facts import Facts

FIRST = ("data", "seed", "precision", "device", "threads", "machine", "seconds", "versions")
ELSEWHERE = frozenset(
    ("network", "notation", "classes", "notes", "skipped", "command", "evaluation", "counts")
)
LONGEST = 12
"""Lists with more values than this are cut short; run.json has them whole."""


def recipe(facts: Facts) -> Html:
    """Give the command, what the run was made with, and every setting."""
    run = facts.run
    keys = [key for key in FIRST if key in run]
    keys += [key for key in run if key not in FIRST and key not in ELSEWHERE]
    groups = [key for key in keys if isinstance(run[key], Mapping)]
    single = [pair for key in keys if key not in groups for pair in flat(key, run[key])]
    return join(
        [
            paragraph("Run this command:"),
            Html(f"<pre><code>{_unbroken(facts.command)}</code></pre>"),
            paragraph(
                "With the same images, versions, device, precision and number of threads the "
                "same seed gives the same network.",
            ),
            _pairs(single),
            *(_group(key, run[key]) for key in groups),
            paragraph(
                "The folder of the run holds it all for programs: run.json (these settings), "
                + ("epochs.jsonl (the curves), " if facts.epochs else "")
                + "split.csv (which image went where) and skipped.csv.",
                kind="small",
            ),
        ]
    )


def flat(key: str, value: object) -> Iterator[tuple[str, str]]:
    """Unfold nested settings into (name, text) pairs.

    >>> list(flat("schedule", {"kind": "onecycle", "warm_up": 0.003, "stop": None}))
    [('schedule: kind', 'onecycle'), ('schedule: warm up', '0.003'), ('schedule: stop', 'none')]
    """
    label = key.replace("_", " ")
    if isinstance(value, Mapping):
        for inner, content in value.items():
            yield from flat(f"{key}: {inner}" if key else str(inner), content)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        shown = ", ".join(_plain(item) for item in value[:LONGEST])
        more = f", ... ({len(value):,} in all)" if len(value) > LONGEST else ""
        yield label, shown + more or "none"
    elif key == "seconds" and isinstance(value, int | float):
        yield "time", format_duration(value)
    else:
        yield label, _plain(value)


def _unbroken(command: str) -> Html:
    """Let a command wrap between its words only, so that no "--option" is torn apart."""
    return join((Html(f"<span>{text(word)}</span>") for word in command.split(" ")), " ")


def _plain(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _group(key: str, values: object) -> Html:
    heading = Html(f"<h3>{text(key[:1].upper() + key[1:].replace('_', ' '))}</h3>")
    return join([heading, _pairs(flat("", values))])


def _pairs(pairs: Iterable[tuple[str, str]]) -> Html:
    lines = join(
        Html(f"<div><dt>{name(key)}</dt><dd>{name(value)}</dd></div>") for key, value in pairs
    )
    return Html(f'<dl class="pairs">{lines}</dl>')
