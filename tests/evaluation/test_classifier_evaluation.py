"""Whatever stands for a classifier is evaluated and compared alike; progress is shown as asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from striate.errors import ClassifierError
from striate.evaluation.classifier_evaluation import evaluate
from striate.evaluation.comparison import compare
from striate.events import Event, Note
from striate.training.result import TrainingResult


def test_a_classifier_its_file_its_run_and_its_result_are_evaluated_alike(
    done: tuple[TrainingResult, list[Event]], photos: Path
) -> None:
    result, _ = done
    ways = (result, result.model, result.folder, result.folder / "classifier.safetensors")
    found = [evaluate(way, photos) for way in ways]
    assert all(each == found[0] for each in found)
    assert found[0].accuracy == result.evaluation.accuracy
    with pytest.raises(ClassifierError, match="int is no classifier"):
        evaluate(3, photos)  # type: ignore[arg-type]


def test_a_result_is_compared_by_the_name_of_its_folder(
    done: tuple[TrainingResult, list[Event]], photos: Path
) -> None:
    result, _ = done
    compared = compare([result, result.model], photos)
    assert [model.name for model in compared.models] == [result.folder.name, "classifier 2"]
    assert compared.pairs[0].difference == 0


def test_progress_is_shown_where_it_is_asked_for_and_a_callback_is_told_as_well(
    done: tuple[TrainingResult, list[Event]],
    photos: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[Event] = []
    result = evaluate(done[0], photos, progress=False, callback=told.append)
    assert capsys.readouterr().err == ""
    assert [event.text for event in told if isinstance(event, Note)] == list(result.notes)
    evaluate(done[0], photos)  # not a terminal
    assert capsys.readouterr().err == ""
    evaluate(done[0], photos, progress=True)
    shown = capsys.readouterr().err
    assert result.notes
    assert all(note in shown for note in result.notes)
