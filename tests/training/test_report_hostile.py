"""A hostile text in every field of the report: it is shown as it is, and does nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hostile_texts import HARMLESS, HOSTILE, Page, Poisoned, unharmed
from made_facts import photos

from striate.architecture.notation import ExpandedNetwork
from striate.doctor import KINDS, FoundImage, ImageFinding
from striate.features.filter_shift import FilterShift, LayerShift
from striate.features.head import Candidate
from striate.training.health import CheckUp, Finding
from striate.training.health.figures import Bend, Layer, Normalisation, Values
from striate.training.report import Earlier, Facts, Start, html
from striate.training.report.settings_table import FIRST

KEPT = {"train", "val", "test", "network", *FIRST, *KINDS}


def whole() -> Facts:
    """A report with all its sections."""
    facts = photos()
    layers = tuple(Layer(f"conv{n}", 0.1 * n, 2.0, 0.01) for n in (1, 2, 3))
    values = Values(0.1, 0.9)
    bends, norms = (
        (Bend("conv1", "relu", 0.3, 0.2),),
        (Normalisation("bn1", 0.1, 1.1, False, True),),
    )
    checkups = [CheckUp(n, layers, bends, norms, values, values, 1.0, 0.5, 32, 0.1) for n in (1, 2)]
    shifts = (LayerShift("conv1", 0.1, (0.1, 0.2)), LayerShift("conv2", 0.2, (0.1, 0.3)))
    return replace(
        facts,
        skipped=facts.skipped[:5],
        start=Start("a known network", 16, 0.1, [Candidate(0.1, 0.5, 0.9)], FilterShift(shifts)),
        checkups=checkups,
        findings=[Finding("learning rate", "the loss jumped", "take a lower one", 2)],
        image_findings=[
            ImageFinding(kind, "seen", (FoundImage("a.jpg", "ants", "val", "bees", 0.9),))
            for kind in KINDS
        ],
        found={"a.jpg": replace(facts.worst[0], name="a.jpg")},
        cells=[replace(facts.worst[1], file="b.jpg", runner_up="wasps")],
        no_heat="it ends otherwise",
        folder="runs/photos",
        earlier=Earlier("first", "../first/report.html"),
    )


@pytest.fixture(scope="module")
def both() -> tuple[Facts, Page]:
    harmless, hostile = (
        Poisoned(text, KEPT, ExpandedNetwork)(whole()) for text in (HARMLESS, HOSTILE)
    )
    page = html(hostile)
    assert page.count("<section ") == 14
    return hostile, unharmed(html(harmless), page)


def test_every_text_is_shown_as_it_is(both: tuple[Facts, Page]) -> None:
    facts, page = both
    assert facts.start is not None and facts.summary is not None and facts.earlier is not None
    finding, checkup = facts.findings[0], facts.checkups[0]
    for shown in (
        facts.title,
        facts.command,
        *facts.classes,
        *facts.notes,
        *(text for pair in facts.skipped for text in pair),
        facts.notation,
        facts.start.backbone,
        finding.words,
        finding.cure,
        facts.evaluation.evaluated,
        *(row.text for row in facts.summary.layers),
        *(layer.address for layer in checkup.layers),
        *(bend.kind for bend in checkup.bends),
        *(norm.address for norm in checkup.norms),
        *(one.name for one in facts.worst),
        facts.earlier.name,
        facts.no_heat,
        *(finding.reason for finding in facts.image_findings or ()),
        facts.cells[0].runner_up,
        str(facts.run["data"]),
        str(facts.run["machine"]),
    ):
        assert HOSTILE in shown
        assert shown in page.words
    names = [one.name for one in (*facts.examples, *facts.augmented, *facts.worst)]
    assert all(any(name in told for told in page.told) for name in names)
