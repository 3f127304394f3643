"""striate explain, as a person types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from shell import Said, striate

from striate.events import Event
from striate.explanation.film import FOLDER, take_frame, write_frame, write_image
from striate.model.loading import load
from striate.training.result import TrainingResult

Done = tuple[TrainingResult, list[Event]]


def explain(*words: str | Path, at: Path, code: int = 0) -> Said:
    return striate("explain", *words, cwd=at, code=code)


@pytest.fixture(scope="module")
def model(done: Done) -> Path:
    return done[0].folder


def test_a_image_and_its_numbers_and_never_over_another(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    image = sorted(photos.glob("disc/*.png"))[0]
    words = (model, image, "--quick", "--target", "square", "--at", "conv1 3 4 5")
    told = explain(*words, at=tmp_path)
    assert f"{image.name}: " in told.stdout
    assert "cam at relu2 of 'square'" in told.stdout
    assert "square rather than disc" in told.stdout
    assert "its folder says disc" in told.stdout
    assert "left out by --quick: whether the map can be trusted, " in told.stdout
    assert "conv1 (Conv2d), unit 3, row 4, column 5" in told.stdout
    page = tmp_path / "explanations" / f"{image.stem}.html"
    assert "What speaks for <bdi>square</bdi>" in page.read_text("utf-8")
    numbers = np.load(page.with_suffix(".npz"))
    assert numbers["maps relu2"].shape == (10, 8, 8)  # the strongest, which the page shows
    assert len(numbers["units relu2"]) == 10
    assert "maps conv1" not in numbers
    facts = json.loads(page.with_suffix(".json").read_text("utf-8"))
    cam = np.array(facts["explanations"][0]["map"])
    assert np.allclose(cam, numbers["explanation cam"])
    again = explain(model, image, "--quick", "--json", at=tmp_path)
    assert json.loads(again.stdout)["page"] == f"explanations/{image.stem}-2.html"


def test_every_number_is_written_when_it_is_asked_for(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    image = sorted(photos.glob("disc/*.png"))[0]
    told = explain(model, image, "--quick", "--numbers", "--out", "all.html", at=tmp_path)
    assert "--numbers" not in told.stdout
    assert "--numbers" in explain(model, image, "--quick", "--out", "few.html", at=tmp_path).stdout
    every, few = np.load(tmp_path / "all.npz"), np.load(tmp_path / "few.npz")
    assert every["maps relu2"].shape == (16, 8, 8)
    assert every["maps conv1"].shape == (8, 16, 16)
    for kind, units in (("maps relu2", "units relu2"), ("filters conv2", "filter units conv2")):
        assert np.array_equal(few[kind], every[kind][few[units]])
    same = [name for name in few.files if name in every.files and "relu" not in name]
    assert {"pixels", "values", "logits", "explanation cam"} <= set(same)


def test_a_folder(model: Path, photos: Path, tmp_path: Path) -> None:
    words = (model, "--data", photos, "--layers", "2", "--units", "1", "--out", "o/page.html")
    told = explain(*words, at=tmp_path)
    assert "32 units of 3 layers over 40 images" in told.stdout
    assert "From edges to objects" in (tmp_path / "o" / "page.html").read_text("utf-8")
    numbers = np.load(tmp_path / "o" / "page.npz")
    assert numbers["top relu1"].shape == (8, 9)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give an image's file or --data with a folder of them"),
        (("IMAGE", "--data", "x"), "them, not both"),
        (("FOLDER",), "is a folder; to explain a whole folder give it as --data"),
        (("nowhere.png",), "'nowhere.png' cannot be read: there is no such file"),
        (("IMAGE", "--target", "disk"), "there is no class 'disk'; did you mean 'disc'?"),
        (("IMAGE", "--target", "disc", "--against", "disc"), "against itself is nothing"),
        (("IMAGE", "--layer", "conv9"), "conv9"),
        (("IMAGE", "--layer", "fc1"), "no positions to show"),
        (("IMAGE", "--at", "conv1"), "--at 'conv1': expected LAYER UNIT ROW COLUMN"),
        (("IMAGE", "--at", "conv1 99 0 0"), "has no unit, row and column 99, 0, 0"),
        (("IMAGE", "--color-scale", "all"), "color scale 'all': expected layer, block, network"),
        (("IMAGE", "--out", "page.txt"), "must end in .html"),
        (("--data", "FOLDER", "--target", "disc"), "about one image, not --data"),
        (("--data", "nowhere"), "nowhere"),
        (("--data", "FOLDER", "--units", "0"), "0 units; expected 1 or more"),
    ],
)
def test_bad_input_gets_one_clear_line(
    words: tuple[str, ...], said: str, model: Path, photos: Path, tmp_path: Path
) -> None:
    names = {"IMAGE": str(sorted(photos.glob("*/*.png"))[0]), "FOLDER": str(photos)}
    given = (names.get(each, each) for each in words)
    told = striate("explain", model, *given, "--quick", cwd=tmp_path, code=2)
    assert said in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1 or "conv9" in said
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "explanations").exists()


def test_the_filters_of_a_network_in_one_picture(model: Path, tmp_path: Path) -> None:
    told = explain(model, "--filters", "w.png", at=tmp_path)
    assert told.stdout == "wrote w.png: weights of the first, middle and last convolution\n"
    with Image.open(tmp_path / "w.png") as image:
        assert image.size == (48 + 2 * 648, 880)
    assert json.loads(explain(model, "--filters", "w.png", "--json", at=tmp_path).stdout) == {
        "filters": "w.png"
    }


def test_a_film_is_shown_and_its_absence_told(model: Path, photos: Path, tmp_path: Path) -> None:
    told = explain(model, "--film", "x.gif", at=tmp_path, code=2)
    assert f"'{model}' has no film; `striate train DATA --film IMAGE` makes one" in " ".join(
        told.stderr.split()
    )
    run = shutil.copytree(model, tmp_path / "run")
    network, classes = load(model).module, load(model).classes
    write_image(run / FOLDER, "a.png", np.zeros((16, 16, 3), np.uint8), classes)
    write_frame(run / FOLDER, take_frame(network, torch.zeros(1, 3, 16, 16), None))
    told = explain(run, "--film", "x.gif", at=tmp_path)
    assert told.stdout.startswith("wrote x.gif: 1 frame, ")


def test_pictures_of_the_network_need_no_image(model: Path, photos: Path, tmp_path: Path) -> None:
    image = sorted(photos.glob("disc/*.png"))[0]
    for words, expected in (
        ((model, image, "--filters", "w.png"), "of the network alone; give no image"),
        ((model, "--filters", "w.jpg"), "expected the name of a file, ending in .png"),
        ((model, "--film", "x.png"), "a name that ends in .gif, .webp, .mp4"),
        (("nowhere", "--filters", "w.png"), "neither a classifier's file nor the folder of a run"),
    ):
        told = explain(*words, at=tmp_path, code=2)
        assert expected in " ".join(told.stderr.split())
