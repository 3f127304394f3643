"""fixes.csv: decisions that are laid over a data set."""

from __future__ import annotations

import json
from pathlib import Path

import drawn
import pytest

import striate as st
from striate.data import find
from striate.data.digests import digest_image
from striate.data.fixes import HEADER, Fix, apply_fixes, find_kept, read_fixes, write_fixes
from striate.errors import DataError


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    return drawn.folder(tmp_path / "shapes", n=6)


def fix(folder: Path, name: str, action: str, to: str = "") -> Fix:
    collection = find(folder)
    return Fix(name, digest_image(collection, collection.names.index(name)), action, to, "seen")


def test_images_are_dropped_relabelled_and_kept(shapes: Path, tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    given = [
        fix(shapes, "disc/disc000.png", "drop"),
        fix(shapes, "disc/disc001.png", "relabel", "square"),
        fix(shapes, "disc/disc002.png", "keep"),
        fix(shapes, "disc/disc003.png", "", "square"),
    ]
    write_fixes(path, given)
    assert read_fixes(path) == tuple(given)
    fixed = find(shapes, fixes=path)
    labels = {
        name: fixed.classes[label] for name, label in zip(fixed.names, fixed.labels, strict=True)
    }
    assert "disc/disc000.png" not in labels and len(labels) == 11
    assert labels["disc/disc001.png"] == "square" and labels["disc/disc003.png"] == "disc"
    assert ("disc/disc000.png", "dropped by fixes.csv: seen") in [
        (each.name, each.reason) for each in fixed.skipped
    ]
    assert "1 image is left out, 1 relabelled, 1 kept as they are" in fixed.notes[-2]
    assert "1 row is not decided" in fixed.notes[-1]
    assert find_kept(fixed, path) == {"disc/disc001.png", "disc/disc002.png"}


def test_a_file_that_was_renamed_is_followed(shapes: Path, tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    write_fixes(path, [fix(shapes, "disc/disc000.png", "drop")])
    (shapes / "disc" / "disc000.png").rename(shapes / "square" / "moved.png")
    assert "square/moved.png" not in find(shapes, fixes=path).names


def test_a_file_that_changed_is_left_alone_and_told(shapes: Path, tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    rows = [fix(shapes, "disc/disc000.png", "drop"), fix(shapes, "disc/disc001.png", "drop")]
    write_fixes(path, rows)
    drawn.image("disc", 77).save(shapes / "disc" / "disc000.png")
    (shapes / "disc" / "disc001.png").unlink()
    fixed = find(shapes, fixes=path)
    assert "disc/disc000.png" in fixed.names
    assert any("its file has changed: 'disc/disc000.png'" in note for note in fixed.notes)
    assert any("there is no such file: 'disc/disc001.png'" in note for note in fixed.notes)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a.png,{0},delete,,", "line 2 of .* has the action 'delete'; expected keep, drop"),
        ("a.png,{0},relabel,,", "line 2 of .* relabels to no class"),
        ("a.png,abc,drop,,", "line 2 of .* has the digest 'abc'; expected 32 hexadecimal"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(
    shapes: Path, tmp_path: Path, row: str, told: str
) -> None:
    path = tmp_path / "fixes.csv"
    path.write_text(",".join(HEADER) + "\n" + row.format("0" * 32) + "\n", "utf-8")
    with pytest.raises(DataError, match=told):
        find(shapes, fixes=path)


def test_files_that_are_no_fixes_are_refused(shapes: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        find(shapes, fixes=tmp_path / "none.csv")
    (tmp_path / "list.csv").write_text("path,label\na,b\n", "utf-8")
    with pytest.raises(DataError, match="has the columns path,label; expected name,digest"):
        find(shapes, fixes=tmp_path / "list.csv")


def test_rows_that_contradict_and_classes_that_are_not_there(shapes: Path, tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    name = "disc/disc000.png"
    write_fixes(path, [fix(shapes, name, "drop"), fix(shapes, name, "keep")])
    with pytest.raises(DataError, match="says two things about 'disc/disc000.png'"):
        apply_fixes(find(shapes), path)
    write_fixes(path, [fix(shapes, name, "relabel", "circle")])
    with pytest.raises(DataError, match="to 'circle', which is no class.*'disc', 'square'"):
        apply_fixes(find(shapes), path)


def test_a_run_follows_its_fixes_for_ever(shapes: Path, tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    changed = fix(shapes, "disc/disc001.png", "relabel", "square")
    write_fixes(path, [fix(shapes, "disc/disc000.png", "drop"), changed])
    run = tmp_path / "run"
    st.train(shapes, "conv 4 > relu > gap > flatten > fc", out=run, epochs=1, fixes=str(path))
    path.unlink()  # the run has its own copy
    split = (run / "split.csv").read_text("utf-8")
    assert "disc/disc000.png" not in split and "disc/disc001.png,square" in split
    record = json.loads((run / "run.json").read_text("utf-8"))
    assert "SHA-256" in json.dumps(record)
    st.resume(run, epochs=2)
    evaluation = st.evaluate(st.load(run), shapes, split="all")
    assert evaluation.n == 11
    (run / "fixes.csv").unlink()
    evaluation = st.evaluate(st.load(run), shapes, split="all")
    assert any("are gone: labels are the folder's" in note for note in evaluation.notes)
