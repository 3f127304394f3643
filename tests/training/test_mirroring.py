"""Whether left and right may be exchanged: what the probe measures, and what runs do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from quick_runs import QUICK, TINY, plan, record

from striate.data.images import Preprocess
from striate.settings import Settings
from striate.training.mirroring import choose_changes, find_exchange
from striate.training.runs import start_run

COLOUR = Preprocess(3, 32, 32)
ROOF = [(6, 16), (16, 6), (16, 12), (26, 12), (26, 20), (16, 20), (16, 26)]  # an arrow to the left


def arrow(right: bool, seed: int) -> Image.Image:
    generator = np.random.default_rng([seed, right])
    ground, ink = generator.integers(0, 110, 3), generator.integers(140, 256, 3)
    image = Image.new("RGB", (32, 32), tuple(int(value) for value in ground))
    dx, dy = (int(value) for value in generator.integers(-4, 5, 2))
    points = [((31 - x if right else x) + dx, y + dy) for x, y in ROOF]
    ImageDraw.Draw(image).polygon(points, fill=tuple(int(value) for value in ink))
    return image


def arrows(root: Path, names: tuple[str, str] = ("ja", "nee"), *, n: int = 30) -> Path:
    """Fill a folder with arrows to the left and to the right, whose classes do not say so."""
    for right, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for number in range(n):
            arrow(bool(right), number).save(root / name / f"{number}.png")
    return root


def pixels_of(images: list[Image.Image]) -> np.ndarray:
    return np.stack([np.asarray(image).transpose(2, 0, 1) for image in images])


def some_arrows(n: int) -> tuple[np.ndarray, np.ndarray]:
    images = [arrow(bool(right), number) for right in (0, 1) for number in range(n)]
    return pixels_of(images), np.repeat([0, 1], n)


def some_shapes(n: int) -> tuple[np.ndarray, np.ndarray]:
    shapes = ("disc", "square", "bar")
    images = [drawn.image(shape, number) for shape in shapes for number in range(n)]
    return pixels_of(images), np.repeat([0, 1, 2], n)


def test_classes_that_mirroring_exchanges_are_found_without_a_name() -> None:
    found = find_exchange(*some_arrows(30), seed=0)
    assert found is not None
    assert {found.truth, found.answer} == {0, 1}
    assert found.images == 30
    assert found.mirrored > 25 > 5 > found.before
    assert found.p < 1e-4
    assert found == find_exchange(*some_arrows(30), seed=0)


def test_classes_that_look_the_same_in_a_mirror_are_left_alone() -> None:
    assert [find_exchange(*some_shapes(40), seed=seed) for seed in range(5)] == [None] * 5


@pytest.mark.parametrize(("times", "most"), [(50, 3), pytest.param(200, 6, marks=pytest.mark.slow)])
def test_chance_alone_finds_an_exchange_in_one_case_of_a_hundred_at_most(
    times: int, most: int
) -> None:
    pixels, _ = some_shapes(20)
    drawn_labels = (
        np.random.default_rng(seed).integers(0, 2, len(pixels)) for seed in range(times)
    )
    alarms = sum(find_exchange(pixels, labels, seed=0) is not None for labels in drawn_labels)
    assert alarms <= most  # at 1 %, more come by chance once in 250 times or less often


@pytest.mark.parametrize("n", [1, 2, 6])
def test_a_few_images_are_too_few_to_tell(n: int) -> None:
    assert find_exchange(*some_arrows(n), seed=0) is None


def test_one_class_missing_from_the_sample_is_no_matter() -> None:
    pixels, labels = some_arrows(30)
    found = find_exchange(pixels, labels * 2 + 1, seed=0)
    assert found is not None
    assert {found.truth, found.answer} == {1, 3}


def test_no_image_at_all_is_measured_as_none() -> None:
    nothing = np.empty((0, 3, 8, 8), np.uint8), np.empty(0, np.int64)
    assert find_exchange(*nothing, seed=0) is None


@pytest.mark.parametrize("side", [4, 9, 200])
def test_images_of_any_size_are_measured(side: int) -> None:
    images = [arrow(bool(right), n).resize((side, side)) for right in (0, 1) for n in range(20)]
    find_exchange(pixels_of(images), np.repeat([0, 1], 20), seed=0)


def test_the_users_word_holds_against_names_and_measure() -> None:
    def unasked() -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("nothing is to be measured")

    for classes in (("left", "right"), ("ja", "nee"), ("0", "1")):
        for word in (True, False):
            settings = Settings(mirror=word)
            for channels in (1, 3):
                seen = Preprocess(channels, 32, 32)
                change = choose_changes(seen, classes, settings, sample=unasked, say=print)
                assert change.mirror is word
    still = choose_changes(COLOUR, ("ja",), Settings(augment=False), sample=unasked, say=print)
    assert str(still) == "none"
    grey = choose_changes(
        Preprocess(1, 28, 28), ("a1", "b1"), Settings(), sample=unasked, say=print
    )
    assert not grey.mirror


def test_names_add_to_the_measure_and_both_are_said() -> None:
    said: list[str] = []

    def choose(classes: tuple[str, ...], measured: tuple[np.ndarray, np.ndarray]) -> bool:
        said.clear()
        return choose_changes(
            COLOUR, classes, Settings(), sample=lambda: measured, say=said.append
        ).mirror

    assert not choose(("ja", "nee"), some_arrows(30))
    assert said[0].startswith("no image is mirrored: of 30 of '")
    assert "(--mirror mirrors all the same)" in said[0]
    assert not choose(("turnLeft", "ahead", "stop"), some_shapes(20))
    assert said == [
        "no image is mirrored: the class 'turnLeft' has a direction in its name, 'left' (--mirror "
        "mirrors all the same)"
    ]
    assert choose(("leftover", "Wright", "stop"), some_shapes(20))
    assert said == []


def test_arrows_are_learnt_to_the_last_one_and_the_reason_is_recorded(tmp_path: Path) -> None:
    settings = replace(QUICK, epochs=15, image_size=32, seed=1)
    network = "[conv 16 > bn > relu > maxpool 2]*3 > flatten > fc"
    signs = arrows(tmp_path / "signs", n=50)
    mirrored = start_run(
        signs, network, out=tmp_path / "mirrored", settings=replace(settings, mirror=True)
    )
    assert mirrored.evaluation.accuracy < 0.9  # what it is about
    run = start_run(signs, network, out=tmp_path / "run", settings=settings)
    assert run.evaluation.accuracy == 1.0
    assert not plan(run.folder).recipe.augmentation.mirror
    assert any("once they are mirrored" in note for note in record(run.folder).notes)


def test_measuring_changes_no_draw_of_training(tmp_path: Path) -> None:
    photos = drawn.folder(tmp_path / "photos", n=20)
    measured = start_run(photos, TINY, out=tmp_path / "measured", settings=QUICK)
    told = start_run(photos, TINY, out=tmp_path / "told", settings=replace(QUICK, mirror=True))
    first, second = (each.model.module.state_dict() for each in (measured, told))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"


@pytest.mark.parametrize("unfreeze", [None, 1])
def test_copies_for_a_head_and_fine_tuning_are_measured_too(
    unfreeze: int | None, own_cache: Path, tmp_path: Path
) -> None:
    signs = arrows(tmp_path / "signs")
    first = start_run(signs, TINY, out=tmp_path / "first", settings=replace(QUICK, image_size=32))
    settings = Settings(
        pretrained=str(first.folder), precision="float32", threads=1, unfreeze=unfreeze
    )
    if unfreeze is None:
        settings = replace(settings, n_augmented=2)
    else:
        settings = replace(settings, epochs=1, batch_size=8)
    run = start_run(signs, out=tmp_path / "run", settings=settings)
    recipe = plan(run.folder).recipe
    assert recipe.augmentation.shift  # they are changed, but not mirrored
    assert not recipe.augmentation.mirror
    assert any("once they are mirrored" in note for note in record(run.folder).notes)
