"""Which images taught a run's classifier an answer: the command, its page and its refusals."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import drawn
import pytest
from shell import striate

from striate.events import Event, ignore
from striate.settings import Settings
from striate.training.result import TrainingResult
from striate.training.runs import report_run, start_run
from striate.training.taught import open_taught_run


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


def test_the_report_says_what_taught_its_mistakes(run: tuple[Path, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(run[0], tmp_path / "run")
    told = json.loads((folder / "run.json").read_text())
    worst = told["outcome"]["evaluation"]["worst"][0]
    worst["truth"] = {"disc": "square", "square": "disc"}[worst["answer"]]  # so it is a mistake
    (folder / "run.json").write_text(json.dumps(told))
    report_run(folder, callback=ignore)
    page = (folder / "report.html").read_text("utf-8")
    section = page[page.index('id="taught"') :]
    section = section[: section.index("</section>")]
    opened, target = open_taught_run(run[0]), worst["answer"]
    found = opened.explain(run[1] / worst["name"], target=target, shown=3)
    names = [one.name for one in (*found.speaks_for, *found.speaks_against)]
    assert re.findall(r'alt="([^"]+)"', section) == [worst["name"], *names]
    report_run(folder, data=drawn.folder(tmp_path / "none", n=3), callback=ignore)
    assert "is left out here: " in (folder / "report.html").read_text("utf-8")


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
