"""The report's answers: metrics, class by class, what was taken for what, the worst images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from striate.evaluation.metrics import EvaluatedImage, Evaluation
from striate.render import data_uri
from striate.render.page import Html, bar, box, element, image, join, name, paragraph, table, text
from striate.terminal.units import format_percent
from striate.training.report.facts import Facts, Shown
from striate.training.report.images import size_of

MANY = 25
"""With more classes than this the confusion matrix shows the most confused ones only."""

MOST_CONFUSED = 15
MOST_PAIRS = 15


def metrics(result: Evaluation) -> Html:
    """Show the measures side by side, each with what it means."""
    n, k = result.n, len(result.classes)
    wrong = n - sum(row[place] for place, row in enumerate(result.confusion))
    cards = [
        (
            "Accuracy",
            format_percent(result.accuracy),
            f"{n - wrong:,} of {n:,} images were told right. 95 % interval: "
            f"{format_percent(result.accuracy_low)} to {format_percent(result.accuracy_high)}.",
        ),
        (
            "Classification error",
            format_percent(result.classification_error),
            f"{wrong:,} of {n:,} images were told wrong. It counts mistakes and does not ask "
            "how sure the network was.",
        ),
        (
            "Mean squared error",
            f"{result.brier_score:.3f}",
            "How far the probabilities are from being sure of the truth, from 0 (sure and always "
            "right) to 2 (sure and always wrong). Equal probabilities for all classes would give "
            f"{1 - 1 / k:.2f}.",
        ),
        (
            "Cross-entropy",
            f"{result.cross_entropy:.3f}",
            "How much the truth surprises the network; 0 is perfect, and being sure and wrong "
            "costs most. Equal probabilities for all classes would give "
            f"{math.log(k):.2f}. Training lowers this one.",
        ),
    ]
    if result.top5 is not None and result.top5_low is not None and result.top5_high is not None:
        said = (
            "The true class is among the five most probable answers. 95 % interval: "
            f"{format_percent(result.top5_low)} to {format_percent(result.top5_high)}."
        )
        cards.insert(2, ("Top-5 accuracy", format_percent(result.top5), said))
    shown = join(
        Html(
            f"<div><dt>{text(label)}</dt><dd><strong>{text(value)}</strong>"
            f"{paragraph(meaning)}</dd></div>"
        )
        for label, value, meaning in cards
    )
    return join(
        [
            element("p", Html(f"Measured on {name(result.evaluated)}.")),
            Html(f'<dl class="cards {"three" if len(cards) > 4 else "two"}">{shown}</dl>'),
            *(paragraph(note[:1].upper() + note[1:] + ".", kind="small") for note in result.notes),
        ]
    )


def per_class(result: Evaluation) -> Html:
    """Show precision, recall and F1 of each class, the weakest first where there are many."""
    many = len(result.classes) > MANY
    scores = list(result.per_class)
    if many:
        scores.sort(key=lambda score: 2.0 if score.f1 is None else score.f1)
    rows = [
        [
            name(score.name),
            text(f"{score.n:,}"),
            _bar(score.precision),
            _bar(score.recall),
            _bar(score.f1),
        ]
        for score in scores
    ]
    recalls = [score.recall for score in scores if score.recall is not None]
    said = [
        "Recall: of the images that are of the class, the share that was found.",
        "Precision: of the answers that named the class, the share that was right.",
        "F1 is their harmonic mean, low as soon as one of them is.",
    ]
    if recalls:
        said.append(
            f"Averaged over the classes, each counting the same, recall is "
            f"{format_percent(sum(recalls) / len(recalls))}."
        )
    if any(None in (score.precision, score.recall) for score in scores):
        said.append("A dash stands where there is nothing to divide by.")
    if many:
        said.append("The weakest class stands first.")
    header = [text(label) for label in ("class", "images", "precision", "recall", "F1")]
    return join(
        [
            paragraph(*said),
            table(
                header,
                rows,
                label="Precision, recall and F1 of each class",
                numbers=(1, 2, 3, 4),
                tall=many,
            ),
        ]
    )


def _bar(share: float | None) -> Html:
    if share is None:
        return Html('<span class="none">–</span>')
    return bar(share, format_percent(share))


def confusion(result: Evaluation) -> Html:
    """Show the confusion matrix, or its most confused part, and the most confused pairs."""
    if not result.confused:
        said = paragraph("Nothing: every image was told right, so no two classes were confused.")
        return said if len(result.classes) > MANY else join([said, _matrix(result)])
    return join([_matrix(result), Html("<h3>Most confused pairs</h3>"), _pairs(result)])


def _matrix(result: Evaluation) -> Html:
    counts = np.array(result.confusion)
    k = len(counts)
    sentence = (
        "This is the confusion matrix. Each row is a true class, each column an answer. The "
        "diagonal (blue) counts the images told right, everything else (orange) the mistakes; "
        "the stronger the colour, the larger the share of its row."
    )
    if k <= MANY:
        return join([paragraph(sentence), _grid(result.classes, counts, range(k))])
    places = {label: place for place, label in enumerate(result.classes)}
    met: dict[int, None] = {}
    for pair in result.confused:
        both = dict.fromkeys((places[pair.truth], places[pair.answer]))
        if len(met | both) > MOST_CONFUSED:
            break
        met |= both
    chosen = sorted(met)
    part = counts[np.ix_(chosen, chosen)]
    inside, mistakes = int(part.sum() - part.trace()), int(counts.sum() - counts.trace())
    note = (
        f"{k:,} classes are too many for one table, so here are the {len(chosen)} of the most "
        f"confused pairs; {inside:,} of all {mistakes:,} mistakes are among them. Answers outside "
        "of them are counted under “others”."
    )
    return join([paragraph(sentence, note), _grid(result.classes, counts, chosen)])


def _grid(classes: Sequence[str], counts: np.ndarray, chosen: Sequence[int]) -> Html:
    """Lay the matrix out; long names stand in the rows only, numbered in the columns."""
    short = all(len(classes[i]) <= 6 for i in chosen) and len(chosen) <= 12
    others = len(chosen) < len(counts)
    heads = [
        name(classes[i]) if short else Html(f'<abbr title="{text(classes[i])}">{place}</abbr>')
        for place, i in enumerate(chosen, start=1)
    ]
    head = join(Html(f'<th scope="col">{label}</th>') for label in heads)
    rows = []
    for place, i in enumerate(chosen, start=1):
        total = int(counts[i].sum())
        cells = [_cell(int(counts[i, j]), total, right=i == j) for j in chosen]
        if others:
            outside = total - int(counts[i, list(chosen)].sum())
            cells.append(_cell(outside, total, right=False))
        number = "" if short else f'<span class="place">{place}</span>'
        label = f'<span title="{text(classes[i])}">{name(classes[i])}</span>'
        rows.append(f'<tr><th scope="row"><div>{number}{label}</div></th>{"".join(cells)}</tr>')
    last = '<th scope="col">others</th>' if others else ""
    corner = '<th scope="col" class="corner">true class <span>answer →</span></th>'
    markup = (
        f'<table class="confusion"><thead><tr>{corner}{head}{last}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return box(Html(markup), label="Confusion matrix: true classes in rows, answers in columns")


def _cell(count: int, total: int, *, right: bool) -> str:
    if not count:
        return '<td class="zero">0</td>'
    strength = 0.12 + 0.48 * count / total
    return f'<td class="{"right" if right else "wrong"}" style="--p:{strength:.2f}">{count:,}</td>'


def _pairs(result: Evaluation) -> Html:
    size = {score.name: score.n for score in result.per_class}
    rows = [
        [
            name(pair.truth),
            name(pair.answer),
            text(f"{pair.n:,}"),
            text(f"{format_percent(pair.n / size[pair.truth])} of {size[pair.truth]:,}"),
        ]
        for pair in result.confused[:MOST_PAIRS]
    ]
    more = len(result.confused) - len(rows)
    said = [paragraph(f"The first {MOST_PAIRS}; {more:,} rarer pairs follow.")] * (more > 0)
    header = [text(label) for label in ("truly", "was taken for", "times", "of its images")]
    return join([*said, table(header, rows, label="Most confused pairs", numbers=(2, 3))])


def worst(facts: Facts) -> Html:
    """Show the images that were told most wrong, then the right ones that were least sure."""
    if not facts.worst:
        return paragraph("No images were kept.")
    known = {(judged.name, judged.truth): judged for judged in facts.evaluation.worst}
    figures = join(_judged(shown, known.get((shown.name, shown.truth))) for shown in facts.worst)
    return join(
        [
            paragraph(
                "The mistakes in which the truth got the least probability come first, then "
                "images told right that were the least sure.",
                "Look at them: a wrong label, a hidden object or a class that is hard to tell "
                "shows here first.",
            ),
            element("div", figures, kind=f"gallery {size_of(facts.worst)} judged"),
        ]
    )


def sureness(probability: float) -> str:
    """Give the probability of one answer, no finer than it is worth.

    >>> sureness(0.834), sureness(0.99997), sureness(2e-9)
    ('83.4 %', 'over 99.9 %', 'under 0.1 %')
    """
    if probability < 0.001:
        return "under 0.1 %"
    return "over 99.9 %" if probability > 0.999 else f"{probability * 100:.1f} %"


def _judged(shown: Shown, judged: EvaluatedImage | None) -> Html:
    right = shown.answer == shown.truth
    mark = "right, but unsure" if right else "wrong"
    sure = "" if shown.probability is None else f" {sureness(shown.probability)}"
    lines = [
        Html(f'<p class="mark {"right" if right else "wrong"}">{mark}</p>'),
        Html(f"<p>said <b>{name(shown.answer or '?')}</b>{sure}</p>"),
    ]
    if not right:
        chance = "" if judged is None else f" {sureness(judged.truth_probability)}"
        lines.append(Html(f"<p>truly <b>{name(shown.truth)}</b>{chance}</p>"))
    lines.append(Html(f'<p class="file">{name(shown.name)}</p>'))
    return image(
        data_uri(shown.pixels, side=160),
        alt=f"{shown.name}: truly {shown.truth}, said {shown.answer}",
        caption=join(lines),
        kind="" if right else "mistaken",
    )
