"""A run looks at its images when it is over: it says what it found, and keeps it for its report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
from made_placeholders import placeholder
from PIL import Image
from quick_runs import QUICK, TINY, record, rows

from striate.doctor import read_findings
from striate.evaluation.metrics import EvaluatedImage, score
from striate.events import Event
from striate.training.image_findings import doubt_accuracy
from striate.training.result import TrainingResult
from striate.training.runs import start_run


def test_what_is_odd_is_said_and_kept(tmp_path: Path) -> None:
    photos = drawn.folder(tmp_path / "photos", n=16, size=(96, 72))
    (photos / "disc" / "sent.png").write_bytes(placeholder(1030)[0])
    Image.new("RGB", (96, 72), "black").save(photos / "square" / "lens cap.png")
    drawn.image("disc", 3, (96, 72)).save(photos / "square" / "other.png")
    settings = replace(QUICK, epochs=1, image_size=64)
    result = start_run(photos, TINY, out=tmp_path / "run", settings=settings)
    run = result.folder
    assert [each.kind for each in result.findings] == [
        each.kind for each in read_findings(run / "findings.csv") or ()
    ]
    assert result.health == record(run).health
    found = rows(run / "findings.csv")
    assert {(row["kind"], row["name"]) for row in found if row["kind"] != "label"} == {
        ("placeholder", "disc/sent.png"),
        ("blank", "square/lens cap.png"),
        ("two classes", "disc/disc003.png"),
        ("two classes", "square/other.png"),
    }
    said = [note for note in record(run).notes if note.startswith("look at first")]
    assert "look at first: 1 blank image, 'square/lens cap.png'" in said
    assert "look at first: 1 placeholder image, 'disc/sent.png'" in said


def test_a_run_that_found_nothing_says_nothing_and_keeps_that(
    done: tuple[TrainingResult, list[Event]],
) -> None:
    folder = done[0].folder
    assert [
        each for each in read_findings(folder / "findings.csv") or () if each.kind != "label"
    ] == []
    assert (folder / "findings.csv").read_text().startswith("finding,kind,reason,name,class,split")


def answered(right: int, wrong: int) -> list[EvaluatedImage]:
    return [
        EvaluatedImage(f"{place}.png", "a", answer, 0.9, 0.9, place)
        for place, answer in enumerate(["a"] * right + ["b"] * wrong)
    ]


def test_an_accuracy_surely_above_cross_validation_is_doubted() -> None:
    """Wilson's intervals: 72 of 73 from 92.6 %, 125 of 287 up to 49.3, 266 of 287 up to 95.1."""
    probabilities = np.array([[0.9, 0.1]] * 72 + [[0.1, 0.9]])
    names = [f"{place}.png" for place in range(73)]
    found = score(
        probabilities, np.zeros(73, np.int64), classes=("a", "b"), names=names, evaluated="images"
    )
    said = doubt_accuracy(found, answered(125, 162))
    assert said.startswith("98.6 % of 73 is too good to be believed")
    assert "43.6 % of 287 (37.9 % to 49.3 %)" in said
    assert doubt_accuracy(found, answered(266, 21)) == doubt_accuracy(found, []) == ""
