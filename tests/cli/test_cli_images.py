"""What the command line says of odd image files, and how it writes names."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import drawn
import pytest
from shell import striate

TINY = "conv 4 > relu > gap > flatten > fc"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos/ and a run of them in runs/photos."""
    place = tmp_path_factory.mktemp("place")
    drawn.folder(place / "photos", n=6)
    striate("train", "photos", "--network", TINY, "--epochs", 1, "--image-size", 8, cwd=place)
    return place


def test_predict_counts_what_was_odd(place: Path, shared: Callable[[str], Path]) -> None:
    folder = shared("cases/24-jpeg-without-its-end")
    done = striate("predict", "runs/photos", folder, cwd=place)
    said = done.stderr.splitlines()
    assert any(
        line.startswith("1 image is odd but used: its last bytes are missing, but no pixel is")
        for line in said
    )
    assert any("its comment is damaged (a wrong checksum) and left out" in line for line in said)
    assert "2 images classified" in said


def test_predict_names_what_it_does_not_read(place: Path, shared: Callable[[str], Path]) -> None:
    folder = shared("cases/15-tiff-kinds")
    done = striate("predict", "runs/photos", folder, "--csv", cwd=place)
    table = {Path(row["file"]).name: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert set(table) == {each.name for each in folder.iterdir()}
    assert table["d.dcm"]["error"].startswith("a DICOM image")
    assert table["u32.tif"]["error"] == ""
    url = striate("predict", "runs/photos", "https://example.com/cat.jpg", cwd=place, code=2)
    assert "an address, and files are expected here" in url.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "ascii:strict"])
def test_csv_is_utf_8_whatever_the_terminal(
    encoding: str, place: Path, shared: Callable[[str], Path]
) -> None:
    folder = shared("cases/23-predict-lists-and-tables-of-windows")
    done = subprocess.run(
        [sys.executable, "-m", "striate", "predict", "runs/photos", str(folder), "--csv"],
        cwd=place,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    names = [row["file"] for row in csv.DictReader(io.StringIO(done.stdout.decode("utf-8")))]
    assert str(folder / "蚂蚁.png") in names


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("network", ["conv 8 > relu", "flatten > fc2"])
def test_a_network_without_quotes_is_explained(network: str, place: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m striate train {place / 'photos'} --network {network}"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "put the whole text in quotes" in done.stderr
    quoted = command.replace(network, f"'{network} > nonsense'") + " > log.txt"
    done = subprocess.run(quoted, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "put the whole text in quotes" not in done.stderr
