"""Features: equal to the body's own, computed once, found again by content."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from striate.augmentation import Augmentation
from striate.data import Pictures, find, load
from striate.network import build
from striate.pictures import Preprocess
from striate.precision import WAYS
from striate.transfer import kept as kept_module
from striate.transfer.features import BATCH, Extractor, collect, measured
from striate.transfer.kept import Kept, key_of

GREY = Preprocess(1, 8, 8, mean=(0.3,), std=(0.4,))
CHANGE = Augmentation(shift=0.2, turn=20.0)
BODY = "input 1x8x8 > conv 6 > bn > relu > maxpool 2"


class Counting(nn.Module):
    """A body that counts the pictures it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.body = build(BODY)
        self.seen = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen += len(x)
        return self.body(x)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return load(find("digits"), GREY)


def test_features_are_the_mean_of_what_the_body_gives(pictures: Pictures) -> None:
    body = build(BODY)
    pixels = pictures.take([3, 4, 5])
    values = (torch.from_numpy(pixels).float() / 255 - 0.3) / 0.4
    with torch.inference_mode():
        expected = body.eval()(values).mean((2, 3)).numpy()
    found = Extractor(body, GREY, CHANGE).features(pixels)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_every_way_of_computing_gives_the_same_features_within_its_precision(
    pictures: Pictures,
) -> None:
    pixels = pictures.take(np.arange(8))
    ways = [Extractor(build(BODY), GREY, CHANGE, way=way).features(pixels) for way in WAYS]
    assert ways[1] == pytest.approx(ways[0], rel=1e-4, abs=1e-5)
    assert ways[2] == pytest.approx(ways[0], rel=0.03, abs=0.03)


def test_measuring_takes_one_of_the_ways_and_leaves_the_modes_as_they_were(
    pictures: Pictures,
) -> None:
    body = build(BODY).train()
    assert measured(Extractor(body, GREY, CHANGE), pictures.take([0, 1])).way in WAYS
    assert all(part.training for part in body.modules())


def test_versions_differ_and_are_the_same_whatever_the_order(pictures: Pictures) -> None:
    extractor = Extractor(build(BODY), GREY, CHANGE)
    order = np.array([9, 2, 5])
    found = collect(extractor, pictures, order, versions=3, kept=Kept(None))
    again = collect(extractor, pictures, order[::-1], versions=2, kept=Kept(None))
    assert found.shape == (3, 3, 6)
    assert found[::-1, :2] == pytest.approx(again, rel=1e-5, abs=1e-6)
    assert found[:, 0] == pytest.approx(extractor.features(pictures.take(order)), abs=1e-5)
    assert np.abs(found[:, 1] - found[:, 0]).max() > 0.01


def test_what_is_kept_is_not_computed_again(pictures: Pictures, tmp_path: Path) -> None:
    body = Counting()
    extractor = Extractor(body, GREY, CHANGE)
    first = collect(
        extractor, pictures, np.arange(50), versions=2, kept=Kept(tmp_path / "features" / "a")
    )
    assert body.seen == 100
    more = collect(
        extractor, pictures, np.arange(40, 60), versions=2, kept=Kept(tmp_path / "features" / "a")
    )
    assert body.seen == 120  # ten new pictures in two versions
    assert (more[:10] == first[40:]).all()


def test_progress_counts_rows_and_begins_with_what_is_there(pictures: Pictures) -> None:
    told: list[tuple[int, int]] = []
    store = Kept(None)
    extractor = Extractor(build(BODY), GREY, CHANGE)
    collect(extractor, pictures, np.arange(5), versions=1, kept=store)
    collect(
        extractor,
        pictures,
        np.arange(BATCH + 7),
        versions=1,
        kept=store,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(5, BATCH + 7), (5 + BATCH, BATCH + 7), (BATCH + 7, BATCH + 7)]


def test_equal_pictures_are_computed_in_one_row(pictures: Pictures) -> None:
    found = collect(
        Extractor(build(BODY), GREY, CHANGE),
        pictures,
        np.array([3, 3]),
        versions=1,
        kept=Kept(None),
    )
    assert (found[0] == found[1]).all()


def test_a_damaged_file_is_computed_again(pictures: Pictures, tmp_path: Path) -> None:
    folder = tmp_path / "body"
    body = Counting()
    extractor = Extractor(body, GREY, CHANGE)
    collect(extractor, pictures, np.arange(4), versions=1, kept=Kept(folder))
    (file,) = folder.glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    collect(extractor, pictures, np.arange(4), versions=1, kept=Kept(folder))
    assert body.seen == 8


def test_a_folder_that_cannot_be_written_is_said_and_does_not_end_the_work(
    pictures: Pictures, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Kept(tmp_path / "file" / "body")
    collect(Extractor(build(BODY), GREY, CHANGE), pictures, np.arange(3), versions=1, kept=store)
    assert "cannot be kept" in store.refused


def test_the_bodies_used_longest_ago_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "MOST", 3000)
    row = np.ones((1, 400), np.float32)
    for number, name in enumerate(("first", "second", "third")):
        store = Kept(tmp_path / name)
        store.add(np.array([number], np.uint64), 0, row)
        store.write()
        if name == "first":
            os.utime(tmp_path / name, (1, 1))
    assert not (tmp_path / "first").exists()
    assert (tmp_path / "third").exists()


def test_a_body_is_named_by_its_weights_text_and_settings() -> None:
    one, other = build(BODY, seed=0).state_dict(), build(BODY, seed=1).state_dict()
    names = {key_of(BODY, one), key_of(BODY, other), key_of("x", one), key_of(BODY, one, 0.5)}
    assert len(names) == 4
    assert key_of(BODY, one) == key_of(BODY, build(BODY, seed=0).state_dict())
