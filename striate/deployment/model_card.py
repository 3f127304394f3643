"""The model card that travels in a sealed file: what it can do, and on what that was found.

After Mitchell et al. 2019, Model cards for model reporting: https://arxiv.org/abs/1810.03993.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from striate.deployment.run_facts import NOTHING, RunFacts
from striate.model.classifier_document import ClassifierDocument
from striate.model.json_value import Json, JsonObject
from striate.terminal.escape import escape_controls
from striate.terminal.units import format_percent

SHOWN = 50  # classes with figures of their own
SLICES = 12
UNKNOWN = "not known here: it is for whoever published them to say"
STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;"
    "margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8886;"
    "vertical-align:top}th{font-weight:600;min-width:5.5rem;overflow-wrap:anywhere}"
    "td{overflow-wrap:anywhere}.n{text-align:right;font-variant-numeric:tabular-nums;min-width:0;"
    "overflow-wrap:normal}.wide{overflow-x:auto}"
)


@dataclass(frozen=True)
class ModelCard:
    """What there is to say of a classifier, in words.

    Attributes:
        title: what it is.
        lines: heading and text of each thing.
        classes: of each class its name, images, recall with its interval, precision.
        slices: of each slice of the images its name, images, accuracy with its interval, that of
            all others.
        forms: of a file in int8, a table of its forms: the header and a row each.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    classes: tuple[tuple[str, str, str, str], ...]
    slices: tuple[tuple[str, str, str, str], ...] = ()
    forms: tuple[tuple[str, ...], ...] = ()

    def as_json(self) -> JsonObject:
        """Return it as plain values."""
        names = ("class", "images", "recall", "precision")
        rows: list[Json] = [dict(zip(names, row, strict=True)) for row in self.classes]
        values: JsonObject = {"title": self.title, **dict(self.lines), "per_class": rows}
        names = ("slice", "images", "accuracy", "all others")
        if self.slices:
            per_slice: list[Json] = [dict(zip(names, row, strict=True)) for row in self.slices]
            values = {**values, "slices": per_slice}
        if self.forms:
            header, *others = self.forms
            values = {**values, "forms": [dict(zip(header, row, strict=True)) for row in others]}
        return values

    def html(self) -> str:
        """Return it as a page, which follows a light or a dark screen."""
        lines = "".join(
            f"<tr><th scope=row>{escape(name)}</th><td>{escape(text)}</td></tr>"
            for name, text in self.lines
        )
        header, *forms = self.forms or ((),)
        tables = (
            ("Its forms", header, forms),
            ("Class by class", ("class", "images", "recall", "precision"), self.classes),
            ("Slices of the images", ("slice", "images", "accuracy", "all others"), self.slices),
        )
        table = "".join(_show(*each) for each in tables if each[2])
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style>"
            f"<h1>{escape(self.title)}</h1><table>{lines}</table>{table}</html>"
        )


def _show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as HTML."""
    first, *others = header
    head = f"<th>{escape(first)}</th>" + "".join(f"<th class=n>{escape(x)}</th>" for x in others)
    lines = "".join(
        f"<tr><th scope=row>{escape(row[0])}</th>"
        + "".join(f"<td class=n>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<h2>{escape(title)}</h2><div class=wide><table><tr>{head}</tr>{lines}</table></div>"


def make_model_card(
    document: ClassifierDocument,
    parameters: int,
    *,
    facts: RunFacts = NOTHING,
    quantized: tuple[str, str] | None = None,
    forms: Sequence[Sequence[str]] = (),
) -> ModelCard:
    """Write the card of a classifier from what leaves with its file.

    Args:
        document: without names of files.
        parameters: how many numbers it has learnt.
        facts: what its run knows of it.
        quantized: of a file in int8, what is lost and what it was proved on.
        forms: likewise, the table of its forms.

    >>> card = make_model_card(ClassifierDocument(None, ("a", "b"), (), {}, {}, {}, {}, {}), 10)
    >>> card.title, card.lines[3]
    ('Classifier of 2 classes', ('Figures', 'none: it was not evaluated'))
    """
    title = f"Classifier of {len(document.classes):,} classes"
    lines = (*_lines(document, parameters), *_facts(facts))
    if quantized is not None:
        lines += (("In int8", quantized[0]), ("int8 proved on", quantized[1]))
    return ModelCard(
        title,
        lines,
        tuple(_classes(document)),
        tuple(_slices(facts.slices or ())),
        tuple(map(tuple, forms)),
    )


def _lines(document: ClassifierDocument, parameters: int) -> Iterator[tuple[str, str]]:
    names = [escape_controls(name) for name in document.classes[:SHOWN]]
    more = f" and {len(document.classes) - SHOWN:,} more" if len(document.classes) > SHOWN else ""
    yield "Classes", ", ".join(names) + more
    yield "Answers", "which one of these classes an image shows; of other images it knows nothing"
    yield "Parameters", f"{parameters:,}"
    backbone = document.training.get("backbone")
    if backbone:
        yield "Began with", f"{backbone}"
        yield "Licence of its weights", str(document.training.get("backbone_licence") or UNKNOWN)
    counts = document.data.get("counts")
    if isinstance(counts, Mapping):
        totals = {
            split: sum(each for each in classes.values() if isinstance(each, int))
            for split, classes in counts.items()
            if isinstance(classes, Mapping)
        }
        said = ", ".join(f"{total:,} {split}" for split, total in totals.items() if total)
        yield "Images", said or "not recorded"
    yield from _rules(document.calibration)
    yield "Figures", _figures(document.metrics)


def _facts(facts: RunFacts) -> Iterator[tuple[str, str]]:
    yield "Energy of training", facts.energy or "not measured"
    if facts.slices is None:
        yield "Slices", "not measured"
    else:
        worse = sum(bool(one.get("surely_worse")) for one in facts.slices)
        yield (
            "Slices",
            f"{worse} of {len(facts.slices)} by size, light, shape or column are surely worse than "
            "all other images, the number of slices accounted for",
        )
    yield "Shortcuts", "; ".join(map(escape_controls, facts.shortcuts)) or "not measured"
    if facts.findings is not None:
        yield "Findings among the images", ", ".join(facts.findings) or "none"


def _slices(slices: Sequence[JsonObject]) -> Iterator[tuple[str, str, str, str]]:
    for one in slices[:SLICES]:
        low, high = _share(one.get("accuracy_low")), _share(one.get("accuracy_high"))
        attribute, value = (escape_controls(str(one.get(name))) for name in ("attribute", "value"))
        yield (
            f"{attribute}: {value}" + (", surely worse" if one.get("surely_worse") else ""),
            f"{one.get('n')}",
            f"{_share(one.get('accuracy'))} ({low} to {high})",
            _share(one.get("rest")),
        )


def _rules(calibration: JsonObject) -> Iterator[tuple[str, str]]:
    rule = calibration.get("reject")
    if isinstance(rule, Mapping):
        share = rule.get("false_refusals")
        yield (
            '"I don\'t know"',
            f"below a probability of {_number(rule.get('probability'))} or beyond a distance of "
            f"{_number(rule.get('distance'))}; chosen on {rule.get('n')} images to refuse "
            f"{format_percent(share) if isinstance(share, float) else share} of its own",
        )
    taxonomy = calibration.get("taxonomy")
    if isinstance(taxonomy, Mapping):
        counts = [len(_listed(level, "names")) for level in _listed(taxonomy, "levels")]
        yield (
            "Taxonomy",
            "the classes stand below "
            + ", then ".join(f"{count:,}" for count in counts)
            + " nodes; "
            "where the class is unsure, the answer is the first node above it that is sure enough",
        )
    promise = calibration.get("promise")
    if isinstance(promise, Mapping):
        precision, sure = promise.get("precision"), promise.get("confidence")
        level = " on each level" if promise.get("levels") else ""
        if isinstance(precision, (int, float)) and isinstance(sure, (int, float)):
            yield (
                "Promise",
                f"{format_percent(precision)} of what it answers{level} is right, with a "
                f"confidence of {format_percent(sure)}, found on {promise.get('n')} images like "
                "these",
            )


def _listed(values: Json, name: str) -> list[Json]:
    found = values.get(name) if isinstance(values, Mapping) else None
    return list(found) if isinstance(found, list) else []


def _figures(metrics: JsonObject) -> str:
    found = [metrics.get(name) for name in ("accuracy", "accuracy_low", "accuracy_high", "n")]
    shares = [share for share in found if isinstance(share, (int, float))]
    if len(shares) < len(found):
        return "none: it was not evaluated"
    said = (
        f"accuracy {format_percent(shares[0])} of {int(shares[3]):,} images (95 % interval "
        f"{format_percent(shares[1])} to {format_percent(shares[2])})"
    )
    brier = metrics.get("brier_score")
    return f"{said}, Brier score {brier:.3f}" if isinstance(brier, float) else said


def _classes(document: ClassifierDocument) -> Iterator[tuple[str, str, str, str]]:
    rows = document.metrics.get("per_class")
    for row in list(rows)[:SHOWN] if isinstance(rows, (list, tuple)) else ():
        if isinstance(row, Mapping):
            recall, low, high, precision = (
                _share(row.get(name))
                for name in ("recall", "recall_low", "recall_high", "precision")
            )
            interval = f" ({low} to {high})" if row.get("recall_low") is not None else ""
            name = escape_controls(str(row.get("name")))
            yield name, f"{row.get('n')}", f"{recall}{interval}", precision


def _share(value: Json) -> str:
    return format_percent(value) if isinstance(value, (int, float)) else "none"


def _number(value: Json) -> str:
    return f"{value:.3g}" if isinstance(value, (int, float)) else "none"
