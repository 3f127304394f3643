"""Classifiers side by side: on which images, with which figures, in which words."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from html import escape
from pathlib import Path

import drawn
import numpy as np
import pytest
from quick_runs import QUICK, outcome
from shell import striate

from striate.backends.torch import build
from striate.data import find
from striate.data.images import Preprocess
from striate.errors import ClassifierError, DataError, SettingError
from striate.evaluation.classifier_evaluation import evaluate
from striate.evaluation.comparison import Comparison, compare, draw_comparison, write_csv
from striate.events import Event, ignore
from striate.model.classifier import Classifier
from striate.model.loading import load
from striate.training.result import TrainingResult
from striate.training.runs import start_run

SMALL = "conv 2 > relu > gap > flatten > fc"


@pytest.fixture(scope="module")
def first(done: tuple[TrainingResult, list[Event]]) -> Path:
    """The run of discs and squares at 16 pixels that the tests share."""
    return done[0].folder


@pytest.fixture(scope="module")
def second(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the same images with the same split, at another size, with less of a network."""
    out = tmp_path_factory.mktemp("others") / "small"
    return start_run(
        photos, SMALL, out=out, settings=replace(QUICK, image_size=12), callback=ignore
    ).folder


@pytest.fixture(scope="module")
def other_seed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that held out other images."""
    out = tmp_path_factory.mktemp("others") / "seed1"
    settings = replace(QUICK, image_size=12, seed=1, epochs=1)
    return start_run(photos, SMALL, out=out, settings=settings, callback=ignore).folder


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images that no run has seen."""
    return drawn.folder(tmp_path_factory.mktemp("new"), n=15, first=500, size=(30, 20))


@pytest.fixture(scope="module")
def compared(first: Path, second: Path, new: Path) -> Comparison:
    return compare([first, second], new)


def held_out(run: Path) -> set[str]:
    with (run / "split.csv").open(newline="") as file:
        return {row["name"] for row in csv.DictReader(file) if row["split"] == "val"}


def test_each_figure_is_that_of_evaluate(
    compared: Comparison, first: Path, second: Path, new: Path
) -> None:
    assert compared.n == 30
    assert compared.evaluated == "30 images that none of them has seen"
    for run, own in zip((first, second), compared.models, strict=True):
        alone = evaluate(load(run), new)
        assert (own.accuracy, own.accuracy_low, own.accuracy_high, own.cross_entropy) == (
            alone.accuracy,
            alone.accuracy_low,
            alone.accuracy_high,
            alone.cross_entropy,
        )
        assert own.training_seconds == outcome(run).seconds
        assert own.seconds_per_image is not None and own.seconds_per_image > 0
    names = [model.name for model in compared.models]
    assert names == ["shapes", "small"]
    assert compared.models[1].parameters == 2 * 27 + 2 + 2 * 2 + 2
    assert compared.models[1].macs == 12 * 12 * 2 * 27 + 4
    assert compared.models[1].origin == "from scratch, 1 conv and 1 fc"


def test_the_answers_are_those_of_predict(compared: Comparison, first: Path, new: Path) -> None:
    model = load(first)
    for one in compared.images[::5]:
        said = model.predict(new / one.name)
        assert one.answers[0] == said.label
        assert one.probabilities[0] == pytest.approx(said.probability, abs=1e-5)
        assert one.truth == Path(one.name).parent.name


def test_the_counts_of_a_pair_come_from_the_images(compared: Comparison) -> None:
    (pair,) = compared.pairs
    right = [(p.answers[0] == p.truth, p.answers[1] == p.truth) for p in compared.images]
    assert pair.both_correct == right.count((True, True))
    assert pair.only_first == right.count((True, False))
    assert pair.only_second == right.count((False, True))
    assert pair.both_wrong == right.count((False, False))
    one, other = compared.models
    assert pair.difference == pytest.approx(other.accuracy - one.accuracy)
    assert pair.difference_low < pair.difference < pair.difference_high
    assert (pair.first, pair.second, pair.n) == ("shapes", "small", 30)
    assert pair.p_adjusted == pair.p


def test_images_that_differ_come_first_where_they_decide(compared: Comparison) -> None:
    found = compared.differing()
    assert all(len(set(p.answers)) == 2 for p in found)
    decides = [p.truth in p.answers for p in found]
    assert decides == sorted(decides, reverse=True)


def test_without_data_the_runs_own_held_out_images_are_taken(first: Path, second: Path) -> None:
    result = compare([first, second])
    assert {p.name for p in result.images} == held_out(first) == held_out(second)
    assert result.n == 8
    said = " ".join(result.notes)
    assert "32 of 40 images were learnt from by both and are left out for all" in said
    assert "they also selected the checkpoint of each model" in said
    assert result.evaluated == "8 images"


def test_what_one_of_them_learnt_from_is_left_out_for_all(first: Path, other_seed: Path) -> None:
    """Although the two take the images at other sizes, so that the pixels differ."""
    kept = held_out(first) & held_out(other_seed)
    assert len(kept) < 8
    if kept:
        result = compare([first, other_seed])
        assert {p.name for p in result.images} == kept
    own = load(first)
    blind = replace(own, seen={"train": own.seen["train"], "val": own.seen["val"][:0]})
    aware = replace(load(other_seed), seen={"train": load(other_seed).seen["val"]})
    data = own.origin.source
    result = compare([blind, aware], data)
    assert {p.name for p in result.images} == held_out(first) - held_out(other_seed)
    assert result.evaluated.endswith("that none of them has seen")


def test_whose_best_state_was_chosen_by_the_images_is_said(first: Path, second: Path) -> None:
    own = load(first)
    free = replace(load(second), seen={"train": load(second).seen["train"]})
    result = compare([own, free], own.origin.source)
    assert any(
        "8 selected the checkpoint of 'classifier 1', which favours it" in note
        for note in result.notes
    )


def test_where_a_head_alone_was_learnt_no_state_was_chosen(first: Path, second: Path) -> None:
    one, other = (
        replace(load(run), training={"transfer": {"body": "squeezenet1_1", "shares": []}})
        for run in (first, second)
    )
    result = compare([one, other], one.origin.source)
    assert result.evaluated == "8 images that none of them learnt from"
    assert not any("best state" in note for note in result.notes)
    assert result.models[0].origin == "head on squeezenet1_1"
    mixed = compare([one, load(second)], one.origin.source)
    assert any("8 selected the checkpoint of 'classifier 2'," in note for note in mixed.notes)


def test_nothing_left_is_an_error_and_says_what_to_do(first: Path, photos: Path) -> None:
    own = load(first)
    all_of_it = {"train": np.concatenate([own.seen["train"], own.seen["val"]])}
    with pytest.raises(DataError, match="no image .* is left to compare on.*same --seed"):
        compare([own, replace(own, seen=all_of_it)], photos)


def test_the_training_part_is_compared_only_when_asked_for(first: Path, second: Path) -> None:
    result = compare([first, second], split="all")
    assert result.n == 40
    assert result.evaluated == "all 40 images, not a test"
    assert "'shapes' learnt from 32 of them" in result.notes
    with pytest.raises(SettingError, match="has no split 'test'"):
        compare([first, second], split="test")
    with pytest.raises(SettingError, match="there is no split 'tset'"):
        compare([first, second], split="tset")


def test_a_test_part_comes_first(first: Path, second: Path, tmp_path: Path) -> None:
    for part, number in (("train", 600), ("val", 620), ("test", 640)):
        drawn.folder(tmp_path / part, n=4, first=number)
    result = compare([first, second], tmp_path)
    assert result.evaluated == "8 test images that none of them has seen"
    assert compare([first, second], tmp_path, split="val").evaluated.startswith("8 validation")


def toy(classes: tuple[str, ...], *, ids: tuple[str, ...] = (), seed: int = 0) -> Classifier:
    text = f"input 3x16x16 classes={len(classes)} > conv 3 > relu > gap > flatten > fc"
    preprocess = Preprocess(3, 16, 16, mean=(0.5,) * 3, std=(0.25,) * 3)
    return Classifier(build(text, seed=seed), text, classes, preprocess, ids=ids)


def test_classes_are_matched_by_name_and_id_and_called_as_the_data_does(new: Path) -> None:
    one, turned = toy(("disc", "square")), toy(("square", "disc"))
    by_id = toy(("round", "edgy"), ids=("disc", "square"))
    result = compare([one, turned, by_id], new)
    first_says, turned_says, id_says = zip(*(p.answers for p in result.images), strict=True)
    assert first_says == id_says  # the same weights under other names
    assert set(first_says) <= {"disc", "square"}
    assert result.models[1].accuracy == pytest.approx(1 - result.models[0].accuracy)
    assert result.pairs[1].only_first == result.pairs[1].only_second == 0
    assert "as many right of 30" in result.pairs[1].words
    assert any("matched by id" in note for note in result.notes)
    assert any("p counts that there are 2 comparisons (Holm)" in note for note in result.notes)


def test_images_that_one_cannot_judge_are_left_out_for_all(tmp_path: Path) -> None:
    drawn.folder(tmp_path, ("disc", "square", "bar"), n=5, first=700)
    (tmp_path / "disc" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    result = compare([toy(("disc", "square", "bar")), toy(("disc", "square"))], tmp_path)
    assert result.n == 10
    said = " ".join(result.notes)
    assert (
        "'classifier 2': 5 images of classes that the classifier does not know (bar), left out"
        in said
    )
    assert "1 file left out: not readable as an image" in said
    assert "their tasks differ: 'classifier 1' among 3, 'classifier 2' among 2" in said
    assert "what 'classifier 1' has learnt from is not known" in said


def test_classes_that_nobody_shares_are_one_clear_line(new: Path) -> None:
    with pytest.raises(DataError, match="'classifier 2': no class of .* is one of"):
        compare([toy(("disc", "square")), toy(("cat", "dog"))], new)


def test_runs_of_one_name_are_called_by_their_paths(first: Path, second: Path, new: Path) -> None:
    copy = second.parent / "again" / first.name
    copy.mkdir(parents=True)
    shutil.copy(first / "classifier.safetensors", copy)
    result = compare([first, copy, second], new)
    assert [model.name for model in result.models] == [str(first), str(copy), "small"]
    assert result.models[1].training_seconds is None
    assert result.pairs[0].both_correct + result.pairs[0].both_wrong == 30


def test_mistakes_are_one_clear_line(first: Path, second: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="1 to compare; expected two classifiers or more"):
        compare([first])
    with pytest.raises(SettingError, match="give a list of two or more"):
        compare(str(first))
    with pytest.raises(SettingError, match="is given twice"):
        compare([first, first / "classifier.safetensors"])
    with pytest.raises(ClassifierError, match="nowhere"):
        compare([first, tmp_path / "nowhere"])
    with pytest.raises(SettingError, match="'classifier 1' does not say which data"):
        compare([toy(("disc", "square")), toy(("disc", "square"), seed=1)])
    own = load(second)
    moved = replace(own, data={**own.data, "source": str(tmp_path / "gone")})
    with pytest.raises(SettingError, match="'shapes' learnt from .* and 'classifier 2' from"):
        compare([first, moved])
    with pytest.raises(DataError, match=r"not to be had.*gone.*say by --data"):
        compare([moved, toy(("disc", "square"))])


def test_the_tables_fit_a_screen_of_100_columns(first: Path, second: Path, new: Path) -> None:
    long = second.parent / ("a-run-with-quite-a-long-name-" * 3)
    shutil.copytree(second, long)
    text = str(compare([first, second, long], new))
    assert max(map(len, text.splitlines())) <= 100
    assert "neither" in text
    assert "whose answers differ" in text


def test_it_shows_itself_in_a_notebook(compared: Comparison) -> None:
    html = compared._repr_html_()
    assert html.count("<table>") == 4
    assert escape(compared.pairs[0].words) in html


def test_the_csv_holds_every_image(compared: Comparison, tmp_path: Path) -> None:
    write_csv(compared, tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:3] == ["image", "class", "shapes: answer"]
    assert len(rows) == 30
    for row, own in zip(rows, compared.images, strict=True):
        assert (row["image"], row["class"]) == (own.name, own.truth)
        assert (row["shapes: answer"], row["small: answer"]) == own.answers
        assert float(row["small: probability"]) == pytest.approx(own.probabilities[1], rel=1e-5)


def test_the_image_names_all_and_says_the_verdict(compared: Comparison) -> None:
    still = draw_comparison(compared.models, compared.pairs)
    assert still.png()[1:4] == b"PNG"
    svg = still.svg(title="Classifiers compared", description=compared.pairs[0].words)
    for text in ("shapes", "small", "Difference from shapes", "the same 30 images"):
        assert text in svg


def test_the_command_line_prints_and_writes_all(first: Path, second: Path, tmp_path: Path) -> None:
    done = striate("compare", first, second, "--csv", "a.csv", "--plot", "new/a.svg", cwd=tmp_path)
    assert "95 % interval" in done.stdout
    assert "open it     comparisons/" in done.stderr
    assert "answers     a.csv" in done.stderr
    (page,) = (tmp_path / "comparisons").iterdir()
    assert "images on which the answers differ" in page.read_text("utf-8")
    assert (tmp_path / "new" / "a.svg").read_text().startswith("<svg")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 9
    striate("compare", first, second, "--plot", "a.png", cwd=tmp_path)
    assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"


def test_the_json_keys_are_stable(first: Path, second: Path, new: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    told = striate("compare", first, second, "--data", new, "--out", page, "--json").stdout
    result = json.loads(told)
    assert result.pop("page") == str(page)
    assert page.is_file()
    assert list(result) == [
        "evaluated",
        "n",
        "models",
        "pairs",
        "answered",
        "answered_pairs",
        "differing_n",
        "differing",
        "notes",
    ]
    assert {
        "name",
        "origin",
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "cross_entropy",
        "parameters",
        "macs",
        "seconds_per_image",
        "training_seconds",
        "training_kwh",
        "training_kg_co2e",
    } == set(result["models"][0])
    assert {
        "first",
        "second",
        "n",
        "both_correct",
        "only_first",
        "only_second",
        "both_wrong",
        "difference",
        "difference_low",
        "difference_high",
        "p",
        "p_adjusted",
        "better",
        "images_needed",
        "words",
    } == set(result["pairs"][0])
    assert len(result["differing"]) == min(24, result["differing_n"])
    for own in result["differing"]:
        assert set(own) == {"name", "truth", "answers", "probabilities", "given"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--plot", "a.pdf"), "neither .svg nor .png"),
        (("--csv", "."), "is a folder"),
        (("--plot", "file/a.png"), "lies in a file"),
        (("--split", "tset"), "there is no split 'tset'"),
        (("--data", "nowhere"), "there is no 'nowhere'"),
    ],
)
def test_wrong_use_ends_with_2_and_one_line(
    first: Path, second: Path, tmp_path: Path, options: tuple[str, str], said: str
) -> None:
    (tmp_path / "file").write_text("")
    done = striate("compare", first, second, *options, cwd=tmp_path, code=2)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


def test_one_run_alone_or_an_unknown_one_ends_with_2(first: Path, tmp_path: Path) -> None:
    assert "1 to compare" in striate("compare", first, code=2).stderr
    assert "nowhere" in striate("compare", first, tmp_path / "nowhere", code=2).stderr


def test_the_embedded_digits_need_no_folder(tmp_path: Path) -> None:
    digits = find("digits")
    text = "input 1x8x8 classes=10 > flatten > fc"
    grey = Preprocess(1, 8, 8, mean=(0.3,), std=(0.4,))
    models = [Classifier(build(text, seed=s), text, digits.classes, grey) for s in (0, 1)]
    assert compare(models, "digits").n == 355
