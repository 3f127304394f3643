"""The report's recipe: how to repeat the run, and every setting it was made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from striate.pages import Html, join, name, paragraph, text
from striate.pages.report.facts import Facts
from striate.pages.report.opening import duration

FIRST = ("data", "seed", "precision", "device", "threads", "machine", "seconds", "versions")
ELSEWHERE = {
    "network",
    "notation",
    "classes",
    "notes",
    "skipped",
    "command",
    "evaluation",
    "counts",
}
LONGEST = 12
"""Lists with more values than this are cut short; run.json has them whole."""


def recipe(facts: Facts) -> Html:
    """Give the command, what the run was made with, and every setting."""
    run = facts.run
    first = [pair for key in FIRST if key in run for pair in flat(key, run[key])]
    rest = [
        pair
        for key, value in run.items()
        if key not in FIRST and key not in ELSEWHERE
        for pair in flat(key, value)
    ]
    return join(
        [
            paragraph("Run this command:"),
            Html(f"<pre><code>{text(facts.command)}</code></pre>"),
            paragraph(
                "With the same versions, device, precision and number of threads the same seed "
                "gives the same network.",
            ),
            _pairs(first),
            *([Html("<h3>Every setting</h3>"), _pairs(rest)] if rest else []),
            paragraph(
                "The folder of the run holds it all for programs: run.json (these settings), "
                "epochs.jsonl (the curves), split.csv (which picture went where) and skipped.csv.",
                kind="small",
            ),
        ]
    )


def flat(key: str, value: object) -> Iterator[tuple[str, str]]:
    """Unfold nested settings into (name, text) pairs.

    >>> list(flat("schedule", {"kind": "onecycle", "peak": 0.003, "warm": None}))
    [('schedule: kind', 'onecycle'), ('schedule: peak', '0.003'), ('schedule: warm', 'none')]
    """
    if isinstance(value, Mapping):
        for inner, content in value.items():
            yield from flat(f"{key}: {inner}", content)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        shown = ", ".join(_plain("", item) for item in value[:LONGEST])
        more = f", ... ({len(value):,} in all)" if len(value) > LONGEST else ""
        yield key, shown + more or "none"
    else:
        yield key, _plain(key, value)


def _plain(key: str, value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key == "seconds" and isinstance(value, int | float):
        return f"{value:,.1f} ({duration(value)})"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _pairs(pairs: Sequence[tuple[str, str]]) -> Html:
    lines = join(
        Html(f"<div><dt>{name(key)}</dt><dd>{name(value)}</dd></div>") for key, value in pairs
    )
    return Html(f'<dl class="pairs">{lines}</dl>')
