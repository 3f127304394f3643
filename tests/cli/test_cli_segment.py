"""striate predict --segment and files of arrays: what is printed, and what is refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from drawn_lines import draw_text, learn_type
from PIL import Image
from shell import Terminal, striate

import striate as st


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a classifier of type and lines to read."""
    place = tmp_path_factory.mktemp("lines")
    learn_type().save(place / "type.safetensors")
    Image.fromarray(draw_text("12345-6789")).save(place / "zip.png")
    Image.fromarray(draw_text("7")).save(place / "one.png")
    Image.new("L", (200, 50), 250).save(place / "empty.png")
    return place


def test_a_line_is_told_with_its_digits(place: Path) -> None:
    done = striate("predict", "type.safetensors", "zip.png", "empty.png", "--segment", cwd=place)
    first, digits, dash, lost = done.stdout.splitlines()
    assert first.startswith("12345-6789  ")
    assert first.endswith("  zip.png")
    assert [part[0] for part in digits.strip().split(", ")] == list("123456789")
    assert dash == "  no characters, and not read: 1 dash"
    assert lost.startswith("cannot be read  empty.png: nothing stands out from its ground")
    assert done.stderr.startswith("1 line read")
    assert "1 could not be read" in done.stderr


def test_json_has_every_digit(place: Path) -> None:
    done = striate(
        "predict", "type.safetensors", "one.png", "empty.png", "--segment", "--json", cwd=place
    )
    read, lost = map(json.loads, done.stdout.splitlines())
    assert (read["file"], read["text"]) == ("one.png", "7")
    assert read["glyphs"][0]["probabilities"]["7"] == read["glyphs"][0]["probability"]
    assert set(lost) == {"file", "error"}


def test_csv_has_a_row_a_digit(place: Path) -> None:
    done = striate(
        "predict", "type.safetensors", "zip.png", "empty.png", "--segment", "--csv", cwd=place
    )
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert "".join(row["class"] for row in rows) == "123456789"
    assert [row["place"] for row in rows[:-1]] == [str(n) for n in range(1, 10)]
    assert {row["text"] for row in rows[:-1]} == {"123456789"}
    lefts = [int(row["left"]) for row in rows[:-1]]
    assert lefts == sorted(lefts)
    assert rows[-1]["error"].startswith("nothing stands out")


def test_nothing_is_wider_than_a_narrow_terminal(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    done = striate(
        *("predict", "type.safetensors", "zip.png", "empty.png", "--segment"),
        cwd=place,
        kind=Terminal,
    )
    assert max(map(len, (done.stdout + done.stderr).splitlines())) <= 60


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["zip.png", "--segment", "--copy-to", "out"], "give one of the two"),
        (["empty.png", "--segment"], "0 lines read, 1 could not be read"),
    ],
)
def test_wrong_use_ends_with_2(place: Path, arguments: list[str], said: str) -> None:
    assert said in striate("predict", "type.safetensors", *arguments, cwd=place, code=2).stderr


def test_a_classifier_of_words_is_refused_in_a_line(place: Path, photos: Path) -> None:
    model = learn_type("01")
    words = st.Classifier(model.network, model.text, ("ants", "bees"), model.preprocess)
    words.save(place / "words.safetensors")
    done = striate("predict", "words.safetensors", "zip.png", "--segment", cwd=place, code=2)
    assert done.stderr.startswith("striate: class 'ants' is no single character")
    assert done.stdout == ""


@pytest.fixture(scope="module")
def arrays(place: Path) -> Path:
    """npz and IDX files of digits as the classifier of type knows them."""
    images = np.stack([np.pad(draw_text(text, size=16), 0) for text in ("4", "4", "4")])
    folder = place / "arrays"
    folder.mkdir()
    np.savez(folder / "set.npz", x_test=images, y_test=np.array([4, 4, 4]))
    np.savez(folder / "bare.npz", images.astype(np.float32) / 255)
    labels = struct.pack(">BBBBI", 0, 0, 8, 1, 3) + bytes([4, 4, 4])
    header = struct.pack(">BBBBIII", 0, 0, 8, 3, *images.shape)
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes()))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(labels)
    return folder


def test_predict_takes_npz_and_idx_files(place: Path, arrays: Path) -> None:
    done = striate("predict", "type.safetensors", arrays / "set.npz", "--csv", cwd=place)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["file"] for row in rows] == [f"{arrays / 'set.npz'}/test/{n:05d}" for n in range(3)]
    idx = striate(
        "predict", "type.safetensors", arrays / "t10k-images-idx3-ubyte.gz", "--csv", cwd=place
    )
    others = list(csv.DictReader(io.StringIO(idx.stdout)))
    bare = striate("predict", "type.safetensors", arrays / "bare.npz", "--csv", cwd=place)
    third = list(csv.DictReader(io.StringIO(bare.stdout)))
    for row, other, last in zip(rows, others, third, strict=True):
        assert row["probability"] == other["probability"] == last["probability"]
    model = st.load(place / "type.safetensors")
    answers = model.predict(str(arrays / "set.npz"))
    assert [answer.name for answer in answers] == [row["file"] for row in rows]


def test_labels_and_damaged_arrays_are_rows_that_say_why(place: Path, arrays: Path) -> None:
    whole = (arrays / "t10k-images-idx3-ubyte.gz").read_bytes()
    (arrays / "cut-images.gz").write_bytes(gzip.compress(gzip.decompress(whole)[:-5]))
    done = striate("predict", "type.safetensors", arrays, "--csv", cwd=place)
    errors = {
        Path(row["file"]).name: row["error"]
        for row in csv.DictReader(io.StringIO(done.stdout))
        if row["error"]
    }
    assert set(errors) == {"cut-images.gz", "t10k-labels-idx1-ubyte"}
    assert "fetch it again" in errors["cut-images.gz"]
    assert "which are labels" in errors["t10k-labels-idx1-ubyte"]
    assert "9 images classified" in done.stderr
    (arrays / "cut-images.gz").unlink()


def test_arrays_are_not_copied(place: Path, arrays: Path) -> None:
    done = striate(
        *("predict", "type.safetensors", arrays / "set.npz", "--copy-to", "sorted"),
        cwd=place,
        code=2,
    )
    assert "leave it out" in done.stderr


def test_evaluate_takes_the_same_files(place: Path, arrays: Path) -> None:
    for name in ("set.npz", "t10k-images-idx3-ubyte.gz"):
        done = striate("evaluate", "type.safetensors", arrays / name, "--json", cwd=place)
        assert json.loads(done.stdout.splitlines()[-1])["n"] == 3
