"""Whether a run has used an image, by its hashes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
from PIL import Image, ImageOps
from quick_runs import QUICK, TINY, rows
from shell import striate

from striate.doctor.seen_images import open_seen_images
from striate.errors import ClassifierError
from striate.model.classifier import Classifier
from striate.model.loading import load
from striate.training.runs import start_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run on smooth drawings that are large enough to be hashed, and their folder."""
    photos = tmp_path_factory.mktemp("photos")
    numbers = np.random.default_rng(0)
    for part in ("train", "val", "test"):
        for name in ("disc", "square"):
            (photos / part / name).mkdir(parents=True)
            for number in range(3):
                grid = numbers.integers(0, 256, (6, 6, 3), np.uint8)
                image = Image.fromarray(grid).resize((64, 64), Image.Resampling.BICUBIC)
                image.save(photos / part / name / f"{number}.png")
    settings = replace(QUICK, epochs=1, image_size=32)
    out = tmp_path_factory.mktemp("runs") / "run"
    return start_run(photos, TINY, out=out, settings=settings).folder, photos


def test_each_split_is_told(run: tuple[Path, Path]) -> None:
    folder, photos = run
    names = [row["name"] for row in rows(folder / "split.csv")]
    found = list(open_seen_images(folder).find([photos / name for name in names]))
    assert [each.own_name for each in found] == names
    assert [each.split for each in found] == [name.split("/")[0] for name in names]
    assert len(names) == 18


def test_near_copies_are_told_and_others_are_not(run: tuple[Path, Path], tmp_path: Path) -> None:
    folder, photos = run
    image = Image.open(photos / "test/disc/1.png")
    ImageOps.mirror(image.resize((90, 90))).save(tmp_path / "copy.jpg", quality=60)
    drawn.image("bar", 3, (64, 64)).save(tmp_path / "other.png")
    (tmp_path / "text.png").write_text("no image", "utf-8")
    given = [tmp_path / name for name in ("copy.jpg", "other.png", "text.png")]
    copy, other, broken = open_seen_images(folder).find(given)
    assert (copy.split, copy.near, copy.near_split) == ("", "test/disc/1.png", "test")
    assert copy.bits is not None and copy.bits <= 8 and "of 64 bits differ" in str(copy)
    assert str(other) == "not seen"
    assert "cannot be read" in str(broken)


def test_a_classifier_alone_knows_what_it_learnt_from(
    run: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, photos = run
    alone = shutil.copyfile(folder / "classifier.safetensors", tmp_path / "alone.safetensors")
    opened = open_seen_images(alone)
    given = [photos / part / "disc" / "0.png" for part in ("train", "val", "test")]
    assert [each.split for each in opened.find(given)] == ["train", "val", ""]
    assert "near copies" in opened.limits and "folder of the run" in opened.limits


def test_a_classifier_without_hashes_says_so(run: tuple[Path, Path], tmp_path: Path) -> None:
    model: Classifier = replace(load(run[0]), seen={})
    path = model.save(tmp_path / "bare.safetensors")
    with pytest.raises(ClassifierError, match="keeps no hashes"):
        open_seen_images(path)


def test_the_command_prints_a_line_an_image(run: tuple[Path, Path]) -> None:
    folder, photos = run
    ran = striate("predict", folder, photos / "train/disc/0.png", "--seen")
    assert ran.stdout.endswith("learnt from, as train/disc/0.png\n")
    assert "1 of 1 image learnt from" in ran.stderr
    refused = striate("predict", folder, photos / "train/disc/0.png", "--seen", "--csv", code=2)
    assert "--seen names no class" in refused.stderr
