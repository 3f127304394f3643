from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest
from explained_words import unexplained
from made_facts import HOSTILE, digits, many, photos

from striate.architecture.diagram.drawing import draw_architecture
from striate.evaluation.metrics import score
from striate.evaluation.metrics.wrong_labels import WrongLabels
from striate.evaluation.slices.slice_scores import score_slices
from striate.terminal.units import format_percent
from striate.training.report import Facts, html
from striate.training.report.verdict import reach_verdict

VOID = {"meta", "link", "img", "wbr", "br", "image", "use"}
SECTIONS = ["worst", "confusion", "classes", "confidence", "data"]
SECTIONS += ["decisions", "augmented", "network", "training", "metrics", "repeat"]


class Read(HTMLParser):
    """A page as a reader has it: words and table cells by section, images, every tag."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: dict[str, str] = {}
        self.cells: dict[str, list[list[str]]] = {}
        self.drawn: list[tuple[str, str]] = []
        self.images: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.section = "opening"
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.ids += [found["id"] or ""] if "id" in found else []
        if tag not in VOID:
            self.open.append(tag)
        if found.get("id") in SECTIONS:
            self.section = found["id"] or ""
        elif tag == "svg" and found.get("role") == "img":
            self.drawn.append((self.section, found["aria-label"] or ""))
        elif tag == "img":
            self.images.append(found | {"section": self.section})
        elif tag == "tr":
            self.cells.setdefault(self.section, []).append([])
        elif tag in ("th", "td"):
            self.cells[self.section][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if "style" in self.open or "title" in self.open:
            return
        data = data.replace("\xa0", " ")
        self.words[self.section] = self.words.get(self.section, "") + data
        if {"th", "td"} & set(self.open):
            self.cells[self.section][-1][-1] += data


@cache
def case(name: str) -> tuple[Facts, str, Read]:
    facts = {"digits": digits, "photos": photos, "many": many}[name]()
    page = html(facts)
    return facts, page, Read(page)


@pytest.fixture(params=["digits", "photos", "many"])
def read(request: pytest.FixtureRequest) -> Iterator[tuple[Facts, str, Read]]:
    yield case(request.param)


def test_every_section_is_there_in_order_and_closed(read: tuple[Facts, str, Read]) -> None:
    _, page, seen = read
    assert [section for section in seen.words if section in SECTIONS] == SECTIONS
    assert seen.open == []
    assert len(seen.ids) == len(set(seen.ids))
    assert seen.tags.isdisjoint({"script", "iframe", "object", "form"})
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_the_opening_says_how_good_it_is(read: tuple[Facts, str, Read]) -> None:
    facts, _, seen = read
    result = facts.evaluation
    words = " ".join(seen.words["opening"].split())
    for shown in (result.accuracy, result.accuracy_low, result.accuracy_high):
        assert format_percent(shown) in words
    assert f"n = {result.n:,}" in words
    assert result.evaluated in words
    right = sum(result.confusion[i][i] for i in range(len(result.classes)))
    assert reach_verdict(facts).words in words
    assert f"{right:,} correct, {result.n - right:,} wrong" in words
    assert facts.title in words


def test_the_data_are_counted(read: tuple[Facts, str, Read]) -> None:
    facts, _, seen = read
    header, *rows = seen.cells["data"][: len(facts.classes) + 1]
    parts = list(facts.counts)
    words = {"train": "training", "val": "validation", "test": "test"}
    assert header == ["class", *(words[part] for part in parts), "in all"]
    for label, row in zip(facts.classes, rows, strict=True):
        numbers = [facts.counts[part][label] for part in parts]
        assert row == [label, *(f"{number:,}" for number in [*numbers, sum(numbers)])]


def test_the_networks_table_is_the_summarys(read: tuple[Facts, str, Read]) -> None:
    facts, _, seen = read
    assert facts.summary is not None
    _, *rows, total = seen.cells["network"]
    assert [row[0] for row in rows] == [row.name for row in facts.summary.layers]
    assert [row[3] for row in rows] == [f"{row.parameters:,}" for row in facts.summary.layers]
    assert [row[4] for row in rows] == [f"{row.macs:,}" for row in facts.summary.layers]
    assert total[3:5] == [f"{facts.summary.parameters:,}", f"{facts.summary.macs:,}"]
    assert facts.notation in seen.words["network"]


def test_the_network_is_drawn_for_wide_and_for_narrow_screens(
    read: tuple[Facts, str, Read],
) -> None:
    facts, page, _ = read
    assert facts.summary is not None
    for width in (940, 350):
        assert str(draw_architecture(facts.summary, width=width)) in page
    assert page.count(f'aria-label="{facts.summary.name} as an architecture diagram: ') == 2


def test_training_names_the_state_that_was_kept(read: tuple[Facts, str, Read]) -> None:
    facts, page, seen = read
    kept = [epoch for epoch in facts.epochs if epoch.best][-1]
    words = " ".join(seen.words["training"].split())
    assert f"The checkpoint of epoch {kept.epoch} was kept" in words
    assert format_percent(kept.val_accuracy) in words
    section = page.split('<div id="training"')[1].split("</section>")[0]
    assert section.count('<svg xmlns="http://www.w3.org/2000/svg"') == 3
    for title in ("Loss", "Accuracy (higher is better)", "Learning rate"):
        assert title in words


def test_the_measures_are_the_evaluations(read: tuple[Facts, str, Read]) -> None:
    facts, _, seen = read
    result, words = facts.evaluation, seen.words["metrics"]
    for name, value in (
        ("Accuracy", format_percent(result.accuracy)),
        ("Classification error", format_percent(result.classification_error)),
        ("Brier score (mean squared error)", f"{result.brier_score:.3f}"),
        ("Cross-entropy", f"{result.cross_entropy:.3f}"),
    ):
        assert name + value in words
    assert ("Top-5 accuracy" in words) == (len(result.classes) > 5)


def test_every_class_has_its_scores(read: tuple[Facts, str, Read]) -> None:
    facts, _, seen = read
    by_name = {row[0]: row[1:] for row in seen.cells["classes"][1:]}
    assert len(by_name) == len(facts.classes)
    for known in facts.evaluation.per_class:
        assert None not in (known.precision, known.recall, known.f1, known.recall_low)
        shown = [format_percent(value or 0) for value in (known.precision, known.recall, known.f1)]
        ends = format_percent(known.recall_low or 0), format_percent(known.recall_high or 0)
        shown[1] += " to ".join(ends)  # below it
        assert by_name[known.name] == [f"{known.n:,}", *shown]
    if len(facts.classes) > 25:
        weakest = facts.evaluation.weakest()[0].f1
        first = seen.cells["classes"][1][-1]
        assert weakest is not None
        assert first == format_percent(weakest)


@pytest.mark.parametrize("name", ["digits", "photos"])
def test_the_confusion_matrix_is_whole_for_few_classes(name: str) -> None:
    facts, _, seen = case(name)
    k = len(facts.classes)
    head, *rows = seen.cells["confusion"][: k + 1]
    assert head[1:] == list(facts.classes)
    shown = [[int(cell) for cell in row[1:]] for row in rows]
    assert shown == [list(row) for row in facts.evaluation.confusion]


def test_the_confusion_matrix_of_many_classes_shows_the_most_confused_and_says_so() -> None:
    facts, _, seen = case("many")
    result = facts.evaluation
    rows = [row for row in seen.cells["confusion"][1:] if len(row) > 4]
    assert len(rows) <= 15
    assert "120 classes are too many for one table" in seen.words["confusion"]
    names = [re.sub(r"^\d+", "", row[0]) for row in rows]
    assert {result.confused[0].truth, result.confused[0].answer} <= set(names)
    size = {known.name: known.n for known in result.per_class}
    for name, row in zip(names, rows, strict=True):
        assert sum(int(cell) for cell in row[1:]) == size[name]


def test_a_number_of_the_matrix_leads_to_all_of_its_images_that_the_page_shows(
    read: tuple[Facts, str, Read],
) -> None:
    facts, page, _ = read
    shots = [*facts.worst, *facts.cells]
    groups = dict(re.findall(r'<div class="cell" id="([^"]+)">(.*?)</div>', page, re.DOTALL))
    assert set(re.findall(r'<a href="#(cell-[^"]+)"', page)) <= set(groups)
    led = [sorted(map(int, re.findall(r'#image-(\d+)"', group))) for group in groups.values()]
    places: dict[tuple[str, str], list[int]] = {}
    for number, shot in enumerate(shots):
        places.setdefault((shot.truth, shot.answer or ""), []).append(number)
    assert sorted(led) == sorted(places.values())
    counts = {(p.truth, p.answer): p.n for p in facts.evaluation.confused}
    some = [pair for pair, numbers in places.items() if 0 < len(numbers) < counts.get(pair, 0)]
    assert sum("names the others" in group for group in groups.values()) >= len(some)


def test_confused_pairs_are_listed_with_how_often(read: tuple[Facts, str, Read]) -> None:
    facts, _, seen = read
    rows = [row for row in seen.cells["confusion"] if len(row) == 4 and row[0] != "true class"]
    shown = [(row[0], row[1], int(row[2])) for row in rows if row[2].isdigit()]
    expected = [(p.truth, p.answer, p.n) for p in facts.evaluation.confused[:15]]
    assert shown[-len(expected) :] == expected


def test_the_worst_images_stand_with_answer_truth_and_name(read: tuple[Facts, str, Read]) -> None:
    facts, page, seen = read
    images = [label for section, label in seen.drawn if section == "worst"]
    assert images == [
        f"{shown.name}: true class {shown.truth}, predicted {shown.answer}" for shown in facts.worst
    ]
    for number, shown in enumerate(facts.worst):
        assert shown.name in seen.words["worst"]
        assert page.count(f'id="image-{number}"') == 1
    assert "There are no heat maps" not in seen.words["worst"]


def test_every_image_is_inside_the_page_and_described(read: tuple[Facts, str, Read]) -> None:
    facts, page, seen = read
    assert all((image["src"] or "").startswith("data:image/") for image in seen.images)
    assert all(image["alt"] for image in seen.images)
    kept = [image for image in seen.images if image["section"] == "augmented"]
    assert len(kept) == len(facts.augmented)
    assert not re.search(r'(?:src|href|action)="(?!data:|#)', page)
    sources = re.findall(r'(?:src|href)="(data:image/[^"]{400,})', page)
    assert len(sources) == len(set(sources)), "an image stands in the page twice"


def test_hostile_names_are_text_and_nothing_else() -> None:
    facts, page, seen = case("many")
    assert "<script" not in page
    assert "<img src=x" not in page
    for name in HOSTILE:
        for section in ("data", "decisions", "classes"):
            assert name in seen.words[section]
    assert facts.title in seen.words["opening"]


def test_slices_stand_with_their_worst_images_and_doubted_labels_with_their_bounds() -> None:
    facts = photos()
    assert 'id="slices"' not in html(facts)
    found = facts.evaluation
    site = ["north" if one.correct else HOSTILE[0] for one in found.images]
    site[: len(site) // 2] = ["south"] * (len(site) // 2)
    wrong = [(one.index, one.name) for one in found.images if not one.correct]
    slices = score_slices([one.correct for one in found.images], {"site": site}, worst=wrong)
    named = {name for one in slices.slices for name in one.examples}
    assert slices.slices[0].value == HOSTILE[0]
    assert slices.slices[0].surely_worse
    shown = {one.name: one for one in facts.worst if one.name in named}
    assert shown
    doubted = WrongLabels(found.n, 3, 0.8, 0.9)
    page = html(
        replace(
            facts,
            evaluation=replace(found, slices=slices, wrong_labels=doubted),
            sliced=shown,
        )
    )
    section = page[page.index('id="slices"') : page.index('id="confidence"')]
    assert section.count("<img") == len(shown)
    assert HOSTILE[0] not in page
    assert "1 is surely worse" in section
    assert "if 3 of the" in Read(page).words["worst"]


def test_a_page_of_undecodable_names_can_be_written() -> None:
    facts = replace(digits(), skipped=[("caf\udce9.jpg", "broken\x00\x1b[31m")], title="a\udcff")
    page = html(facts)
    page.encode("utf-8")
    assert "caf\\udce9.jpg" in Read(page).words["data"]
    assert "\x1b" not in page


def test_what_was_left_out_is_listed_up_to_fifty() -> None:
    facts, _, seen = case("photos")
    words = " ".join(seen.words["data"].split())
    assert "72 files were not used" in words
    assert "the first 50; all of them stand in skipped.csv" in words
    rows = [tuple(row) for row in seen.cells["data"] if len(row) == 2][1:]
    assert rows == list(facts.skipped[:50])
    assert "Nothing: every image that was found could be used" in case("digits")[2].words["data"]


def test_how_to_repeat_the_run_is_told_in_full(read: tuple[Facts, str, Read]) -> None:
    facts, _, seen = read
    words = seen.words["repeat"]
    assert facts.command in words
    for piece in ("float32", "Linux 6.1", "2.13.0", "weight decay", "0.05", "one cycle"):
        assert piece in words


def test_the_same_facts_give_the_same_page() -> None:
    assert html(digits()) == case("digits")[1]


def test_facts_that_are_empty_or_odd_still_make_a_page() -> None:
    full = digits()
    perfect = score(
        np.eye(10), np.arange(10), classes=full.classes, names=["x"] * 10, evaluated="ten images"
    )
    diverged = [replace(full.epochs[0], train_loss=float("nan"), val_loss=float("inf"), best=False)]
    bare = replace(
        full,
        run={},
        epochs=diverged,
        examples=[],
        augmented=[],
        summary=None,
        evaluation=perfect,
        worst=[],
        notes=[],
        notation="",
    )
    seen = Read(html(bare))
    assert "no two classes are confused" in seen.words["confusion"]
    assert "no text in the notation" in seen.words["network"]
    assert [section for section in seen.words if section in SECTIONS] == SECTIONS
    assert "No epoch was finished" in Read(html(replace(bare, epochs=[]))).words["training"]


@pytest.mark.parametrize("facts", [digits, photos, many])
def test_words_of_the_field_are_explained_where_they_first_stand(
    facts: Callable[[], Facts],
) -> None:
    assert unexplained(html(facts())) == []
