"""Whatever stands for a classifier is evaluated and compared alike; progress is shown as asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import drawn
import pytest
from quick_runs import QUICK, TINY

from striate.errors import ClassifierError, DataError
from striate.evaluation.classifier_evaluation import evaluate
from striate.evaluation.comparison import compare
from striate.events import Event, Note
from striate.training.result import TrainingResult
from striate.training.runs import start_run


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


def test_the_data_of_a_run_is_read_as_the_run_has_read_it(tmp_path: Path) -> None:
    for place, top in enumerate(("indoors", "outdoors")):
        drawn.folder(tmp_path / "photos" / top, n=4, first=10 * place)
    data = str(tmp_path / "photos")
    with pytest.raises(DataError, match="can be read in two ways"):
        start_run(data, TINY, out=tmp_path / "none", settings=QUICK)
    settings = replace(QUICK, epochs=1, layout="path")
    result = start_run(data, TINY, out=tmp_path / "run", settings=settings)
    assert result.model.classes[0] == "indoors/disc"
    assert evaluate(tmp_path / "run", data).n == result.evaluation.n
    assert len(compare([result, result.model]).models) == 2
    other = str((tmp_path / "photos").rename(tmp_path / "moved"))
    assert evaluate(result, other).n == result.evaluation.n  # its classes are paths
    assert evaluate(result, other, layout="path").n == result.evaluation.n


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
