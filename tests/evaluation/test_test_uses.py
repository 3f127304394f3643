"""Each evaluation of a run's test images is counted, dated and told; no other one is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import drawn
import pytest
from quick_runs import QUICK, TINY

from striate.evaluation.classifier_evaluation import evaluate
from striate.evaluation.comparison import compare
from striate.evaluation.test_uses import read_test_uses
from striate.events import Event, Note
from striate.explanation.image_ranking import top_activations
from striate.model.loading import load
from striate.training.runs import start_run

RUN = Path(__file__).parents[1] / "formats" / "2026-11" / "finished"


def test_the_test_set_of_a_run_is_counted(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(RUN, run)
    first, second = evaluate(run, "digits"), evaluate(run, "digits")
    assert first.n == 355
    assert [by for _, by in read_test_uses(run)] == ["evaluate", "evaluate"]
    assert not any("were evaluated" in note for note in first.notes)
    day = read_test_uses(run)[0][0][:10]
    assert any(f"evaluated 2 times since {day}" in note for note in second.notes)


def test_a_classifier_that_was_opened_before_counts_as_well(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(RUN, run)
    evaluate(load(run).answer_always(), "digits")  # as `striate evaluate` gives it
    assert len(read_test_uses(run)) == 1


def test_other_images_and_classifiers_without_a_run_are_not_counted(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(RUN, run)
    evaluate(run, "digits", split="train")
    alone = shutil.copy(run / "classifier.safetensors", tmp_path / "alone.safetensors")
    evaluate(alone, "digits")
    assert read_test_uses(run) == []
    assert not (tmp_path / "test_evaluations.csv").exists()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with test images, beside the folder of its images."""
    place = tmp_path_factory.mktemp("sealed")
    for number, split in enumerate(("train", "val", "test")):
        drawn.folder(place / "shapes" / split, n=12, first=100 * number)
    settings = replace(QUICK, epochs=1)
    return start_run(place / "shapes", TINY, out=place / "run", settings=settings).folder


def test_every_door_to_the_test_images_counts_wherever_they_lie(sealed: Path) -> None:
    shapes, copy = sealed.parent / "shapes", sealed.parent / "copy"
    shutil.copytree(shapes / "test", copy)
    drawn.folder(copy, n=2, first=900)  # new ones do not hide the others
    told: list[Event] = []
    evaluate(sealed, shapes)
    evaluate(sealed, copy, callback=told.append)
    assert any(isinstance(event, Note) and "evaluated 3 times" in event.text for event in told)
    other = sealed.parent / "other.safetensors"
    shutil.copy(sealed / "classifier.safetensors", other)
    notes = compare([sealed, other]).notes
    assert any(note.startswith("'run': the test images of this run") for note in notes)
    compare([sealed, other], copy)
    uses = [by for _, by in read_test_uses(sealed)]
    assert uses == ["train", "evaluate", "evaluate", "compare", "compare"]
    rows = (sealed / "test_evaluations.csv").read_text().splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == ["24"] * 5  # of the run's own alone
    top_activations(sealed, shapes, layers=["conv1"])
    assert read_test_uses(sealed)[-1][1] == "explain"
    for split in ("train", "val"):
        evaluate(sealed, shapes, split=split)
    assert len(read_test_uses(sealed)) == 6
