"""A run whose classes are named by paths: what it keeps, says, evaluates, predicts and exports."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import drawn
import pytest
from quick_runs import QUICK, TINY, outcome, plan, rows

from striate.cli.answers import choose_writer
from striate.deployment.exporting import export
from striate.deployment.sealed_opening import open_sealed
from striate.errors import DataError
from striate.events import Event, Note, ignore
from striate.model.classifier import Classifier
from striate.model.decision import Decision, Level, Promise
from striate.model.prediction import Prediction
from striate.settings import Settings
from striate.training.follow_up.predecessor import open_predecessor
from striate.training.result import TrainingResult
from striate.training.runs import resume, start_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, list[str]]:
    """Discs and squares below "round", bars below "flat"."""
    data = tmp_path_factory.mktemp("shapes")
    drawn.folder(data / "round", ("disc", "square"), n=20)
    drawn.folder(data / "flat", ("bar",), n=20)
    told: list[Event] = []
    settings = replace(QUICK, layout="path", epochs=2)
    done = start_run(data, TINY, out=data / "run", settings=settings, callback=told.append)
    return done, [event.text for event in told if isinstance(event, Note)]


def test_a_taxonomy_is_said_and_kept(run: tuple[TrainingResult, list[str]]) -> None:
    done, notes = run
    assert any("the 3 classes are the leaves of a taxonomy, below 2 ('flat'" in n for n in notes)
    kept = plan(done.folder).taxonomy
    assert kept is not None
    assert kept.levels[0].names == ("flat", "round")
    assert done.model.decision.taxonomy == kept
    levels = outcome(done.folder).evaluation.levels
    assert [level.nodes for level in levels] == [3, 2]
    assert levels == done.evaluation.levels
    assert levels[1].accuracy >= levels[0].accuracy
    assert "taxonomy" in (done.folder / "report.html").read_text()
    assert set(rows(done.folder / "answers.csv")[0]) >= {"refused", "node"}


def climbing(done: TrainingResult) -> tuple[Classifier, list[str]]:
    """Return a classifier that answers no class, and "round" alone of the nodes; and images."""
    never = Promise(0.9, 0.9, False, (None,) * 3, 10, ((None, 0.0),))
    made = Decision(promise=never, taxonomy=done.model.decision.taxonomy)
    data = done.folder.parent
    discs = sorted((data / "round" / "disc").glob("*.png"))[:4]
    files = [*map(str, discs), str(data / "flat" / "bar" / "bar000.png")]
    return replace(done.model, decision=made), files


def test_answers_climb_on_the_screen_and_in_csv(
    run: tuple[TrainingResult, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    model, files = climbing(run[0])
    answers = [each for each in model.predict(files) if isinstance(each, Prediction)]
    assert {each.node for each in answers} <= {"round", None}
    assert any(each.node == "round" for each in answers)
    for each in answers:
        below = each.probabilities["round/disc"] + each.probabilities["round/square"]
        if each.node is not None:
            assert each.node_probability == pytest.approx(below, abs=1e-6)
            assert each.best_guess.startswith("round/")
    for as_csv in (True, False):
        show = choose_writer(model.classes, as_csv=as_csv, as_json=False, climbs=True)
        for each in answers:
            show(each)
    printed = capsys.readouterr().out.splitlines()
    table = list(csv.DictReader(printed[:6]))
    assert [row["node"] for row in table] == [each.node or "" for each in answers]
    assert {row["level"] for row in table} <= {"1", ""}
    assert all(row["class"] == "" for row in table)
    first = next(line for line in printed[6:] if line.startswith("round "))
    assert "best guess round/" in first


@pytest.mark.slow  # twelve megapixels in three runtimes
def test_an_exported_file_climbs_as_the_classifier_does(
    run: tuple[TrainingResult, list[str]], tmp_path: Path
) -> None:
    model, files = climbing(run[0])
    tree = model.decision.taxonomy
    answers = [each for each in model.predict(files) if isinstance(each, Prediction)]
    sealed = open_sealed(export(model, tmp_path / "shapes.onnx", progress=False).path)
    assert sealed.taxonomy == tree
    for path, own in zip(files, answers, strict=True):
        said = sealed.predict(path)
        assert (said.node, said.level, said.label) == (own.node, own.level, None)
        assert said.node_probability == pytest.approx(own.node_probability, abs=1e-4)
    always = open_sealed(tmp_path / "shapes.onnx", always=True).predict(files[0])
    assert (always.label, always.level) == (always.best_guess, 0)


def test_names_with_slashes_can_be_plain_names_and_odd_ones_are_refused(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=8)
    table = [f"disc/disc{i:03}.png,a/x" for i in range(4)]
    table += [f"disc/disc{i:03}.png,a/y" for i in range(4, 8)]
    table += [f"square/square{i:03}.png,b//z" for i in range(8)]
    (tmp_path / "labels.csv").write_text("path,label\n" + "\n".join(table))
    with pytest.raises(DataError, match="the class 'b//z' has an empty part"):
        start_run(tmp_path / "labels.csv", TINY, out=tmp_path / "run", settings=QUICK)
    assert not (tmp_path / "run").exists()
    settings = replace(QUICK, taxonomy=False, epochs=1)
    done = start_run(tmp_path / "labels.csv", TINY, out=tmp_path / "run", settings=settings)
    assert done.model.decision.taxonomy is None
    assert done.evaluation.levels == ()


def test_a_class_that_others_stand_below_is_learnt_beside_them(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "data", ("disc", "bar"), n=8)
    drawn.folder(tmp_path / "data" / "disc", ("square",), n=8)
    told: list[Event] = []
    start_run(
        tmp_path / "data", TINY, out=tmp_path / "run", callback=told.append,
        settings=replace(QUICK, layout="path", epochs=1),
    )  # fmt: skip
    notes = [event.text for event in told if isinstance(event, Note)]
    assert any("1 class stands above others, with images of its own: 'disc'" in n for n in notes)
    found = plan(tmp_path / "run").taxonomy
    assert found is not None
    assert (found.levels[0].names, found.levels[0].nodes) == (("bar", "disc"), (0, 1, 1))


def test_the_taxonomy_grows_with_the_classes_of_a_run_that_goes_on(
    run: tuple[TrainingResult, list[str]], tmp_path: Path
) -> None:
    first, data = run[0], tmp_path / "shapes"
    for branch in ("round", "flat"):
        shutil.copytree(first.folder.parent / branch, data / branch)
    drawn.folder(data / "flat", ("square",), n=8, first=70)
    second = resume(first.folder, data=data, out=tmp_path / "run", callback=ignore)
    kept = plan(second.folder).taxonomy
    assert second.model.classes == ("flat/bar", "flat/square", "round/disc", "round/square")
    assert kept is not None and kept.levels == (Level(("flat", "round"), (0, 0, 1, 1)),)
    assert second.model.decision.taxonomy == kept
    assert [level.nodes for level in second.evaluation.levels] == [4, 2]


def test_a_run_of_before_taxonomies_goes_on_with_plain_names(
    run: tuple[TrainingResult, list[str]],
) -> None:
    first = open_predecessor(run[0].folder)
    assert first.make_request("photos", Settings()).settings.taxonomy
    older = replace(first, plan=replace(first.plan, taxonomy=None))
    assert not older.make_request("photos", Settings()).settings.taxonomy
