"""How a comparison is written: its tables, and its numbers as people say them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from striate.data import format_count
from striate.evaluation.comparison.answered_levels import AnsweredLevel, AnsweredPair
from striate.evaluation.comparison.comparison_rows import ImageAnswers, ModelPair, ModelScores
from striate.model.decision import REFUSED
from striate.model.prediction import DONT_KNOW
from striate.terminal.escape import escape_controls, shorten_distinctly
from striate.terminal.tables import Table
from striate.terminal.units import (
    format_duration,
    format_energy,
    format_large_number,
    format_mass,
    format_percent,
)
from striate.terminal.wrapping import WIDEST, find_table_width

SHOWN = 10  # images of the printed table
LONGEST = 18  # letters of names that are printed
COSTS = 47  # columns that the figures of a classifier's cost take
ENERGY = 19  # that electricity and CO2e take besides, where a run has them
SHORTEST = 12  # letters of an image's name, below which a table of images makes no sense


def make_scores_table(models: Sequence[ModelScores]) -> Table:
    """Return the accuracy of each with its interval, and its cross-entropy."""
    shown = shorten_names(model.name for model in models)
    rows = tuple(
        (
            shown[model.name],
            format_percent(model.accuracy),
            f"{_bare_percent(model.accuracy_low)} to {_bare_percent(model.accuracy_high)}",
            "-" if model.cross_entropy is None else f"{model.cross_entropy:.3f}",
        )
        for model in models
    )
    header = ("model", "accuracy", "95 % interval", "cross-entropy")
    return Table(header, rows, frozenset(header[1:]))


def make_costs_table(models: Sequence[ModelScores]) -> Table:
    """Return what each is and what it costs; electricity where a run has measured it."""
    known = any(model.training_kwh is not None for model in models)
    shown = shorten_names(model.name for model in models)
    room = WIDEST - COSTS - max(map(len, shown.values()))
    room -= ENERGY * known
    rows = tuple(
        (
            shown[model.name],
            truncate(model.origin or "-", room),
            "-" if model.parameters is None else f"{model.parameters:,}",
            "-" if model.macs is None else format_large_number(model.macs),
            "-" if model.seconds_per_image is None else format_short_time(model.seconds_per_image),
            "-" if model.training_seconds is None else format_duration(model.training_seconds),
            *(_format_energy(model) if known else ()),
        )
        for model in models
    )
    costs = ("energy", "CO2e") if known else ()
    header = ("model", "what it is", "parameters", "MACs", "an image", "training", *costs)
    return Table(header, rows, frozenset(header[2:]))


def make_pairs_table(of: Sequence[ModelPair]) -> Table:
    """Return each of the others beside the first: who is right where, and the difference."""
    shown = shorten_names([of[0].first, *(pair.second for pair in of)])
    rows = tuple(
        (
            shown[pair.second],
            f"{pair.both_correct:,}",
            f"{pair.only_first:,}",
            f"{pair.only_second:,}",
            f"{pair.both_wrong:,}",
            format_points(pair.difference, pair.n, signed=True),
            format_interval(pair),
            format_p(pair.p_adjusted),
        )
        for pair in of
    )
    header = (
        f"beside {shown[of[0].first]}",
        "both correct",
        "only first",
        "only this",
        "neither",
        "points",
        "95 % interval",
        "p" if len(of) == 1 else "p (Holm)",
    )
    return Table(header, rows, frozenset(header[1:]))


def make_answered_table(of: Sequence[AnsweredLevel]) -> Table:
    """Return how many images each answers on which level, and how many correctly."""
    shown = shorten_names(each.model for each in of)
    rows = tuple(
        (
            shown[each.model],
            _name_level(each.level),
            f"{each.answered:,}",
            format_percent(each.answered / each.n),
            "-"
            if each.precision is None or each.precision_low is None or each.precision_high is None
            else f"{format_percent(each.precision)} ({_bare_percent(each.precision_low)} to "
            f"{_bare_percent(each.precision_high)})",
        )
        for each in of
        if each.answered or each.level in (0, REFUSED)
    )
    header = ("model", "answered by", "images", "share", "of these correct")
    caption = "what each answers in the end; all other figures count the most probable class"
    return Table(header, rows, frozenset(header[2:]), caption)


def make_answered_pairs_table(of: Sequence[AnsweredPair]) -> Table:
    """Return who answers more, and who answers better what both answer."""
    shown = shorten_names(name for pair in of for name in (pair.first, pair.second))
    rows = tuple(
        (
            shown[pair.second],
            "answered" if pair.level == REFUSED else f"correct, both by {_name_level(pair.level)}",
            f"{pair.n:,}",
            format_percent(pair.first_share),
            format_percent(pair.second_share),
            format_points(pair.difference, pair.n, signed=True),
            format_interval(pair),
        )
        for pair in of
    )
    first = shown[of[0].first] if of else ""
    header = (f"beside {first}", "what", "images", "first", "this", "points", "95 % interval")
    return Table(header, rows, frozenset(header[2:]), "the same images; each interval is by itself")


def _name_level(level: int) -> str:
    """Name what is answered on a level.

    >>> _name_level(0), _name_level(2), _name_level(-1)
    ('a class', 'level 2', "I don't know")
    """
    return DONT_KNOW if level == REFUSED else f"level {level}" if level else "a class"


def make_differing_table(names: Sequence[str], images: Sequence[ImageAnswers]) -> Table:
    """Return the first images whose answers differ, those first that some classified correctly."""
    room = find_table_width() - (2 + LONGEST) * (1 + len(names))
    shown = images[:SHOWN] if room >= SHORTEST else ()
    truths = shorten_names(image.truth for image in shown)
    known = [
        (answer, share is not None)
        for image in shown
        for answer, share in zip(image.answers, image.probabilities, strict=True)
    ]
    bare = shorten_names(answer for answer, sure in known if not sure)
    beside = shorten_distinctly((answer for answer, sure in known if sure), LONGEST - 8)
    rows = tuple(
        (
            escape_controls(image.name, longest=room),
            truths[image.truth],
            *(
                bare[answer] if share is None else f"{beside[answer]} {format_percent(share)}"
                for answer, share in zip(image.answers, image.probabilities, strict=True)
            ),
        )
        for image in shown
    )
    deciding = sum(image.decides for image in images)
    caption = (
        f"{len(shown)} of {format_count(len(images), 'image')} whose answers differ, first those "
        f"that some classified correctly ({deciding:,})"
    )
    models = shorten_names(names)
    return Table(("image", "truth", *(models[name] for name in names)), rows, caption=caption)


def shorten_names(names: Iterable[str]) -> dict[str, str]:
    """Return names in the length that fits, no two of them alike."""
    return shorten_distinctly(names, LONGEST)


def truncate(text: str, longest: int) -> str:
    """Return the beginning of a text.

    >>> truncate("head on squeezenet1_1 with ImageNet weights", 24)
    'head on squeezenet1_1...'
    """
    text = escape_controls(text)
    return text if len(text) <= longest else text[: longest - 3].rstrip() + "..."


def format_points(share: float, n: int, *, signed: bool = False) -> str:
    """Write a difference of shares in points of a hundred, as finely as n images tell.

    >>> format_points(0.0461, 355), format_points(-0.0461, 355, signed=True)
    ('4.6', '-4.6')
    >>> format_points(0.00042, 10_000)
    '0.04'
    """
    digits = max(1, math.ceil(math.log10(n)) - 2)
    text = f"{100 * share:{'+' if signed else ''}.{digits}f}"
    return text if float(text) else f"{0:.{digits}f}"


def format_interval(pair: ModelPair | AnsweredPair, *, turned: bool = False) -> str:
    """Write the interval of a difference in points; turned, that of first minus second."""
    low, high = pair.difference_low, pair.difference_high
    low, high = (-high, -low) if turned else (low, high)
    return f"{format_points(low, pair.n)} to {format_points(high, pair.n)}"


def format_p(p: float) -> str:
    """Write a p value with two digits.

    >>> format_p(0.0703125), format_p(1.0), format_p(1e-9)
    ('0.07', '1', '<0.001')
    """
    return "<0.001" if p < 0.001 else f"{p:.2g}"


def format_rough_count(count: int) -> str:
    """Write a rough number with two digits, above a million as such.

    >>> format_rough_count(2011), format_rough_count(87), format_rough_count(3_400_000)
    ('2,000', '87', 'more than a million')
    """
    if count > 1_000_000:
        return "more than a million"
    return f"{float(f'{count:.2g}'):,.0f}"


def format_short_time(seconds: float) -> str:
    """Write a short time with two digits.

    >>> format_short_time(0.00123), format_short_time(0.000041), format_short_time(2.5)
    ('1.2 ms', '41 µs', '2.5 s')
    """
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{float(f'{seconds / size:.2g}'):g} {unit}"
    return f"{float(f'{seconds / 1e-6:.2g}'):g} µs"


def _format_energy(model: ModelScores) -> tuple[str, str]:
    if model.training_kwh is None or model.training_kg_co2e is None:
        return "-", "-"
    return format_energy(model.training_kwh), format_mass(model.training_kg_co2e)


def _bare_percent(share: float) -> str:
    return format_percent(share).removesuffix(" %")
