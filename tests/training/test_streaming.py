"""Heads learnt of images that are read once: nothing decoded on the disk, and the same answers."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
import torch
from PIL import Image
from quick_runs import plan, record, rows

from striate.errors import DataError, StoppedError
from striate.evaluation.classifier_evaluation import evaluate
from striate.events import Event, Note, Progress, ignore
from striate.model.prediction import Prediction
from striate.settings import Settings
from striate.training.result import TrainingResult
from striate.training.runs import start_run

SIDE = 128
DECODED = 3 * SIDE * SIDE  # bytes an image
STAGE = "reading and computing features"
# no image is kept in memory
HEAD = Settings(n_augmented=2, precision="float32", threads=1, image_size=SIDE, memory=0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path) -> Iterator[None]:
    """A cache for each test, so that nothing is found from before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIATE_CACHE", str(tmp_path / "own cache"))
        yield


@pytest.fixture(scope="module")
def backbone(done: tuple[TrainingResult, list[Event]]) -> str:
    """The classifier of discs and squares."""
    return str(done[0].folder)


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    return drawn.folder(tmp_path / "shapes", ("disc", "square", "bar"), n=12)


def notes(told: list[Event]) -> str:
    return "\n".join(event.text for event in told if isinstance(event, Note))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_no_decoded_copy_is_written_where_only_a_head_is_learnt(
    backbone: str, shapes: Path, tmp_path: Path
) -> None:
    def largest(name: str, settings: Settings) -> int:
        """Return the most bytes that the run's folder holds at any event before its report."""
        out, seen = tmp_path / name, [0]

        def look(event: Event) -> None:
            if out.exists() and not (out / "report.html").exists():
                seen.append(size(out))

        start_run(shapes, out=out, settings=replace(settings, pretrained=backbone), callback=look)
        return max(seen)

    tuned = replace(HEAD, unfreeze=1, epochs=1, batch_size=8)
    assert largest("tuned", tuned) > 36 * DECODED  # which needs them for every epoch
    assert largest("head", HEAD) < 2 * DECODED


def test_features_head_and_answers_are_those_of_images_kept_in_memory(
    backbone: str, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    streamed = start_run(
        shapes, out=tmp_path / "streamed", settings=replace(HEAD, pretrained=backbone)
    )
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "other cache"))
    kept = start_run(
        shapes, out=tmp_path / "kept", settings=replace(HEAD, pretrained=backbone, memory=2**30)
    )
    after = streamed.model.module.state_dict()
    for name, value in kept.model.module.state_dict().items():
        assert torch.equal(after[name], value), name
    assert streamed.evaluation == kept.evaluation
    assert record(streamed.folder).head == record(kept.folder).head


def test_what_is_evaluated_is_what_the_file_answers(
    backbone: str, shapes: Path, tmp_path: Path
) -> None:
    run = start_run(shapes, out=tmp_path / "run", settings=replace(HEAD, pretrained=backbone))
    held_out = [row for row in rows(run.folder / "split.csv") if row["split"] == "val"]
    answers = run.model.predict([str(shapes / row["name"]) for row in held_out])
    right = sum(
        isinstance(answer, Prediction) and answer.label == row["class"]
        for answer, row in zip(answers, held_out, strict=True)
    )
    assert run.evaluation.n == len(held_out)
    assert run.evaluation.accuracy == right / len(held_out)
    for worst in run.evaluation.worst:
        answer = run.model.predict(str(shapes / worst.name))
        assert answer.probabilities[worst.answer] == pytest.approx(worst.probability, abs=1e-6)


def test_what_is_evaluated_by_features_is_checked_against_the_whole_classifier(
    backbone: str, tmp_path: Path
) -> None:
    data = drawn.folder(tmp_path / "shapes", n=180)
    settings = replace(HEAD, pretrained=backbone, n_augmented=1)
    told: list[Event] = []
    run = start_run(data, out=tmp_path / "run", settings=settings, callback=told.append)
    said = "72 images are evaluated by features that were computed when they were read; 32 of them"
    assert said in notes(told)
    whole = evaluate(run.model, data)
    assert run.evaluation.n == whole.n == 72
    assert run.evaluation.probabilities == pytest.approx(whole.probabilities, abs=1e-6)
    assert run.evaluation.refusals == whole.refusals
    assert run.evaluation.slices == whole.slices

    for path in (tmp_path / "own cache" / "features").rglob("*.npz"):
        with np.load(path) as file:
            rows = dict(file)
        evaluated = ~np.isin(rows["hashes"], run.model.seen["train"])
        rows["features"][evaluated] *= 1.5
        np.savez(path, **rows)
    told.clear()
    again = start_run(data, out=tmp_path / "again", settings=settings, callback=told.append)
    assert "differ from the classifier's by up to" in notes(told)
    assert again.evaluation == run.evaluation


def test_a_bad_file_and_a_leak_among_many_are_found_while_streaming(
    backbone: str, tmp_path: Path
) -> None:
    data = tmp_path / "split"
    drawn.folder(data / "train", n=20)
    drawn.folder(data / "val", n=5, first=100)
    (data / "train" / "disc" / "broken.png").write_bytes(b"no image")
    shutil.copy(data / "val" / "square" / "square102.png", data / "train" / "square" / "twin.png")
    told: list[Event] = []
    run = start_run(
        data,
        out=tmp_path / "run",
        settings=replace(HEAD, pretrained=backbone),
        callback=told.append,
    )
    left_out = {row["name"]: row["reason"] for row in rows(run.folder / "skipped.csv")}
    assert set(left_out) == {"train/disc/broken.png", "train/square/twin.png"}
    assert "the same image as 'val/square/square102.png' in val" in left_out[
        "train/square/twin.png"
    ]  # fmt: skip
    assert "is also in val and left out of train" in notes(told)
    assert "16 features of 80 images" in notes(told)
    assert run.evaluation.n == 10


def test_features_computed_until_a_stop_are_kept(
    backbone: str, shapes: Path, tmp_path: Path
) -> None:
    settings = replace(HEAD, pretrained=backbone, n_augmented=1)
    drawn.folder(shapes, n=60)
    stopped = False

    def stop(event: Event) -> None:
        nonlocal stopped
        if isinstance(event, Progress) and event.stage == STAGE and event.done > 100:
            stopped = True
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(StoppedError, match="features of a trained backbone .* are kept"):
        start_run(shapes, out=tmp_path / "cut", settings=settings, callback=stop)
    assert stopped
    told: list[Event] = []
    run = start_run(shapes, out=tmp_path / "run", settings=settings, callback=told.append)
    before = int(notes(told).split(" of them kept from before")[0].split()[-1])
    assert 32 <= before < len(run.model.seen["train"])


def test_progress_is_told_of_every_image_with_the_time_left(
    backbone: str, shapes: Path, tmp_path: Path
) -> None:
    told: list[Event] = []
    start_run(
        shapes,
        out=tmp_path / "run",
        settings=replace(HEAD, pretrained=backbone),
        callback=told.append,
    )
    stages = [event for event in told if isinstance(event, Progress) and event.stage == STAGE]
    assert (stages[-1].done, stages[-1].total) == (36, 36)
    # of the first nothing is known yet, but where it is the last as well
    assert all(event.rate > 0 and event.seconds_left is not None for event in stages[1:])


def test_a_set_that_cannot_be_divided_is_refused_as_ever(backbone: str, tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "one", ("disc", "square"), n=1)
    with pytest.raises(Exception, match="each class .* has a single image"):
        start_run(
            data,
            out=tmp_path / "run",
            settings=replace(HEAD, pretrained=backbone),
            callback=ignore,
        )
    assert not (tmp_path / "run").exists()


def test_a_second_run_reads_what_it_evaluates_and_no_more(
    backbone: str, shapes: Path, tmp_path: Path
) -> None:
    settings = replace(HEAD, pretrained=backbone)
    first = start_run(shapes, out=tmp_path / "first", settings=settings)
    untouched = "files are as when last read"
    told: list[Event] = []
    second = start_run(shapes, out=tmp_path / "second", settings=settings, callback=told.append)
    assert f"36 {untouched}" in notes(told)
    assert second.evaluation == first.evaluation
    assert record(second.folder).head == record(first.folder).head
    assert (second.folder / "split.csv").read_text() == (first.folder / "split.csv").read_text()
    fingerprints = {plan(run.folder).data.fingerprint for run in (first, second)}
    assert len(fingerprints) == 1

    changed = shapes / "bar" / "bar000.png"
    drawn.image("bar", 77).save(changed)
    told.clear()
    third = start_run(shapes, out=tmp_path / "third", settings=settings, callback=told.append)
    assert untouched not in notes(told)
    assert plan(third.folder).data.fingerprint not in fingerprints


def test_a_file_changed_behind_its_size_and_time_is_told_and_read_anew(
    backbone: str, shapes: Path, tmp_path: Path
) -> None:
    settings = replace(HEAD, pretrained=backbone)
    for path in shapes.rglob("*.png"):  # files of one size, whatever they show
        Image.open(path).save(path.with_suffix(".bmp"))
        path.unlink()
    first = start_run(shapes, out=tmp_path / "first", settings=settings)
    name = next(row["name"] for row in rows(first.folder / "split.csv") if row["split"] == "val")
    before = (shapes / name).stat()
    drawn.image("bar", 77).save(shapes / name)
    os.utime(shapes / name, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (shapes / name).stat().st_size == before.st_size
    with pytest.raises(DataError, match="has changed since it was first read; start anew"):
        start_run(shapes, out=tmp_path / "second", settings=settings)
    third = start_run(shapes, out=tmp_path / "third", settings=settings)
    assert plan(third.folder).data.fingerprint != plan(first.folder).data.fingerprint


def test_a_set_with_a_bad_file_is_read_each_time(
    backbone: str, shapes: Path, tmp_path: Path
) -> None:
    settings = replace(HEAD, pretrained=backbone)
    (shapes / "bar" / "broken.png").write_bytes(b"no image")
    for name in ("first", "second"):
        run = start_run(shapes, out=tmp_path / name, settings=settings)
        assert [row["name"] for row in rows(run.folder / "skipped.csv")] == ["bar/broken.png"]
