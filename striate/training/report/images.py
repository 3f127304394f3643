"""The report's images: the data and what was left out of it, examples, augmented ones."""

from __future__ import annotations

from collections.abc import Sequence

from striate.render import data_uri
from striate.render.page import Html, bar, element, image, join, name, paragraph, table, text
from striate.training.report.facts import Facts, Shown

PARTS = {"train": "training", "val": "validation", "test": "test"}
PURPOSES = {
    "train": "The network learns from the training images only.",
    "val": "The validation images tell, while it learns, which state to keep.",
    "test": "The test images are looked at once, at the end.",
}
MOST_SKIPPED = 50
MOST_EXAMPLES = 240
TINY = 32
FEW, MANY = 12, 25
"""Up to this many classes there is room for six, and for four, examples of each."""


def _purposes(facts: Facts) -> dict[str, str]:
    if facts.start is None or facts.epochs:
        return PURPOSES
    return PURPOSES | {"val": "The validation images are looked at once, at the end."}


def data(facts: Facts) -> Html:
    """Show how many images there are, examples of each class, and what was left out."""
    parts = [part for part in facts.counts if sum(facts.counts[part].values())]
    totals = {part: sum(facts.counts[part].values()) for part in parts}
    said = ", ".join(f"{totals[part]:,} for {PARTS.get(part, part)}" for part in parts)
    return join(
        [
            paragraph(
                f"{sum(totals.values()):,} images in {len(facts.classes):,} classes were used: "
                f"{said}.",
                *(sentence for part, sentence in _purposes(facts).items() if part in parts),
            ),
            _balance(facts),
            _counts(facts, parts),
            Html("<h3>Examples</h3>"),
            _examples(facts),
            Html("<h3>Left out</h3>"),
            _skipped(facts.skipped),
        ]
    )


def _balance(facts: Facts) -> Html:
    learned = {label: facts.counts.get("train", {}).get(label, 0) for label in facts.classes}
    most, least = max(learned, key=learned.__getitem__), min(learned, key=learned.__getitem__)
    if learned[most] <= 1.5 * learned[least]:
        return paragraph("The classes are about equally frequent in training.")
    return element(
        "p",
        Html(
            f"The classes are not equally frequent in training: {name(most)} has "
            f"{learned[most]:,} images, {name(least)} has {learned[least]:,}."
        ),
    )


def _counts(facts: Facts, parts: Sequence[str]) -> Html:
    sums = {
        label: sum(facts.counts[part].get(label, 0) for part in parts) for label in facts.classes
    }
    most = max(sums.values(), default=0) or 1
    header = [text("class"), *(text(PARTS.get(part, part)) for part in parts), text("in all")]
    rows = [
        [
            name(label),
            *(text(f"{facts.counts[part].get(label, 0):,}") for part in parts),
            bar(sums[label] / most, f"{sums[label]:,}"),
        ]
        for label in facts.classes
    ]
    return table(
        header,
        rows,
        label="Images of each class in each part",
        numbers=range(1, len(parts) + 2),
        tall=len(rows) > MANY,
    )


def _examples(facts: Facts) -> Html:
    each = 6 if len(facts.classes) <= FEW else 4 if len(facts.classes) <= MANY else 1
    by_class: dict[str, list[Shown]] = {label: [] for label in facts.classes}
    for shown in facts.examples:
        if shown.truth in by_class and len(by_class[shown.truth]) < each:
            by_class[shown.truth].append(shown)
    there = {label: examples for label, examples in by_class.items() if examples}
    if not there:
        return paragraph("No examples were kept.")
    room = MOST_EXAMPLES // each
    strips = join(
        element(
            "figure",
            Html(
                f"<div>{join(_thumbnail(shown) for shown in examples)}</div>"
                f'<figcaption title="{text(label)}">{name(label)}</figcaption>'
            ),
        )
        for label, examples in list(there.items())[:room]
    )
    left = len(there) - room
    said = [paragraph(f"Shown are {room} classes; {left:,} more have examples.")] * (left > 0)
    kind = f"{size_of(facts.examples)} strips" + " single" * (each == 1)
    return join([*said, Html(f'<div class="{kind}" style="--each:{each}">{strips}</div>')])


def _thumbnail(shown: Shown) -> Html:
    alt = text(f"{shown.truth}: {shown.name}")
    return Html(f'<img src="{data_uri(shown.pixels, side=96)}" alt="{alt}" title="{alt}">')


def _skipped(skipped: Sequence[tuple[str, str]]) -> Html:
    if not skipped:
        return paragraph("Nothing: every image that was found could be used.")
    one = len(skipped) == 1
    count = "One file was" if one else f"{len(skipped):,} files were"
    said = f"{count} not used and not replaced by anything."
    more = len(skipped) - MOST_SKIPPED
    if more > 0:
        said += f" Here are the first {MOST_SKIPPED}; all of them stand in skipped.csv."
    else:
        said += " The same list is in skipped.csv."
    rows = [[name(file), name(reason)] for file, reason in skipped[:MOST_SKIPPED]]
    header = [text("file"), text("why")]
    return join([paragraph(said), table(header, rows, label="Files left out", tall=len(rows) > 12)])


def augmented(facts: Facts) -> Html:
    """Show training images just as they entered the network, changes and padding included."""
    if not facts.augmented:
        return paragraph("No images were kept.")
    rows, columns = facts.augmented[0].pixels.shape[:2]
    figures = join(
        image(
            data_uri(shown.pixels, side=160),
            alt=f"{shown.truth} as the network saw it: {shown.name}",
            caption=name(shown.truth),
        )
        for shown in facts.augmented
    )
    return join(
        [
            paragraph(
                f"Training images as they entered the network, {columns} by {rows} pixels.",
                "Each time an image comes up it is changed a little at random, so that the "
                "network learns what matters and not the single pixels.",
                "If you could not tell the class from these, neither can the network.",
            ),
            element("div", figures, kind=f"gallery {size_of(facts.augmented)}"),
        ]
    )


def size_of(shown: Sequence[Shown]) -> str:
    """Name the layout that suits the images: tiny ones are recognised better when small.

    >>> size_of([])
    'tiny'
    """
    longest = max((max(each.pixels.shape[:2]) for each in shown), default=0)
    return "large" if longest > TINY else "tiny"
