"""Answers are on the disk at once, survive a kill, and belong to one process and one folder."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_unlabelled import blobs, digits

from striate.data import find
from striate.data.digests import digest_image
from striate.doctor.labelling.answers import Answer, Journal, check_label
from striate.doctor.labelling.folder_images import read_folder
from striate.doctor.labelling.label_file import LabelFile
from striate.doctor.labelling.proposals import read_proposals
from striate.doctor.labelling.session import Session
from striate.errors import DataError, SettingError

BEE = Answer("image", ("0a",), "bee", True)


def test_an_answer_is_on_the_disk_when_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    with Journal(path, tmp_path, seed=5) as journal:
        journal.add(BEE)
        lines = path.read_text("utf-8").splitlines()
        assert json.loads(lines[1])["label"] == "bee" and len(lines) == 2
        journal.add(Answer("cluster", ("0b", "0c"), "Ameise \u00e4", False, 3))
        assert journal.undo() == Answer("cluster", ("0b", "0c"), "Ameise \u00e4", False, 3)
    with Journal(path, tmp_path, seed=9) as again:
        assert again.answers == [BEE] and again.seed == 5
        assert again.undo() == BEE and again.undo() is None


def test_a_line_that_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with Journal(path, tmp_path) as journal:
        journal.add(BEE)
    with path.open("ab") as file:
        file.write(b'{"kind": "image", "ima')
    with Journal(path, tmp_path) as again:
        assert again.answers == [BEE]
        again.add(BEE)
    with Journal(path, tmp_path) as last:
        assert last.answers == [BEE, BEE]


def test_two_processes_do_not_label_one_folder(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    code = (
        "from pathlib import Path; from striate.doctor.labelling.answers import Journal\n"
        f"try: Journal(Path({str(path)!r}), Path({str(tmp_path)!r}))\n"
        "except Exception as error: print(error)"
    )
    with Journal(path, tmp_path):
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                             check=True)  # fmt: skip
    assert "is being labelled already" in ran.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense\n", "cannot be used"),
        ('{"format": 2, "folder": "x", "seed": 0}\n', "format 2, not 1"),
        ('{"format": 1, "folder": "x", "seed": 0}\n', "another folder, 'x'"),
        ('{"format": 1, "folder": "x", "seed": 0}\n{"kind": "?"}\n', "cannot be used"),
        ("[]\n", "cannot be used"),
    ],
)
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match=told):
        Journal(path, tmp_path)
    assert path.read_text("utf-8") == text


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SettingError, match="--out"):
        Journal(tmp_path / "a.jsonl", tmp_path)


def test_a_place_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="name another place by --out"):
        Journal(tmp_path / "file" / "a.jsonl", tmp_path)


@pytest.mark.parametrize("name", ["", "  ", "a|b", "a;b", "a\nb", "x" * 81])
def test_names_that_no_list_can_hold_are_refused(name: str) -> None:
    with pytest.raises(SettingError, match="cannot be a class"):
        check_label(name)


def test_what_is_written_is_what_training_reads(tmp_path: Path) -> None:
    kinds = digits(tmp_path / "pictures", 30)
    (tmp_path / "pictures" / "notes.txt").write_text("no image")
    (tmp_path / "pictures" / "broken.png").write_bytes(b"no image either")
    images = read_folder(tmp_path / "pictures")
    assert images.pretrained == "" and len(images.names) == 30
    assert {each.name for each in images.skipped} == {"notes.txt", "broken.png"}
    session = Session(images, [])
    while (question := session.question()).kind != "done":
        names = ["zero" if kinds[each] == 0 else "a, one" for each in question.images]
        hashes = tuple(images.hashes[each] for each in question.images)
        if question.kind == "cluster" and len(set(names)) > 1:
            session.answers.append(Answer("mixed", hashes))
        else:
            session.answers.append(Answer(question.kind, hashes, names[0], question.drawn))
        if len(session.answers) == 12:
            break
    (tmp_path / "out").mkdir()
    LabelFile(tmp_path / "out" / "labels.csv").write(session)
    collection = find(tmp_path / "out" / "labels.csv")
    assert collection.classes == ("a, one", "zero") and not collection.skipped
    labels = session.labels()
    told = {name: collection.classes[label] for name, label in zip(
        collection.names, collection.labels, strict=True)}  # fmt: skip
    assert told == {f"../pictures/{images.names[i]}": each.name for i, each in labels.items()}
    first = collection.names[0]
    with (tmp_path / "out" / "labels.csv").open(encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    assert row["digest"] == digest_image(collection, 0) and row["path"] == first
    LabelFile(tmp_path / "out" / "all.csv", least=0.5).write(session)
    every = find(tmp_path / "out" / "all.csv")
    assert len(every) == 30
    assert every.columns["by"].count("classifier") == 30 - len(labels)


def test_copies_get_the_label_of_the_image_that_was_asked_about(tmp_path: Path) -> None:
    digits(tmp_path / "p", 6)
    (tmp_path / "p" / "again.png").write_bytes((tmp_path / "p" / "002.png").read_bytes())
    images = read_folder(tmp_path / "p")
    first = images.names.index("002.png")
    session = Session(images, [Answer("image", (images.hashes[first],), "x", True)])
    LabelFile(tmp_path / "labels.csv").write(session)
    found = find(tmp_path / "labels.csv")
    assert sorted(zip(found.names, found.columns["by"], found.columns["drawn"], strict=True)) == [
        ("p/002.png", "person", "yes"), ("p/again.png", "copy", "no"),
    ]  # fmt: skip


def test_proposals_that_match_nothing_or_contradict_each_other_are_told(tmp_path: Path) -> None:
    images = blobs(4)
    path = tmp_path / "other.csv"
    path.write_text(
        "file,label,probability\n0000.png,bee,0.9\nelse/0001.png,ant,\n"
        "0002.png,bee,\n0002.png,ant,\nwho.png,ant,\n",
        "utf-8",
    )
    found = read_proposals(path, images)
    assert found.labels == {0: "bee", 1: "ant"}
    assert found.notes == (
        "other.csv proposes labels of 2 of 4 images",
        "1 row is of no image here and left out: 'who.png'",
        "1 image has two labels in it, of which neither is proposed: '0002.png'",
    )
    path.write_text("file,colour\n0000.png,bee\n", "utf-8")
    with pytest.raises(DataError, match="none is known"):
        read_proposals(path, images)
    path.write_text("file,label\nwho.png,bee\n", "utf-8")
    with pytest.raises(DataError, match=r"no row of .*who\.png"):
        read_proposals(path, images)


@pytest.mark.parametrize("files", [(), ("a.txt",), ("a.png",)])
def test_a_folder_without_images_is_refused_in_a_line(
    tmp_path: Path, files: tuple[str, ...]
) -> None:
    for name in files:
        (tmp_path / name).write_text("no image")
    with pytest.raises(DataError, match=r"no image|expected"):
        read_folder(tmp_path)


def test_folders_that_look_like_classes_are_pointed_out(tmp_path: Path) -> None:
    digits(tmp_path / "p" / "cats", 3)
    digits(tmp_path / "p" / "dogs", 4)
    images = read_folder(tmp_path / "p")
    assert "there is nothing to label" in images.notes[0] and len(images.names) == 7
    assert np.array_equal(images.groups[:3], [0, 1, 2])
