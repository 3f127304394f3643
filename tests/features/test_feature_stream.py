"""Features computed while images are read: the same, of those chosen, in bounded memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest

from striate.architecture.notation import expand
from striate.backends.torch import build
from striate.data import Collection, find, guess_training, load, split_stratified
from striate.data.augmentation import Augmentation
from striate.data.images import Preprocess
from striate.errors import DataError
from striate.features.backbone import Backbone
from striate.features.extraction import WantedFeatures, extract_features
from striate.features.feature_cache import FeatureCache
from striate.features.feature_stream import FeatureStream


def fitted(side: int) -> Preprocess:
    return Preprocess(3, side, side, mean=(0.3,) * 3, std=(0.4,) * 3)


FITTED = fitted(40)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))


def wanted(n_augmented: int = 1, side: int = 40) -> WantedFeatures:
    plan = expand(f"input 3x{side}x{side} > conv 6 > bn > relu > maxpool 2")
    backbone = Backbone(plan, build(plan, seed=0).state_dict(), fitted(side), "a small one")
    change = Augmentation(shift=0.2, turn=20.0)
    return WantedFeatures(backbone, change, n_augmented, "cpu", "float32")


def stream(
    data: Collection,
    chosen: np.ndarray,
    *,
    evaluated: np.ndarray | None = None,
    n_augmented: int = 1,
    side: int = 40,
    memory: int = 0,
) -> FeatureStream:
    features = wanted(n_augmented, side)
    return FeatureStream(
        features, data, chosen, evaluated=evaluated, memory=memory, say=lambda text: None
    )


def test_features_of_what_is_evaluated_are_computed_in_place_of_keeping_its_pixels(
    tmp_path: Path,
) -> None:
    data = find(drawn.folder(tmp_path / "shapes", n=20))
    chosen, evaluated = np.arange(40) % 4 > 1, np.arange(40) % 4 == 1
    for number_format in ("float32", "bf16"):
        watch = FeatureStream(
            replace(wanted(3), number_format=number_format),
            data,
            chosen,
            evaluated=evaluated,
            memory=2**20,
            say=lambda text: None,
        )
        with watch:
            images = load(data, FITTED, memory=0, watch=watch)
        extractor, kept = watch.hand_over() or pytest.fail("no features")
        answers = extractor.answers  # as bf16 does not
        there = kept.find(images.hashes, 3)
        assert np.array_equal(there.all(1), chosen)
        assert np.array_equal(there[:, 0], chosen | evaluated if answers else chosen)
        assert len(watch.hand_over_pixels()) == (0 if answers else 20)


def test_the_features_are_those_of_decoded_images_to_the_bit(tmp_path: Path) -> None:
    data = find(drawn.folder(tmp_path / "shapes", n=25))
    chosen = np.arange(50) % 4 > 0
    with stream(data, chosen, n_augmented=3) as watch:
        images = load(data, FITTED, memory=0, watch=watch)
    ready = watch.hand_over()
    assert ready is not None
    extractor, kept = ready
    indices = np.flatnonzero(chosen)
    expected = extract_features(
        extractor, load(data, FITTED), indices, n_augmented=3, kept=FeatureCache(None)
    )
    assert np.array_equal(kept.take(images.hashes[indices], 3), expected)
    assert not kept.find(images.hashes[~chosen], 3).any()
    assert watch.hand_over() is None


def test_features_from_before_are_told_from_those_computed_now(tmp_path: Path) -> None:
    folder = drawn.folder(tmp_path / "shapes", n=20)
    data = find(folder)
    with stream(data, np.ones(40, np.bool_)) as watch:
        load(data, FITTED, memory=0, watch=watch)
    drawn.folder(folder, n=5, first=50)
    data = find(folder)
    with stream(data, np.ones(50, np.bool_)) as watch:
        images = load(data, FITTED, memory=0, watch=watch)
    _, kept = watch.hand_over() or pytest.fail("no features")
    assert kept.find(images.hashes, 1).all()
    assert kept.count_from_before(images.hashes, 1) == 40


def test_an_error_keeps_what_is_computed(tmp_path: Path) -> None:
    data = find(drawn.folder(tmp_path / "shapes", n=30))

    def fail(done: int, total: int) -> None:
        if done == 40:
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        stream(data, np.ones(60, np.bool_)) as watch,
    ):
        load(data, FITTED, memory=0, watch=watch, progress=fail)
    hashes = load(data, FITTED).hashes
    _, kept = wanted().open(hashes, lambda most: np.zeros((most, 3, 40, 40)), images=60, say=print)
    assert int(kept.find(hashes, 1).sum()) == 32  # one batch


def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path) -> None:
    def peak(n: int) -> int:
        data = find(drawn.folder(tmp_path / str(n), n=n))
        chosen = np.arange(2 * n) % 2 == 0
        watch = stream(data, chosen, evaluated=~chosen, side=160, memory=2**30)
        tracemalloc.start()
        with watch:
            load(data, fitted(160), memory=0, watch=watch)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    batch = 32 * 3 * 160 * 160
    few, many = peak(60), peak(240)
    assert many - few < 3 * batch  # of 360 images more; how far reading is ahead differs
    assert few > batch  # what a batch takes is seen


def test_the_images_to_learn_from_are_guessed_from_their_names(tmp_path: Path) -> None:
    folder = drawn.folder(tmp_path / "shapes", n=40)
    data = find(folder)
    split = split_stratified(data, load(data, FITTED), seed=3, fraction=0.25)
    assert np.array_equal(np.flatnonzero(guess_training(data, seed=3, fraction=0.25)), split.train)
    for number in (3, 4, 5):
        (folder / "disc" / f"disc{number:03}.png").write_bytes(b"broken")
    split = split_stratified(data, load(data, FITTED), seed=3, fraction=0.25)
    guessed = np.flatnonzero(guess_training(data, seed=3, fraction=0.25))
    assert len(np.setdiff1d(split.train, guessed)) <= 3
    assert not guess_training(find(drawn.folder(tmp_path / "one", ("disc",), n=3))).any()


def test_the_other_images_are_held_as_far_as_memory_goes_and_not_read_again(
    tmp_path: Path,
) -> None:
    folder = drawn.folder(tmp_path / "shapes", n=20)
    data = find(folder)
    chosen = np.arange(40) % 2 == 0
    with stream(data, chosen, memory=5 * 3 * 40 * 40 + 1) as watch:
        images = load(data, FITTED, memory=0, watch=watch)
    images.hold(watch.hand_over_pixels())
    expected = load(data, FITTED).take(np.arange(40))
    assert np.array_equal(images.take(np.arange(40)), expected)
    for path in folder.rglob("*.png"):
        path.unlink()
    held = np.flatnonzero(~chosen)[:5]
    assert np.array_equal(images.take(held), expected[held])
    with pytest.raises(DataError, match="could be read before and now cannot"):
        images.take(np.flatnonzero(~chosen)[:6])
