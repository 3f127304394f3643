"""The command line beside odd names, full disks and folders that may not be read."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import drawn
import pytest
import torch
from shell import as_nobody, in_a_process, striate

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.model.classifier import Classifier


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos/ and a classifier that has learnt nothing in runs/photos."""
    place = tmp_path_factory.mktemp("place")
    drawn.folder(place / "photos", n=3)
    text = "input 3x8x8 classes=2 > gap > flatten > fc"
    model = Classifier(build(text), text, ("disc", "square"), Preprocess(3, 8, 8))
    model.save(place / "runs" / "photos" / "classifier.safetensors")
    return place


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_names_that_are_no_utf_8_go_in_and_out(tmp_path: Path, place: Path) -> None:
    source = next((place / "photos" / "disc").iterdir())
    name = b"caf\xe9\x1b[31m.png"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(source.read_bytes())
    model = place / "runs" / "photos"
    for options in (["--csv"], ["--json"], ["--copy-to", "sorted"]):
        code, out, err = in_a_process(
            "predict", model, "-", *options, cwd=tmp_path, text=name + b"\n"
        )
        assert (code, err.startswith(b"1 image classified")) == (0, True), options
        assert b"caf\\udce9" in out
    assert len(list(tmp_path.glob("sorted/*/*.png"))) == 1
    code, out, err = in_a_process(
        "train", b"nowh\xe9re".decode("utf-8", "surrogateescape"), cwd=tmp_path
    )
    assert (code, b"nowh\\udce9re" in err, err.count(b"\n")) == (2, True, 1)


def test_a_byte_order_mark_before_a_list_is_no_part_of_a_name(place: Path) -> None:
    model = place / "runs" / "photos"
    photo = next((place / "photos" / "disc").iterdir())
    text = b"\xef\xbb\xbf" + os.fsencode(photo) + b"\r\n" + os.fsencode(photo) + b"\r\n"
    code, out, _ = in_a_process("predict", model, "-", cwd=place, text=text)
    assert (code, out.count(photo.name.encode())) == (0, 2)
    known = Path(__file__).parents[3] / "shared/cases/23-predict-lists-and-tables-of-windows"
    if known.exists():
        text = (known / "list.txt").read_bytes()
        code, _, err = in_a_process("predict", model, "-", cwd=known, text=text)
        assert (code, err.startswith(b"1 image classified")) == (0, True)


def test_odd_class_names_stay_in_their_rows_and_get_folders(tmp_path: Path, place: Path) -> None:
    classes = ("two\nlines", "\x1b[31mred\r", "x" * 400, "..", "a/b", "a_b", "caf\udce9", "")
    text = f"input 3x8x8 classes={len(classes)} > gap > flatten > fc"
    network, model = build(text), tmp_path / "odd.safetensors"
    photo = next((place / "photos" / "disc").iterdir())
    for label in range(len(classes)):
        with torch.no_grad():
            bias = torch.zeros(len(classes))
            bias[label] = 99
            network.get_parameter("fc1.bias").copy_(bias)
        Classifier(network, text, classes, Preprocess(3, 8, 8)).save(model)
        done = striate("predict", model, photo, "--copy-to", tmp_path / "sorted")
        assert len(done.stdout.splitlines()) == 1
        assert "\x1b" not in done.stdout + done.stderr
        assert len(done.stdout) < 200 + len(str(photo))
        table = striate("predict", model, photo, "--csv").stdout
        rows = list(csv.reader(io.StringIO(table, newline="")))
        assert [len(row) for row in rows] == [6 + len(classes)] * 2
        assert rows[1][1] == classes[label].replace("\udce9", "\\udce9")
    assert "class 'a/b' goes into the folder 'a_b-2'" in done.stderr
    assert len(list((tmp_path / "sorted").iterdir())) == len(classes)
    assert len(list((tmp_path / "sorted").glob("*/*.png"))) == len(classes)


def test_a_place_that_takes_no_copies_is_told_before_the_work(tmp_path: Path, place: Path) -> None:
    (tmp_path / "file").touch()
    done = striate(
        "predict", "runs/photos", "photos", "--copy-to", tmp_path / "file", cwd=place, code=2
    )
    assert done.stdout == ""
    assert "--copy-to" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_copy_that_fails_ends_in_one_line(tmp_path: Path, place: Path) -> None:
    (tmp_path / "disc").touch()  # where the class's folder should be
    (tmp_path / "square").touch()
    done = striate("predict", "runs/photos", "photos", "--copy-to", tmp_path, cwd=place, code=1)
    assert "cannot be copied into" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disc", "square"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_that_is_full_is_one_clear_line(place: Path) -> None:
    script = f"{sys.executable} -m striate predict runs/photos photos --csv > /dev/full"
    done = subprocess.run(script, shell=True, cwd=place, capture_output=True, text=True)
    assert done.returncode == 2
    assert "striate: the output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="folders have no such modes on Windows")
def test_a_folder_that_may_not_be_looked_into_is_a_row(tmp_path: Path, place: Path) -> None:
    photo = next((place / "photos" / "disc").iterdir())
    for name in ("a", "b", "c"):
        (tmp_path / "many" / name).mkdir(parents=True)
        (tmp_path / "many" / name / "one.png").write_bytes(photo.read_bytes())
    (tmp_path / "many" / "b").chmod(0)
    shutil.copy(place / "runs" / "photos" / "classifier.safetensors", tmp_path)
    tmp_path.chmod(0o755)
    try:
        done = as_nobody(
            "predict",
            "classifier.safetensors",
            "many",
            "many/b",
            "many/b/one.png",
            "--json",
            cwd=tmp_path,
        )
    finally:
        (tmp_path / "many" / "b").chmod(0o755)
    rows = [json.loads(line) for line in done.splitlines()]
    assert [row["file"] for row in rows] == [
        str(Path("many", name)) for name in ("a/one.png", "b", "c/one.png", "b", "b/one.png")
    ]
    for row, said in ((1, "the folder"), (3, "the folder"), (4, "the file")):
        assert rows[row]["error"] == f"{said} cannot be opened: Permission denied"


def test_ctrl_c_in_a_verb_is_told_in_a_line() -> None:
    program = (
        "import signal, sys, striate.cli as cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's & ignores it
        "def zoo() -> None: signal.raise_signal(signal.SIGINT)\n"
        "cli.VERBS['zoo'] = zoo\n"
        "sys.argv = ['striate', 'zoo']\n"
        "cli.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr.split("\n")[-2:] == ["striate: stopped", ""]
    assert ended.stderr.count("stopped") == 1 and not ended.stdout
