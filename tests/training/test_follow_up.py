"""A run that goes on from a finished one with other images: what stays, grows and is told."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
import torch
from PIL import Image
from quick_runs import QUICK, TINY, outcome, plan, record, rows

import striate as st
from striate.data import find
from striate.data.digests import digest_image
from striate.data.fixes import Fix, write_fixes
from striate.errors import RunError
from striate.events import Changed, Event, Note, Progress, as_json, ignore
from striate.settings import Settings
from striate.terminal.console import describe_changes
from striate.training import checkpoints
from striate.training.report.gathering import command
from striate.training.result import TrainingResult
from striate.training.runs import report_run, resume, start_run

HEAD = Settings(precision="float32", threads=1, image_size=16, n_augmented=2)


@pytest.fixture
def changed(photos: Path, tmp_path: Path) -> Path:
    """The drawn photographs with six more discs, and eight bars: a class that comes first."""
    data = tmp_path / "photos"
    shutil.copytree(photos, data)
    drawn.folder(data, ("disc",), n=6, first=50, size=(30, 20))
    return drawn.folder(data, ("bar",), n=8, size=(30, 20))


def notes(told: list[Event]) -> str:
    return "\n".join(event.text for event in told if isinstance(event, Note))


def split_of(run: Path) -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["split"], one["class"]) for one in rows(run / "split.csv")}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def relabel(data: Path, path: Path, name: str, to: str) -> Path:
    collection = find(data)
    digest = digest_image(collection, collection.names.index(name))
    write_fixes(path, [Fix(name, digest, "relabel", to)])
    return path


def test_a_network_learns_on_with_a_new_class_and_the_first_run_stays_as_it_is(
    done: tuple[TrainingResult, list[Event]], changed: Path, tmp_path: Path
) -> None:
    first, before = done[0].folder, contents(done[0].folder)
    held = next(name for name, (side, label) in split_of(first).items() if side == "val")
    other = "square" if held.startswith("disc") else "disc"
    fixes = relabel(changed, tmp_path / "fixes.csv", held, other)
    told: list[Event] = []
    run = resume(first, data=changed, fixes=str(fixes), out=tmp_path / "run", callback=told.append)
    assert contents(first) == before
    assert run.model.classes == ("bar", "disc", "square")  # by their code points, as ever
    assert st.load(run.folder).classes == run.model.classes
    now, then = split_of(run.folder), split_of(first)
    assert {name: now[name][0] for name in then} == {name: side for name, (side, _) in then.items()}
    assert {side for name, (side, _) in now.items() if name.startswith("bar/")} == {"train", "val"}
    assert now[held] == ("val", other)
    follows = record(run.folder).follows
    assert follows is not None and follows.run == str(first.resolve())
    assert (follows.kept, follows.added, follows.removed, follows.relabelled) == (40, 14, 0, 1)
    assert follows.new_classes == ("bar",)
    seen = set(st.load(first).seen["train"].tolist())
    assert seen <= set(run.model.seen["train"].tolist())
    assert {one["change"] for one in rows(run.folder / "changes.csv")} == {"added", "relabelled"}
    end = next(event for event in told if isinstance(event, Changed))
    assert end.n == sum(side == "val" for side, _ in then.values())
    old = {one["image"]: one["answer"] for one in rows(first / "answers.csv")}
    assert end.accuracy_before == pytest.approx(
        np.mean([answer == now[name][1] for name, answer in old.items()])
    )
    assert json.loads(json.dumps(as_json(end)))["event"] == "changed"
    kept = json.loads((run.folder / "changes.json").read_text("utf-8"))
    assert kept["answers"]["pair"]["only_second"] == len(kept["answers"]["became_right"])
    assert "What changed" in (run.folder / "report.html").read_text("utf-8")
    again = f"striate train {changed} --resume {first.resolve()} --epochs 3 --fixes {fixes}"
    assert command(record(run.folder)) == again
    assert "14 images are new, 1 relabelled" in describe_changes(end)[0]


@pytest.mark.slow
def test_training_begins_with_the_weights_of_before_and_goes_on_after_ctrl_c(
    done: tuple[TrainingResult, list[Event]], changed: Path, tmp_path: Path
) -> None:
    first, told = done[0], []

    def stop_at_once(event: Event) -> None:
        told.append(event)
        if isinstance(event, Progress) and event.stage == "training":
            signal.raise_signal(signal.SIGINT)

    out = tmp_path / "run"
    stopped = resume(first.folder, data=changed, out=out, callback=stop_at_once)
    assert stopped.interrupted and record(out).status == "interrupted"
    moved = tmp_path / "elsewhere"
    shutil.copytree(first.folder, moved)  # what follows needs the first run no more
    whole = resume(moved, data=changed, out=tmp_path / "whole", callback=ignore)
    after = resume(out, callback=ignore)
    assert not after.interrupted
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(value, after.model.module.state_dict()[name]), name
    assert split_of(out) == split_of(whole.folder)
    assert record(out).follows is not None
    begun = checkpoints.read_backbone(out)
    assert begun is not None and not begun[0]
    assert begun[1]["train"].tolist() == first.model.seen["train"].tolist()


def test_a_head_is_learnt_anew_and_features_of_new_images_alone_are_computed(
    done: tuple[TrainingResult, list[Event]], photos: Path, changed: Path, tmp_path: Path
) -> None:
    shapes = drawn.folder(tmp_path / "shapes", n=16, first=200, size=(30, 20))
    settings = replace(HEAD, pretrained=str(done[0].folder))
    first = start_run(shapes, out=tmp_path / "first", settings=settings, callback=ignore)
    drawn.folder(shapes, ("bar",), n=8, first=200, size=(30, 20))
    (shapes / "disc" / "disc200.png").unlink()
    path = first.folder / "run.json"
    values = json.loads(path.read_text("utf-8"))
    values["notes"].append("forgotten: 1 image on 2026-12-01; the folder may hold it")
    path.write_text(json.dumps(values), "utf-8")
    told: list[Event] = []
    run = resume(first.folder, data=shapes, out=tmp_path / "second", callback=told.append)
    learnt = plan(run.folder).data.counts[0]
    assert learnt.split == "train"
    n = sum(number for _, number in learnt.images)
    new = dict(learnt.images)["bar"]
    gone = split_of(first.folder)["disc/disc200.png"][0]
    assert f"{2 * (n - new):,} of them kept from before" in notes(told)
    assert "8 images are new, 1 no longer used" in notes(told)
    assert "has forgotten images (forgotten: 1 image on 2026-12-01), and no longer" in notes(told)
    assert run.model.classes == ("bar", "disc", "square") and not record(run.folder).cycles
    assert gone in ("train", "val") and "disc/disc200.png" not in split_of(run.folder)
    (run.folder / "report.html").unlink()  # and is written again from what the run has recorded
    report_run(run.folder, data=shapes, callback=ignore)
    assert "What changed" in (run.folder / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_a_fine_tuned_backbone_goes_on_from_its_own_weights(
    done: tuple[TrainingResult, list[Event]], tmp_path: Path
) -> None:
    shapes = drawn.folder(tmp_path / "shapes", n=8, first=300, size=(30, 20))
    settings = replace(HEAD, pretrained=str(done[0].folder), unfreeze=1, epochs=1)
    first = start_run(shapes, out=tmp_path / "first", settings=settings, callback=ignore)
    drawn.folder(shapes, ("bar",), n=6, size=(30, 20))
    run = resume(first.folder, data=shapes, out=tmp_path / "second", callback=ignore)
    transfer = plan(run.folder).transfer
    assert transfer is not None and transfer.pretrained == str(first.folder.resolve())
    then, now = split_of(first.folder), split_of(run.folder)
    assert all(now[name] == there for name, there in then.items())
    assert outcome(run.folder).evaluation.n == sum(side == "val" for side, _ in now.values())


def test_what_makes_no_sense_is_told_in_a_line(
    done: tuple[TrainingResult, list[Event]], photos: Path, changed: Path, tmp_path: Path
) -> None:
    first, out = done[0].folder, tmp_path / "run"
    with pytest.raises(RunError, match=r"nothing changed: .* has the 40 images of .*--fixes"):
        resume(first, data=photos, out=out, callback=ignore)
    assert not out.exists()
    squares = tmp_path / "squares"
    shutil.copytree(photos / "square", squares / "square")
    drawn.folder(squares, ("bar",), n=4, size=(30, 20))
    with pytest.raises(RunError, match="knows 'disc', of which .* has no image.*'bar', 'square'"):
        resume(first, data=squares, out=out, callback=ignore)
    fixes = tmp_path / "fixes.csv"
    write_fixes(fixes, [Fix("disc/none.png", "0" * 32, "drop")])
    with pytest.raises(RunError, match="no image of .* is met by its one decided row"):
        resume(first, data=changed, fixes=str(fixes), out=out, callback=ignore)
    with pytest.raises(RunError, match="goes on in its own folder"):
        resume(first, epochs=9, out=out, callback=ignore)
    other = tmp_path / "newer"
    shutil.copytree(first, other)
    values = json.loads((other / "run.json").read_text("utf-8"))
    (other / "run.json").write_text(json.dumps({**values, "format_version": 9}), "utf-8")
    with pytest.raises(RunError, match="is of format 9; this Striate reads 1 and 2"):
        resume(other, data=changed, out=out, callback=ignore)
    (other / "run.json").write_text(json.dumps({**values, "outcome": None}), "utf-8")
    with pytest.raises(RunError, match="is not finished, so no other run can go on from it"):
        resume(other, fixes=str(relabel(photos, fixes, "disc/disc000.png", "square")), out=out)
    assert not out.exists()


def test_images_of_another_kind_are_refused(tmp_path: Path) -> None:
    gray = drawn.folder(tmp_path / "gray", n=4)
    for file in gray.rglob("*.png"):
        with Image.open(file) as image:
            image.convert("L").save(file)
    run = start_run(gray, TINY, out=tmp_path / "run", settings=replace(QUICK, epochs=1))
    drawn.folder(gray, ("bar",), n=4)
    with pytest.raises(RunError, match="were grey, and some of .* have colour; .*train anew"):
        resume(run.folder, data=gray, out=tmp_path / "second", callback=ignore)


@pytest.mark.slow
def test_a_network_with_its_classes_written_into_it_cannot_grow(
    photos: Path, changed: Path, tmp_path: Path
) -> None:
    text = "conv 4 > relu > gap > flatten > fc 2"
    run = start_run(photos, text, out=tmp_path / "run", settings=replace(QUICK, epochs=1))
    with pytest.raises(RunError, match=r"ends with 2 values, .* there are 3 classes now"):
        resume(run.folder, data=changed, out=tmp_path / "second", callback=ignore)


@pytest.mark.slow
def test_a_run_of_an_earlier_format_is_gone_on_from(tmp_path: Path) -> None:
    old = Path(__file__).parents[1] / "formats" / "2026-11" / "finished"
    digits, fixes = find("digits"), tmp_path / "fixes.csv"
    write_fixes(fixes, [Fix(digits.names[3], digest_image(digits, 3), "drop")])
    run = resume(old, fixes=str(fixes), out=tmp_path / "run", callback=ignore)
    follows = record(run.folder).follows
    assert follows is not None and (follows.removed, follows.added) == (1, 0)
