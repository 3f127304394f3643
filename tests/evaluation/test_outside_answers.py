"""Answers of other tools and of persons: which image and which class each row means."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from quick_runs import rows as rows_of
from shell import striate

from striate.data import Collection, read_split
from striate.errors import DataError, SettingError
from striate.evaluation.comparison import compare, write_page
from striate.evaluation.comparison.outside_answers import (
    MatchedAnswers,
    match_answers,
    read_answer_list,
    read_renames,
)
from striate.evaluation.metrics.wilson import wilson_interval
from striate.events import Event
from striate.training.result import TrainingResult

NAMES = ("ants/1.jpg", "ants/2.jpg", "bees/1.jpg", "bees/3.jpg")
CLASSES = ("ants", "hot dog", "bees")


def listed(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def match(path: Path, root: Path, renames: dict[str, str] | None = None) -> MatchedAnswers:
    labels = np.array([0, 0, 2, 2])
    found = Collection(str(root), "folder", CLASSES, NAMES, labels, ("",) * 4, content=root)
    return match_answers(
        path,
        found,
        every=(*NAMES, "train/9.jpg"),
        classes=CLASSES,
        ids={"n01": "ants"},
        renames=renames or {},
    )


@pytest.mark.parametrize(
    "rows",
    [
        ("File Name,Prediction,Confidence", "ants/1.jpg,ants,0.5", "3.jpg,bees,90 %"),
        ("ants/1.jpg,ants,0.5", "3.jpg,bees,0.9"),  # no header
        ("answer;probability;image", "ants;0.5;ants\\1.jpg", "bees;0.9;x/y/bees/3.jpg"),
    ],
)
def test_columns_are_known_by_their_names_and_images_by_path_or_name(
    tmp_path: Path, rows: tuple[str, ...]
) -> None:
    found = match(listed(tmp_path / "gpt.csv", *rows), tmp_path)
    assert dict(found.answers) == {"ants/1.jpg": "ants", "bees/3.jpg": "bees"}
    assert dict(found.probabilities) == {"ants/1.jpg": 0.5, "bees/3.jpg": 0.9}
    assert found.name == "gpt" and "2 of 4 images have an answer in gpt.csv" in found.notes[0]


def test_whole_paths_are_found_and_what_is_not_is_named(tmp_path: Path) -> None:
    rows = ["image,answer", f"{tmp_path}/photos/ants/2.jpg,ants", "1.jpg,ants", "gone.png,bees"]
    rows += ["train/9.jpg,ants", "bees/3.jpg,"]
    found = match(listed(tmp_path / "a.csv", *rows), tmp_path / "photos")
    assert dict(found.answers) == {"ants/2.jpg": "ants"}
    assert found.probabilities["ants/2.jpg"] is None
    told = "\n".join(found.notes)
    assert "2 rows of a.csv are of no image of" in told and "'1.jpg', 'gone.png'" in told
    assert "1 image of a.csv is of another split" in told and "'train/9.jpg'" in told


def test_classes_are_matched_in_other_letters_and_else_asked_for(tmp_path: Path) -> None:
    path = listed(tmp_path / "a.csv", "image,answer", "ants/1.jpg,ANTS", "ants/2.jpg,Hot_Dog",
                  "bees/1.jpg,n01", "bees/3.jpg,honey bee")  # fmt: skip
    with pytest.raises(DataError, match=r"'honey bee' \(1 row\), which is no class of the images"):
        match(path, tmp_path)
    found = match(path, tmp_path, {"honey bee": "Bees"})
    assert list(found.answers.values()) == ["ants", "hot dog", "ants", "bees"]
    assert "'ANTS' is 'ants', 'Hot_Dog' is 'hot dog'" in found.notes[-1]
    wrong = match(path, tmp_path, {"honey bee": ""})
    assert wrong.answers["bees/3.jpg"] == "honey bee"  # which is none of the classes
    with pytest.raises(SettingError, match="names the class 'wasp', which is none of 'ants'"):
        match(path, tmp_path, {"honey bee": "wasp"})
    assert read_renames(["a=b=c"]) == {"a": "b=c"}
    with pytest.raises(SettingError, match="expected ANSWER=CLASS"):
        read_renames(["bees"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["image,mark", "a.jpg,x"], "has the columns image, mark, of which none is known for the"),
        (["image,answer", "a.jpg"], "line 2 of .* expected an image and an answer"),
        (["image,answer,score", "a.jpg,x,7"], "line 2 of .* has the probability '7'; expected 0"),
        (["image,answer", "a.jpg,"], "has no answer; expected a row"),
        (["image,answer", "ants/1.jpg,ants", "1.jpg,bees"], "no such thing"),
    ],
)
def test_lists_that_make_no_sense_are_told_in_a_line(
    tmp_path: Path, rows: list[str], said: str
) -> None:
    path = listed(tmp_path / "a.csv", *rows)
    if said == "no such thing":  # two images are called 1.jpg, so the second row is of none
        assert "1 row of a.csv is of no image" in match(path, tmp_path).notes[0]
        return
    with pytest.raises(DataError, match=said):
        read_answer_list(path)


def test_two_answers_to_an_image_and_none_at_all(tmp_path: Path) -> None:
    twice = listed(tmp_path / "a.csv", "image,answer", "3.jpg,ants", "bees/3.jpg,bees")
    with pytest.raises(DataError, match=r"two answers to 'bees/3.jpg': 'ants' \(line 2\) and"):
        match(twice, tmp_path)
    with pytest.raises(DataError, match="no row of .* is of an image that can be compared on"):
        match(listed(tmp_path / "b.csv", "image,answer", "x.jpg,ants"), tmp_path)
    with pytest.raises(DataError, match="there is no such file"):
        match(tmp_path / "none.csv", tmp_path)


def test_a_person_beside_a_classifier(
    done: tuple[TrainingResult, list[Event]], tmp_path: Path
) -> None:
    run = done[0].folder
    held = [row for row in read_split(run / "split.csv") if row.split == "val"]
    said = [row.label if place else "neither" for place, row in enumerate(held)]
    rows = [f"{row.name.upper()},{answer.upper()}" for row, answer in zip(held, said, strict=True)]
    rows = [row.replace(".PNG", ".png").replace("DISC/DISC", "disc/disc") for row in rows]
    rows = [row.replace("SQUARE/SQUARE", "square/square") for row in rows]
    path = listed(tmp_path / "person.csv", "image,answer", *rows)
    result = compare([run], answers=[path], renames={"NEITHER": ""})
    first, second = result.models
    assert (first.name, second.name, result.n) == (run.name, "person", len(held))
    assert second.accuracy == (len(held) - 1) / len(held) and second.cross_entropy is None
    assert (second.accuracy_low, second.accuracy_high) == wilson_interval(len(held) - 1, len(held))
    own = {row["image"]: row["answer"] for row in rows_of(run / "answers.csv")}
    pair = result.pairs[0]
    assert pair.only_first == (own[held[0].name] == held[0].label)
    assert any("what 'person' has learnt from is not known" in note for note in result.notes)
    assert json.dumps(result.as_json()) and "-" in str(result.costs_table())
    write_page(result, tmp_path / "page.html")
    assert "Only shapes was right" in (tmp_path / "page.html").read_text("utf-8")


def test_a_meaning_without_answers_is_refused_by_the_command() -> None:
    said = striate("compare", "runs/a", "--rename", "a=b", code=2)
    assert "--rename is for the answers of --answers" in said.stderr
