"""Which images taught a run's classifier an answer: the command, its page and its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import drawn
import pytest
from shell import striate

from striate.events import Event
from striate.settings import Settings
from striate.training.result import TrainingResult
from striate.training.runs import start_run


@pytest.fixture(scope="module")
def run(
    done: tuple[TrainingResult, list[Event]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A run with a head alone, and its images."""
    root = tmp_path_factory.mktemp("taught")
    photos = drawn.folder(root / "photos", n=15, size=(30, 20), first=300)
    settings = Settings(
        pretrained=str(done[0].folder), image_size=16, precision="float32", threads=1
    )
    return start_run(photos, out=root / "run", settings=settings).folder, photos


def test_the_page_shows_the_images_and_the_answer_without_some(
    run: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, photos = run
    image, page = photos / "disc" / "disc300.png", tmp_path / "page.html"
    told = ("--quick", "--taught", "--without", "square/square303.png", "--json", "--out", page)
    said = json.loads(striate("explain", folder, image, *told).stdout)
    taught = said["taught"]
    assert taught["target"] == "disc" and taught["n"] == 24
    assert all(one["change"] < 0 for one in taught["speaks_for"])
    assert all(one["change"] > 0 for one in taught["speaks_against"])
    struck = taught["struck"]
    assert struck["names"] == ["square/square303.png"]
    text = page.read_text("utf-8")
    assert "--taught" in (folder / "report.html").read_text("utf-8")
    assert "Which images taught it this" in text and "Fitted anew without 1 image" in text
    for one in (*taught["speaks_for"], *taught["speaks_against"]):
        assert f'alt="{one["name"]}"' in text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--without", "a.png"], "--without strikes out training images of --taught"),
        (["--taught", "--without", "none.png"], "has not learnt from 'none.png'; expected a name"),
        (["--taught", "--target", "cat"], "there is no class 'cat'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    run: tuple[Path, Path], tmp_path: Path, options: list[str], told: str
) -> None:
    folder, photos = run
    image = photos / "disc" / "disc300.png"
    words = ("--quick", *options, "--out", tmp_path / "page.html")
    said = striate("explain", folder, image, *words, code=2)
    assert told in " ".join(said.stderr.split())
    assert not (tmp_path / "page.html").exists()


def test_a_network_from_scratch_is_refused_before_much_is_done(
    done: tuple[TrainingResult, list[Event]], photos: Path
) -> None:
    image = next(photos.glob("disc/*.png"))
    said = striate("explain", done[0].folder, image, "--taught", code=2)
    assert "the network was trained from scratch" in " ".join(said.stderr.split())
