"""The first screen of the report: what was trained, how good it is, what was decided."""

from __future__ import annotations

from striate.evaluation.metrics import Evaluation
from striate.render.page import Html, element, join, listing, name, paragraph, text
from striate.terminal.units import format_duration, format_percent
from striate.training.report.facts import Facts


def first_screen(facts: Facts) -> Html:
    """Say in one screen what was trained, on what, and how often it is right."""
    result = facts.evaluation
    known = sum(facts.counts.get("train", {}).values())
    figures = [
        (f"{len(facts.classes):,}", "classes"),
        (f"{known:,}", "training images"),
    ]
    if facts.epochs or facts.start is None:
        epochs = len(facts.epochs)
        figures.append((f"{epochs:,}", "epoch" if epochs == 1 else "epochs"))
    if facts.summary is not None:
        figures.append((f"{facts.summary.parameters:,}", "parameters"))
    seconds = facts.run.get("seconds")
    if isinstance(seconds, int | float):
        figures.append((format_duration(seconds), "training time"))
    shown = join(
        Html(f"<div><dt>{text(label)}</dt><dd>{text(value)}</dd></div>") for value, label in figures
    )
    return join(
        [
            paragraph("Training report", kind="kicker"),
            Html(f"<h1>{name(facts.title)}</h1>"),
            _what(facts),
            _accuracy(result),
            Html(f'<dl class="figures">{shown}</dl>'),
        ]
    )


def _what(facts: Facts) -> Html:
    names = [name(label, longest=40) for label in facts.classes[:6]]
    more = len(facts.classes) - len(names)
    listed = f"{join(names[:-1], ', ')} or {names[-1]}"
    if more:
        listed = f"{join(names, ', ')} and {more:,} more"
    source = facts.run.get("data")
    origin = f" It learned from <code>{name(str(source))}</code>." if source else ""
    return element(
        "p",
        Html(
            f"A network that looks at an image and says which of {len(facts.classes):,} classes "
            f"it belongs to: {listed}.{origin}"
        ),
        kind="lead",
    )


def _accuracy(result: Evaluation) -> Html:
    right = sum(row[place] for place, row in enumerate(result.confusion))
    low, high = format_percent(result.accuracy_low), format_percent(result.accuracy_high)
    usual = commonest(result)
    bar = (
        f'<div class="scale" role="img" aria-label="{text(f"From 0 to 100 %: {low} to {high}")}">'
        f'<i class="guess" style="left:{usual * 100:.2f}%"></i>'
        f'<i class="range" style="left:{result.accuracy_low * 100:.2f}%;'
        f'right:{100 - result.accuracy_high * 100:.2f}%"></i>'
        f'<i class="point" style="left:{result.accuracy * 100:.2f}%"></i></div>'
        '<div class="ends" aria-hidden="true"><span>0 %</span><span>100 %</span></div>'
    )
    return element(
        "div",
        join(
            [
                Html(f'<p class="big">{format_percent(result.accuracy)} <span>right</span></p>'),
                element(
                    "p",
                    Html(
                        f"{right:,} right, {result.n - right:,} wrong. Judged on "
                        f"{name(result.evaluated)}."
                    ),
                ),
                Html(bar),
                paragraph(
                    f"On more images of the same kind it most likely lies between {low} "
                    f"and {high} (the 95 % interval, n = {result.n:,}; the coloured band).",
                    "Always answering with the most frequent class would be right "
                    f"{format_percent(usual)} of the time (the thin mark).",
                    kind="small",
                ),
            ]
        ),
        kind="verdict",
    )


def commonest(result: Evaluation) -> float:
    """Give the share of the most frequent class: what always answering it would reach."""
    return max(score.n for score in result.per_class) / result.n


def decisions(facts: Facts) -> Html:
    """List what was decided without asking, and why."""
    if not facts.notes:
        return paragraph("Nothing had to be decided: every setting was given or left as it is.")
    return join(
        [
            paragraph("Nothing was done silently. This is what was found, chosen or left out."),
            listing((name(note) for note in facts.notes), kind="notes"),
        ]
    )
