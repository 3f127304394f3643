"""Each evaluation of a run's test images is counted, dated and told; no other one is."""

from __future__ import annotations

import shutil
from pathlib import Path

from striate.evaluation.classifier_evaluation import evaluate
from striate.evaluation.test_uses import read_test_uses
from striate.model.loading import load

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
