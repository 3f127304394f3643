"""The specimen's numbers: the walk from the answer to the pixels, one whole sum, the softmax."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.explanation.contribution_path import ContributionPath
from striate.explanation.unit_arithmetic import ArithmeticStep, UnitArithmetic
from striate.render.number_cells import cells, number
from striate.render.page import Html, bar, element, join, name, paragraph, table, text

CHANNELS = 3  # whose patches and kernels are written out
WIDEST = 11  # of a kernel that is written out as a grid
TERMS = 10  # of a sum without a grid
ODDS = 6  # classes whose exponentials are written out


def way(walked: ContributionPath) -> Html:
    """Show a walk, a row a layer that adds something up; what hands its number on is left out."""
    added = [one for one in walked.steps if len(one.arithmetic.terms.value) > 1]
    rows = []
    for one in added:
        step, terms = one.arithmetic, one.arithmetic.terms
        pooled = terms.function == "the largest"
        much = "the largest of" if pooled else "the most of"
        rows.append(
            [
                text(step.layer),
                text(_place(step.unit, step.row, step.column)),
                text(number(step.value)),
                text(
                    f"{number(one.contribution)} is {much} {len(terms.value):,}"
                    + ("" if pooled else f" that come to {number(step.value - terms.bias)}")
                ),
                bar(min(1.0, max(0.0, one.share)), f"{one.share:.0%}"),
                text(
                    f"{number(terms.value[one.term])} × {number(terms.weight[one.term])}"
                    if not pooled
                    else number(terms.value[one.term])
                ),
            ]
        )
    silent = len(walked.steps) - len(added)
    if walked.pixel is None:
        end = f"The walk ends before the pixels: {walked.stopped}."
    else:
        channel, row, column = walked.pixel
        end = f"It ends at the pixel in row {row}, column {column}, channel {channel}."
    header = ("layer", "unit, row, column", "its number", "made of", "its share", "value × weight")
    return join(
        [
            paragraph(
                f"From the logit of “{walked.target}” down: at each layer the largest part of the "
                "number is followed. One part is never the whole: its share says how much of "
                "the number it explains.",
                f"{silent:,} steps that hand the number on as it is, such as ReLU, are left out.",
                end,
            ),
            table(
                [text(each) for each in header],
                rows,
                label="From the logit to a pixel",
                numbers=(2, 4),
                tall=len(rows) > 14,
            ),
        ]
    )


def whole_sum(found: UnitArithmetic) -> Html:
    """Show how one number comes about: patch times kernel, the sum, and what it goes through."""
    first = found.steps[0]
    parts = [paragraph(*_opening(first))]
    parts.append(_grids(first) if _has_grid(first) else _terms(first))
    parts.append(_chain(found.steps))
    return join(parts)


def softmax(logits: np.ndarray, classes: Sequence[str], temperature: float) -> Html:
    """Show how logits become probabilities: each exponential, and their sum.

    Args:
        logits: float64 (classes,).
        classes: their names.
        temperature: what the logits are divided by first.
    """
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max())
    total = float(powers.sum())
    order = np.argsort(-scaled, kind="stable")[:ODDS]
    most = float(powers[order[0]]) / total
    rows = [
        [
            name(classes[at], longest=40),
            text(number(float(logits[at]))),
            text(f"{powers[at]:.4g}"),
            bar(float(powers[at]) / total / most, f"{powers[at] / total:.1%}"),
        ]
        for at in order.tolist()
    ]
    rest = total - float(powers[order].sum())
    more = len(scaled) - len(order)
    if more:
        label = f"{more:,} more" if more > 1 else "one more"
        rows.append(
            [text(label), text(""), text(f"{rest:.4g}"), bar(rest / total, f"{rest / total:.1%}")]
        )
    divided = "" if temperature == 1 else f" (divided by the temperature {temperature:g} first)"
    return join(
        [
            paragraph(
                f"Each logit{divided} is taken off the largest one and raised to e; a class's "
                f"probability is its share of the sum of all {len(scaled):,}, {total:.4g}.",
            ),
            table(
                [text(each) for each in ("class", "logit", "e to (logit − largest)", "share")],
                rows,
                label="From logits to probabilities",
                numbers=(1, 2, 3),
            ),
        ]
    )


def _place(unit: int, row: int, column: int) -> str:
    return f"{unit}" if row < 0 else f"{unit}, {row}, {column}"


def _opening(step: ArithmeticStep) -> list[str]:
    terms = step.terms
    where = "" if step.row < 0 else f", at row {step.row}, column {step.column}"
    said = [f"{step.layer}, unit {step.unit}{where}."]
    if _has_grid(step):
        units = len(np.unique(terms.unit))
        each = len(terms.value) // units
        said.append(
            f"Over {units:,} channels it multiplies the {each} values under its kernel with the "
            "kernel's weights, and adds up."
            if units > 1
            else f"It multiplies the {each} values under its kernel with the kernel's weights, "
            "and adds up."
        )
    return said


def _has_grid(step: ArithmeticStep) -> bool:
    terms = step.terms
    if terms.function or step.row < 0 or (terms.row < -(10**6)).any():
        return False
    rows, columns = np.unique(terms.row), np.unique(terms.column)
    units = len(np.unique(terms.unit))
    size = len(rows) * len(columns)
    return 1 < size <= WIDEST**2 and size * units == len(terms.value)


def _grids(step: ArithmeticStep) -> Html:
    """Show patch × kernel = products for the channels that add most."""
    terms = step.terms
    rows, columns = np.unique(terms.row), np.unique(terms.column)
    units = np.unique(terms.unit)
    shape = (len(units), len(rows), len(columns))
    order = np.lexsort((terms.column, terms.row, terms.unit))
    patch, kernel, product = (
        each[order].reshape(shape) for each in (terms.value, terms.weight, terms.product)
    )
    outside = None if terms.padding is None else terms.padding[order].reshape(shape)
    sums = product.sum((1, 2))
    shown = np.sort(np.argsort(-np.abs(sums), kind="stable")[:CHANNELS])
    reach = [float(np.abs(each).max()) for each in (patch, kernel, product)]
    lines = []
    for at in shown.tolist():
        padded = "" if outside is None or not outside[at].any() else " (0 where it is padding)"
        grids = [
            _titled("patch" + padded, cells(patch[at], reach=reach[0], label="patch")),
            _sign("×"),
            _titled("kernel", cells(kernel[at], reach=reach[1], label="kernel")),
            _sign("="),
            _titled("products", cells(product[at], reach=reach[2], label="products")),
            _sign("→"),
            _titled("their sum", Html(f"<b>{number(float(sums[at]))}</b>")),
        ]
        lines.append(
            element(
                "div",
                Html(f"<p>channel {int(units[at])}</p>" + element("div", join(grids), kind="sum")),
                kind="channel",
            )
        )
    rest = len(units) - len(shown)
    told = [f"channel {int(units[at])}: {number(float(sums[at]))}" for at in shown.tolist()]
    if rest:
        others = float(np.delete(sums, shown).sum())
        told.append(f"{rest:,} more channels: {number(others)}")
    total = f"{'; '.join(told)}; bias: {number(terms.bias)}. In all {number(step.value)}."
    return join([*lines, paragraph(total)])


def _terms(step: ArithmeticStep) -> Html:
    terms = step.terms
    if len(terms.value) == 1:
        return Html("")
    rows = [
        [
            text(_place(int(terms.unit[at]), int(terms.row[at]), int(terms.column[at]))),
            text(number(float(terms.value[at]))),
            text(number(float(terms.weight[at]))),
            text(number(float(terms.product[at]))),
        ]
        for at in step.largest_terms(TERMS).tolist()
    ]
    rest = len(terms.value) - len(rows)
    if rest > 0:
        others = step.value - terms.bias - float(terms.product[step.largest_terms(TERMS)].sum())
        rows.append([text(f"{rest:,} more"), text(""), text(""), text(number(others))])
    rows.append([text("bias"), text(""), text(""), text(number(terms.bias))])
    header = ("from unit, row, column", "value", "weight", "product")
    return table(
        [text(each) for each in header],
        rows,
        label=f"What {step.layer} adds up",
        numbers=(1, 2, 3),
        total=[text("in all"), text(""), text(""), text(number(step.value))],
    )


def _chain(steps: Sequence[ArithmeticStep]) -> Html:
    """Show what the sum goes through, and beside it the network's own number."""
    said = []
    for step in steps[1:]:
        terms, f = step.terms, step.terms.facts
        value = float(terms.value[0])
        if "variance" in f:
            said.append(
                f"{step.layer}: ({number(value)} − mean {number(f['mean'])}) / √(variance "
                f"{number(f['variance'])} + {f['eps']:g}) × {number(f['scale'])} + "
                f"{number(f['shift'])} = {number(step.value)}."
            )
        else:
            word = terms.function or step.kind
            said.append(f"{step.layer}: {word} of {number(value)} is {number(step.value)}.")
    last = steps[-1]
    exact = all(step.agrees for step in steps)
    said.append(
        f"The network itself came to {last.network_value:.7g}, "
        f"this calculation to {last.value:.7g}: "
        + ("the same within what rounding allows." if exact else "NOT the same.")
    )
    return paragraph(*said)


def _titled(title: str, body: Html) -> Html:
    return element("div", Html(f"{body}<span>{text(title)}</span>"))


def _sign(sign: str) -> Html:
    return Html(f'<i aria-hidden="true">{sign}</i>')
