"""Features: equal to the backbone's own, computed once, found again by content."""

from __future__ import annotations

import hashlib
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from striate.architecture.notation import expand
from striate.backends.onnx import Engine, Trained, torch_module
from striate.backends.torch import build
from striate.data import Images, find, load
from striate.data.augmentation import DRAWS, Augmentation
from striate.data.images import Preprocess
from striate.errors import DataError, EngineError
from striate.features import feature_cache as kept_module
from striate.features.backbone import Backbone
from striate.features.engine_choice import choose_engine, list_engines
from striate.features.extraction import BATCH, Extractor, WantedFeatures, extract_features
from striate.features.feature_cache import SHARD, FeatureCache, make_key

GREY = Preprocess(1, 8, 8, mean=(0.3,), std=(0.4,))
CHANGE = Augmentation(shift=0.2, turn=20.0)
BODY = "input 1x8x8 > conv 6 > bn > relu > maxpool 2"


def backbone(low: bool = False) -> Engine:
    return torch_module(build(BODY).eval(), GREY, low=low)


class Counting:
    """A backbone that counts the images it sees."""

    def __init__(self) -> None:
        self.inner = backbone()
        self.engine = Engine("float32 counting", self.run)
        self.seen = 0

    def run(self, pixels: np.ndarray) -> np.ndarray:
        self.seen += len(pixels)
        return self.inner.run(pixels)


@pytest.fixture(scope="module")
def images() -> Images:
    return load(find("digits"), GREY)


def test_features_are_the_mean_of_what_the_body_gives(images: Images) -> None:
    pixels = images.take([3, 4, 5])
    values = (torch.from_numpy(pixels).float() / 255 - 0.3) / 0.4
    with torch.inference_mode():
        expected = build(BODY).eval()(values).mean((2, 3)).numpy()
    found = Extractor(backbone(), CHANGE).features(pixels)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def trained() -> Trained:
    plan = expand(BODY)
    return Trained.of(plan, build(plan).state_dict())


def test_every_engine_gives_the_same_features_within_its_precision(images: Images) -> None:
    pixels = images.take(np.arange(8))
    expected = Extractor(backbone(), CHANGE).features(pixels)
    numbers = np.random.default_rng(0).random((8, DRAWS), np.float32)
    changed = Extractor(backbone(), CHANGE).features(pixels, numbers)
    for name, opening in {
        **list_engines("cpu"),
        "bf16 torch": lambda *_: backbone(low=True),
    }.items():
        try:
            extractor = Extractor(opening(trained(), GREY), CHANGE)
        except EngineError:
            continue
        near = 1e-5 if name.startswith("float32") else 0.03
        assert extractor.features(pixels) == pytest.approx(expected, rel=near, abs=near)
        assert extractor.features(pixels, numbers) == pytest.approx(changed, rel=near, abs=near)


def slow(seconds: float, name: str) -> Callable[[Trained, Preprocess], Engine]:
    def run(pixels: np.ndarray) -> np.ndarray:
        time.sleep(seconds * len(pixels))
        return pixels

    return lambda trained, preprocess: Engine(name, run)


def broken(trained: Trained, preprocess: Preprocess) -> Engine:
    raise EngineError("float32 broken cannot be used (it is broken)")


def test_the_fastest_engine_is_taken_where_the_work_is_long() -> None:
    choice = {"slow": slow(0.01, "slow"), "quick": slow(0.001, "quick")}
    pixels = np.zeros((2, 1, 8, 8), np.float32)
    said: list[str] = []

    def taken(rows: int, choice: dict[str, Callable[[Trained, Preprocess], Engine]]) -> str:
        return choose_engine(
            choice, trained(), GREY, pixels=pixels, rows=rows, say=said.append
        ).name

    assert taken(1000, choice) == "quick"
    assert taken(100, choice) == "slow"  # a second of work: not worth opening another
    assert taken(1000, {"slow": choice["slow"], "same": slow(0.0098, "same")}) == "slow"
    assert not said
    assert taken(1000, {"broken": broken, **choice}) == "quick"
    assert taken(1, {"broken": broken}) == "float32 torch"
    assert said == ["float32 broken cannot be used (it is broken); another engine is taken"] * 2


def test_versions_differ_and_are_the_same_whatever_the_order(images: Images) -> None:
    extractor = Extractor(backbone(), CHANGE)
    order = np.array([9, 2, 5])
    found = extract_features(extractor, images, order, n_augmented=3, kept=FeatureCache(None))
    again = extract_features(extractor, images, order[::-1], n_augmented=2, kept=FeatureCache(None))
    assert found.shape == (3, 3, 6)
    assert found[::-1, :2] == pytest.approx(again, rel=1e-5, abs=1e-6)
    assert found[:, 0] == pytest.approx(extractor.features(images.take(order)), abs=1e-5)
    assert np.abs(found[:, 1] - found[:, 0]).max() > 0.01


def test_what_is_kept_is_not_computed_again(images: Images, tmp_path: Path) -> None:
    counting = Counting()
    extractor = Extractor(counting.engine, CHANGE)
    first = extract_features(
        extractor,
        images,
        np.arange(50),
        n_augmented=2,
        kept=FeatureCache(tmp_path / "features" / "a"),
    )
    assert counting.seen == 100
    more = extract_features(
        extractor,
        images,
        np.arange(40, 60),
        n_augmented=2,
        kept=FeatureCache(tmp_path / "features" / "a"),
    )
    assert counting.seen == 120  # ten new images in two versions
    assert (more[:10] == first[40:]).all()


def test_progress_counts_rows_and_begins_with_what_is_there(images: Images) -> None:
    told: list[tuple[int, int]] = []
    store = FeatureCache(None)
    extractor = Extractor(backbone(), CHANGE)
    extract_features(extractor, images, np.arange(5), n_augmented=1, kept=store)
    extract_features(
        extractor,
        images,
        np.arange(BATCH + 7),
        n_augmented=1,
        kept=store,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(5, BATCH + 7), (5 + BATCH, BATCH + 7), (BATCH + 7, BATCH + 7)]


def test_equal_images_are_computed_in_one_row(images: Images) -> None:
    found = extract_features(
        Extractor(backbone(), CHANGE),
        images,
        np.array([3, 3]),
        n_augmented=1,
        kept=FeatureCache(None),
    )
    assert (found[0] == found[1]).all()


def test_a_damaged_file_is_computed_again(images: Images, tmp_path: Path) -> None:
    folder = tmp_path / "backbone"
    counting = Counting()
    extractor = Extractor(counting.engine, CHANGE)
    extract_features(extractor, images, np.arange(4), n_augmented=1, kept=FeatureCache(folder))
    (file,) = folder.glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    extract_features(extractor, images, np.arange(4), n_augmented=1, kept=FeatureCache(folder))
    assert counting.seen == 8


def test_features_in_the_folder_are_not_held_in_memory(tmp_path: Path) -> None:
    shards, width = 6, 64
    rows = np.random.default_rng(0).normal(size=(shards * SHARD, width)).astype(np.float32)
    hashes = np.random.default_rng(1).permutation(len(rows)).astype(np.uint64)
    store = FeatureCache(tmp_path / "backbone")
    tracemalloc.start()
    for start in range(0, len(rows), BATCH):
        store.add(hashes[start : start + BATCH], 0, rows[start : start + BATCH])
    assert store.find(hashes, 2).tolist() == [[True, False]] * len(rows)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * SHARD * width * 4 < rows.nbytes
    wanted = np.random.default_rng(2).permutation(len(rows))[:500]
    assert np.array_equal(store.take(hashes[wanted], 1)[:, 0], rows[wanted])
    again = FeatureCache(tmp_path / "backbone")
    again.add(hashes[:1], 1, rows[:1])
    assert np.array_equal(again.take(hashes[wanted], 1)[:, 0], rows[wanted])
    assert again.count_from_before(hashes[:3], 2) == 3


def test_a_file_of_features_that_goes_meanwhile_is_told_in_a_line(tmp_path: Path) -> None:
    hashes = np.arange(3, dtype=np.uint64)
    store = FeatureCache(tmp_path / "backbone")
    store.add(hashes, 0, np.ones((3, 4), np.float32))
    store.write()
    (file,) = (tmp_path / "backbone").glob("*.npz")
    data = bytearray(file.read_bytes())
    data[-400] ^= 255  # within the features
    file.write_bytes(data)
    for _ in range(2):  # damaged, which deletes it; and gone
        with pytest.raises(DataError, match="cannot be read any more .* same command again"):
            store.take(hashes, 1)
        assert not file.exists()


def test_a_folder_that_cannot_be_written_is_said_and_does_not_end_the_work(
    images: Images, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    store = FeatureCache(tmp_path / "file" / "backbone")
    extract_features(Extractor(backbone(), CHANGE), images, np.arange(3), n_augmented=1, kept=store)
    assert "cannot be kept" in store.refused


def test_the_bodies_used_longest_ago_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "MOST", 3000)
    row = np.ones((1, 400), np.float32)
    for number, name in enumerate(("first", "second", "third")):
        store = FeatureCache(tmp_path / name)
        store.add(np.array([number], np.uint64), 0, row)
        store.write()
        if name == "first":
            os.utime(tmp_path / name, (1, 1))
    assert not (tmp_path / "first").exists()
    assert (tmp_path / "third").exists()


def test_a_body_is_named_by_its_weights_text_and_settings() -> None:
    one, other = build(BODY, seed=0).state_dict(), build(BODY, seed=1).state_dict()
    names = {
        make_key(BODY, one),
        make_key(BODY, other),
        make_key("x", one),
        make_key(BODY, one, 0.5),
    }
    assert len(names) == 4
    assert make_key(BODY, one) == make_key(BODY, build(BODY, seed=0).state_dict())


def test_features_that_were_kept_before_are_found_again() -> None:
    """The key of a run of November 2026, when saturation was called colour."""
    once = "('gap', ((0.5,), Augmentation(shift=0.1, zoom=0.0, turn=0.0, mirror=False, light=0.0, "
    once += "colour=0.0)))"
    key = hashlib.blake2b(once.encode(), digest_size=16).hexdigest()
    assert make_key("gap", {}, (0.5,), Augmentation(shift=0.1)) == key


def test_no_engine_is_opened_where_all_features_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path))
    plan = expand(BODY)
    whole = Backbone(plan, build(plan, seed=0).state_dict(), GREY, "a small one")
    wanted = WantedFeatures(whole, CHANGE, 1, "cpu", "float32")
    hashes = np.arange(8, dtype=np.uint64)
    pixels = np.zeros((8, 1, 8, 8), np.uint8)
    opened, kept = wanted.open(hashes, lambda most: pixels[:most], images=8, say=print)
    kept.add(hashes, 0, opened.features(pixels))
    kept.write()
    asked: list[int] = []

    def look(most: int) -> np.ndarray:
        asked.append(most)
        return pixels[:most]

    later, again = wanted.open(hashes, look, images=8, say=print)
    assert asked == [0]  # nothing is timed
    assert again.find(hashes, 1).all()
    assert later.engine.name == opened.engine.name
    assert np.array_equal(later.features(pixels), opened.features(pixels))  # opened when needed
