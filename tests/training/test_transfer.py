"""Runs that start from a trained network: what they keep, learn, say, refuse and resume."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
import torch
from quick_runs import QUICK, outcome, plan, record, rows

from striate.doctor import Examination, ImageFinding
from striate.errors import NotationError, RunError, SettingError, WeightsError
from striate.evaluation.classifier_evaluation import evaluate
from striate.evaluation.metrics import EvaluatedImage
from striate.events import Epoch, Event, Note, Progress, ignore
from striate.model.loading import load
from striate.settings import Settings
from striate.training.result import TrainingResult
from striate.training.runs import resume, start_run

HEAD = Settings(n_augmented=2, precision="float32", threads=1)
TUNED = replace(HEAD, batch_size=8)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache for this module alone, so that nothing is found from before."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("STRIATE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def backbone(done: tuple[TrainingResult, list[Event]]) -> Path:
    """The classifier of discs and squares."""
    return done[0].folder / "classifier.safetensors"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn.folder(tmp_path_factory.mktemp("shapes"), ("disc", "square", "bar"), n=10)


def begin(data: Path, out: Path, settings: Settings) -> tuple[TrainingResult, list[Event]]:
    told: list[Event] = []
    return start_run(data, out=out, settings=settings, callback=told.append), told


def notes(told: list[Event]) -> str:
    return "\n".join(event.text for event in told if isinstance(event, Note))


@pytest.fixture(scope="module")
def head_alone(
    backbone: Path, shapes: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TrainingResult, list[Event]]:
    out = tmp_path_factory.mktemp("head") / "run"
    return begin(shapes, out, replace(HEAD, pretrained=str(backbone)))


def test_the_body_is_kept_to_the_bit_and_the_head_is_new(
    head_alone: tuple[TrainingResult, list[Event]], backbone: Path
) -> None:
    run, _ = head_alone
    before, after = load(backbone).module.state_dict(), run.model.module.state_dict()
    assert run.model.classes == ("bar", "disc", "square")
    for name, value in after.items():
        if not name.startswith("fc"):
            assert torch.equal(value, before[name]), name
    assert after["fc1.weight"].shape == (3, 16)


def test_the_preprocessing_is_the_bodys(
    head_alone: tuple[TrainingResult, list[Event]], backbone: Path
) -> None:
    assert head_alone[0].model.preprocess == load(backbone).preprocess


def test_a_head_alone_takes_no_epochs_and_says_what_it_did(
    head_alone: tuple[TrainingResult, list[Event]],
) -> None:
    run, told = head_alone
    assert not any(isinstance(event, Epoch) for event in told)
    said = notes(told)
    assert "16 features of 48 images (each as it is and changed: shift" in said
    assert "logistic regression with weight decay" in said
    assert "the head alone reaches" not in said  # no second time through the backbone for that
    values = record(run.folder)
    assert values.status == "finished"
    assert outcome(run.folder).epochs == 0
    assert "up to flatten1" in str(plan(run.folder).transfer)
    assert values.head is not None and values.head.tried
    assert (run.folder / "report.html").read_text().startswith("<!doctype html>")
    assert "chose the best state" not in run.evaluation.evaluated


def test_validation_images_chose_nothing_and_evaluate_knows_it(
    head_alone: tuple[TrainingResult, list[Event]], backbone: Path, shapes: Path
) -> None:
    run, _ = head_alone
    before = load(backbone).seen
    assert set(run.model.seen["val"]) == set(before["val"])
    assert len(run.model.seen["train"]) == 24 + len(before["train"])
    assert evaluate(run.model, shapes).evaluated == "6 images the run did not learn from"


def test_it_learns_more_than_chance(head_alone: tuple[TrainingResult, list[Event]]) -> None:
    assert head_alone[0].evaluation.accuracy > 0.5


def test_cross_validation_answers_for_training_images_whose_labels_are_doubted(
    backbone: Path, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[EvaluatedImage] = []

    def find_labels(examination: Examination) -> tuple[ImageFinding, ...]:
        heard.extend(examination.answers)
        return ()

    monkeypatch.setattr("striate.training.image_findings.examine", find_labels)
    run, _ = begin(shapes, tmp_path / "run", replace(HEAD, pretrained=str(backbone)))
    split = {row["name"]: row["split"] for row in rows(run.folder / "split.csv")}
    known = {row["image"] for row in rows(run.folder / "answers.csv")} | {
        name for name, part in split.items() if part == "train"
    }
    assert {one.name for one in heard} == known
    assert all(one.name.startswith(f"{one.truth}/") for one in heard)
    training = [one for one in heard if split[one.name] == "train"]
    chosen = record(run.folder).head
    assert chosen is not None
    best = next(one for one in chosen.tried if one.strength == chosen.weight_decay)
    assert np.mean([one.correct for one in training]) == pytest.approx(best.accuracy)


def test_a_second_run_finds_the_features_of_the_first(
    head_alone: tuple[TrainingResult, list[Event]], backbone: Path, shapes: Path, tmp_path: Path
) -> None:
    run, told = begin(shapes, tmp_path / "again", replace(HEAD, pretrained=str(backbone)))
    assert "48 of them kept from before" in notes(told)
    for name, value in head_alone[0].model.module.state_dict().items():
        assert torch.equal(run.model.module.state_dict()[name], value), name


def test_fine_tuning_moves_what_was_unfrozen_and_nothing_else(
    backbone: Path, shapes: Path, tmp_path: Path
) -> None:
    tuned = replace(TUNED, pretrained=str(backbone), unfreeze=1, epochs=3, learning_rate=0.01)
    run, told = begin(shapes, tmp_path / "run", tuned)
    assert sum(isinstance(event, Epoch) for event in told) == 3
    before = load(backbone).module.state_dict()
    best = outcome(run.folder).best_epoch
    for name, value in run.model.module.state_dict().items():
        if name.startswith("bn2") and name.endswith(("weight", "bias")):
            assert best == 0 or not torch.equal(value, before[name]), name
        elif not name.startswith("fc"):
            assert torch.equal(value, before[name]), name  # statistics of bn2 too


def test_fine_tuning_is_never_worse_than_the_head_alone_on_validation(
    backbone: Path, shapes: Path, tmp_path: Path
) -> None:
    """At a rate that destroys everything, the head alone is what is left."""
    wild = replace(TUNED, pretrained=str(backbone), unfreeze="all", epochs=2, learning_rate=1.0)
    run, told = begin(shapes, tmp_path / "run", wild)
    alone = next(note for note in notes(told).splitlines() if note.startswith("the head alone"))
    share = float(alone.split("reaches ")[1].split("%")[0]) / 100
    assert run.evaluation.accuracy >= share - 1e-3
    assert max(e.val_accuracy for e in told if isinstance(e, Epoch)) <= run.evaluation.accuracy


def test_a_fine_tuning_that_was_stopped_ends_with_the_same_weights(
    backbone: Path, shapes: Path, tmp_path: Path
) -> None:
    tuned = replace(TUNED, pretrained=str(backbone), unfreeze="all", epochs=3)
    whole, _ = begin(shapes, tmp_path / "whole", tuned)

    class Cut(Exception):
        pass

    def until_the_second(event: Event) -> None:
        if isinstance(event, Epoch) and event.epoch == 2:
            raise Cut

    with pytest.raises(Cut):
        start_run(shapes, out=tmp_path / "cut", settings=tuned, callback=until_the_second)
    again = resume(tmp_path / "cut", callback=ignore)
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(again.model.module.state_dict()[name], value), name


def test_another_image_size_is_taken(backbone: Path, shapes: Path, tmp_path: Path) -> None:
    run, _ = begin(
        shapes,
        tmp_path / "run",
        replace(HEAD, pretrained=str(backbone), image_size=(24, 20), fit="crop"),
    )
    assert run.model.preprocess.shape == (3, 24, 20)
    assert run.model.preprocess.fit == "crop"
    assert run.model.preprocess.mean == load(backbone).preprocess.mean


def test_a_cut_further_down_is_taken(backbone: Path, shapes: Path, tmp_path: Path) -> None:
    run, _ = begin(shapes, tmp_path / "run", replace(HEAD, pretrained=str(backbone), cut="relu1"))
    assert str(run.model.text).endswith("conv 8 > bn > relu > gap > flatten > fc")
    assert run.model.module.state_dict()["fc1.weight"].shape == (3, 8)


def test_what_cannot_be_is_refused_in_one_line(
    backbone: Path, shapes: Path, tmp_path: Path
) -> None:
    for settings, kind, words in (
        (replace(HEAD, pretrained="mobilenet_v3"), SettingError, "did you mean 'mobilenet_v2'"),
        (
            replace(HEAD, pretrained=str(backbone), weights="imagenet"),
            SettingError,
            "leave --weights out",
        ),
        (replace(HEAD, pretrained=str(backbone), cut="conv9"), NotationError, "no layer 'conv9'"),
        (replace(HEAD, pretrained=str(backbone), epochs=3), SettingError, "--unfreeze"),
        (replace(HEAD, pretrained=str(backbone), patience=3), SettingError, "step by step"),
        (replace(HEAD, pretrained=str(backbone), unfreeze=-1), SettingError, "or all"),
        (replace(HEAD, cut="conv1"), SettingError, "--pretrained"),
        (
            replace(HEAD, pretrained="lenet5", weights=str(backbone)),
            WeightsError,
            "whole classifier",
        ),
    ):
        with pytest.raises(kind, match=words):
            begin(shapes, tmp_path / "run", settings)
        assert not (tmp_path / "run").exists()
    with pytest.raises(SettingError, match="leave one of them out"):
        start_run(
            shapes,
            "gap > flatten > fc",
            settings=replace(HEAD, pretrained=str(backbone)),
            callback=ignore,
        )


def test_a_head_alone_cannot_be_extended(head_alone: tuple[TrainingResult, list[Event]]) -> None:
    with pytest.raises(RunError, match="start a new run with --unfreeze"):
        resume(head_alone[0].folder, epochs=5, callback=ignore)


def test_real_weights_tell_ants_from_bees(shared: object, tmp_path: Path) -> None:
    weights = shared("weights/mobilenet_v2.pth")  # type: ignore[operator]
    data = shared("data/hymenoptera")  # type: ignore[operator]
    small = tmp_path / "few"
    for part, count in (("train", 24), ("val", 16)):
        for name in ("ants", "bees"):
            (small / part / name).mkdir(parents=True)
            for path in sorted((data / part / name).glob("*.jpg"))[:count]:
                (small / part / name / path.name).symlink_to(path)
    run, _ = begin(
        small,
        tmp_path / "run",
        replace(HEAD, pretrained="mobilenet_v2", weights=str(weights), image_size=128),
    )
    assert run.evaluation.n == 32
    assert run.evaluation.accuracy > 0.75
    assert np.isclose(run.model.preprocess.crop_ratio, 256 / 224)


def test_the_report_tells_of_the_body_the_head_and_what_fine_tuning_changed(
    head_alone: tuple[TrainingResult, list[Event]], backbone: Path, shapes: Path, tmp_path: Path
) -> None:
    page = (head_alone[0].folder / "report.html").read_text()
    assert "Pretrained backbone, new head" in page
    assert "Cross-validation of the head" in page
    assert "How training went" not in page
    tuned = replace(TUNED, pretrained=str(backbone), unfreeze="all", epochs=4, learning_rate=0.003)
    run, _ = begin(shapes, tmp_path / "run", tuned)
    found = json.loads((run.folder / "moved.json").read_text())
    assert [(layer["name"], len(layer["filters"])) for layer in found] == [
        ("conv1", 8), ("conv2", 16)
    ]  # fmt: skip
    page = (run.folder / "report.html").read_text()
    assert ("How far each filter moved" in page) == (outcome(run.folder).best_epoch > 0)


def test_what_the_body_has_learnt_from_is_no_test_of_the_run(
    backbone: Path, photos: Path, tmp_path: Path
) -> None:
    """Labels that mean nothing cannot be told on images that nothing has learnt from."""
    run, told = begin(photos, tmp_path / "run", replace(HEAD, pretrained=str(backbone), seed=5))
    own = plan(tmp_path / "run").data.counts[1].images
    assert "left out of the evaluation, as the backbone has learnt from them: " in notes(told)
    assert run.evaluation.n < sum(n for _, n in own)
    assert "neither the run nor its backbone learnt from" in run.evaluation.evaluated
    assert set(load(backbone).seen["train"]) <= set(run.model.seen["train"])


def test_a_body_that_does_not_fit_the_size_or_has_learnt_nothing_is_refused(
    shapes: Path, tmp_path: Path
) -> None:
    flat = "conv 4 > relu > flatten > fc 6 > relu > fc"
    start_run(shapes, flat, out=tmp_path / "flat", settings=QUICK, callback=ignore)
    model = str(tmp_path / "flat")
    with pytest.raises(SettingError, match=r"'fc1' of the backbone was learnt for images of 16x16"):
        begin(shapes, tmp_path / "run", replace(HEAD, pretrained=model, image_size=24))
    run, _ = begin(
        shapes, tmp_path / "cut", replace(HEAD, pretrained=model, image_size=24, cut="relu1")
    )
    assert run.model.preprocess.shape == (3, 24, 24)


def test_classes_within_the_body_stay_the_number_they_were(shapes: Path, tmp_path: Path) -> None:
    text = "conv classes*2 > relu > conv classes > relu > gap > flatten > fc"
    two = drawn.folder(tmp_path / "two", n=10)
    start_run(two, text, out=tmp_path / "backbone", settings=QUICK, callback=ignore)
    run, _ = begin(shapes, tmp_path / "run", replace(HEAD, pretrained=str(tmp_path / "backbone")))
    assert "conv 2*2 > relu > conv 2 > relu" in str(run.model.text)
    assert len(run.model.classes) == 3


def test_a_run_goes_on_from_another_folder(
    backbone: Path, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(backbone.parent)
    begin(shapes, tmp_path / "run", replace(HEAD, pretrained=backbone.name))
    assert record(tmp_path / "run").request.settings.pretrained == str(backbone.resolve())


def test_statistics_of_what_is_not_trained_stay_in_any_case(
    backbone: Path, shapes: Path, tmp_path: Path
) -> None:
    loose = replace(TUNED, pretrained=str(backbone), unfreeze=1, epochs=2, freeze_bn=False)
    run, _ = begin(shapes, tmp_path / "run", loose)
    before, after = load(backbone).module.state_dict(), run.model.module.state_dict()
    assert torch.equal(after["bn1.running_mean"], before["bn1.running_mean"])


def test_a_wish_to_stop_behind_the_head_keeps_what_was_learnt(
    backbone: Path, shapes: Path, tmp_path: Path
) -> None:
    def stop_at_judging(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "judging" and event.done == event.total:
            os.kill(os.getpid(), signal.SIGINT)

    def stop_at_the_head(event: Event) -> None:
        if isinstance(event, Note) and event.text.startswith("the head alone"):
            os.kill(os.getpid(), signal.SIGINT)

    run = start_run(
        shapes,
        out=tmp_path / "run",
        settings=replace(HEAD, pretrained=str(backbone)),
        callback=stop_at_judging,
    )
    assert (run.folder / "classifier.safetensors").is_file()
    tuned = replace(TUNED, pretrained=str(backbone), unfreeze=1, epochs=3)
    cut = start_run(shapes, out=tmp_path / "tuned", settings=tuned, callback=stop_at_the_head)
    assert cut.interrupted
    assert (cut.folder / "classifier.safetensors").is_file()
    again = resume(tmp_path / "tuned", callback=ignore)
    assert outcome(again.folder).epochs == 3
