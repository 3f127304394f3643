"""Which images of a run belong together, and that they never stand on two sides."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photographs import COPIES, pieces
from PIL import ExifTags, Image

from striate.data import Collection, find, load, split_stratified
from striate.data.images import Preprocess
from striate.doctor.grouping import finding
from striate.doctor.grouping.dates import read_dates
from striate.doctor.grouping.finding import Features, FoundGroups, find_groups, is_known
from striate.doctor.grouping.near import find_near_images, make_vectors
from striate.doctor.grouping.sequences import Proposal, join_neighbours, propose
from striate.doctor.grouping.thumbs import Thumbs
from striate.doctor.scan.fingerprints import THUMB

CROP = Preprocess(height=96, width=96, fit="crop")


@pytest.fixture(autouse=True)
def own_cache_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eighteen different photographs in two classes, under names that do not count."""
    path = tmp_path / "photographs"
    for number, image in enumerate(pieces()):
        place = path / ("one" if number % 2 else "other")
        place.mkdir(parents=True, exist_ok=True)
        image.save(place / f"{chr(97 + number) * 3}.png")
    return path


def group(path: Path, preprocess: Preprocess = CROP) -> tuple[Collection, FoundGroups]:
    collection = find(path)
    thumbs = Thumbs(len(collection), preprocess)
    images = load(collection, preprocess, watch=thumbs)
    found = find_groups(collection, images, thumbs, None, alike=None)
    return collection, found


@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
@pytest.mark.parametrize("kind", ["recompressed", "resized", "mirrored"])
def test_planted_copies_are_grouped_and_nothing_else(folder: Path, kind: str, fit: str) -> None:
    for number in (3, 4, 6, 8, 13, 16):
        COPIES[kind](pieces()[number]).save(folder / "other" / f"copy of {chr(97 + number)}.png")
    collection, found = group(folder, Preprocess(height=96, width=96, fit=fit))  # type: ignore[arg-type]
    together = {
        tuple(sorted(collection.names[index][-5] for index in members))
        for members in found.groups.members()
    }
    assert together == {(letter, letter) for letter in "degiqn"}


def test_copies_never_stand_on_two_sides(folder: Path) -> None:
    show = (3, 4, 6, 8, 13, 16)
    for number in show:
        for kind in ("recompressed", "mirrored"):
            label = "one" if number % 2 else "other"
            COPIES[kind](pieces()[number]).save(folder / label / f"{kind} {chr(97 + number)}.png")
    collection, found = group(folder)
    images = load(collection, CROP)
    assert len(found.groups.members()) == len(show)
    for seed in range(20):
        split = split_stratified(collection, images, seed=seed, groups=found.groups)
        letters = [
            {collection.names[index][-5] for index in part} for part in (split.train, split.val)
        ]
        assert not letters[0] & letters[1]
        # drawn at random they do
        alone = split_stratified(collection, images, seed=seed)
        letters = [
            {collection.names[index][-5] for index in part} for part in (alone.train, alone.val)
        ]
        assert letters[0] & letters[1]


def test_turned_and_cut_copies_are_found_by_features(folder: Path) -> None:
    for number in (3, 6, 8, 13):
        COPIES["turned"](pieces()[number]).save(folder / "other" / f"turned {chr(97 + number)}.png")
        COPIES["cut"](pieces()[number]).save(folder / "other" / f"cut {chr(97 + number)}.png")
    collection = find(folder)
    thumbs = Thumbs(len(collection), CROP)
    images = load(collection, CROP, watch=thumbs)
    # as a backbone would have them: the same numbers, nearly, for what shows the same
    numbers = np.random.default_rng(0)
    of_letter = {letter: numbers.normal(size=64) for letter in "abcdefghijklmnopqr"}
    features = np.stack(
        [of_letter[name[-5]] + numbers.normal(0, 0.3, 64) for name in collection.names]
    ).astype(np.float32)
    there = np.ones(len(collection), np.bool_)
    with_features = find_near_images(
        thumbs.values, there, vectors=make_vectors(features), featured=there, alike=None
    )
    without = find_near_images(thumbs.values, there, vectors=None, featured=~there, alike=None)
    found = {
        frozenset((collection.names[one][-5], collection.names[other][-5]))
        for one, other, _ in with_features.pairs
    }
    assert found == {frozenset(letter) for letter in "dgin"}
    assert len(with_features.pairs) >= 7 > len(without.pairs)
    known = Features(there, make_vectors(features))
    whole = find_groups(collection, images, thumbs, known, alike=None)
    assert not whole.lacking


def test_names_that_count_are_one_group_only_where_neighbours_are_alike(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0)
    names = tuple(f"cat/cat_{index:03}.jpg" for index in range(300))
    cats = Collection("x", "folder", ("cat",), names, np.zeros(300, np.int64), ("",) * 300)
    proposals = propose(cats, {})
    assert proposals == [Proposal("name", tuple(range(300)))]
    everything = np.ones(300, np.bool_)
    strangers = make_vectors(numbers.normal(size=(300, 64)).astype(np.float32))
    joined = join_neighbours(cats, proposals, strangers, everything)
    assert len(joined) < 0.03 * 2 * 300  # 1 % of the pairs, by how random pairs are drawn
    drifting = np.repeat(numbers.normal(size=(30, 64)), 10, axis=0) + numbers.normal(
        0, 0.3, (300, 64)
    )
    bursts = make_vectors(drifting.astype(np.float32))
    joined = join_neighbours(cats, proposals, bursts, everything)
    same = [one // 10 == other // 10 for one, other, _ in joined]
    assert sum(same) >= 0.98 * 30 * (9 + 8) and len(same) - sum(same) <= 6
    assert joined[0][2] == "name: beside 'cat/cat_000.jpg'"


def test_numbers_that_do_not_count_propose_nothing() -> None:
    numbers = np.random.default_rng(0).choice(10**6, 50, replace=False)
    names = tuple(f"cat/{number}.jpg" for number in numbers)
    cats = Collection("x", "folder", ("cat",), names, np.zeros(50, np.int64), ("",) * 50)
    assert propose(cats, {}) == []


def test_sub_folders_propose() -> None:
    names = ("a/x/1.jpg", "a/y/b.jpg", "a/x/w.jpg", "b/1.jpg", "b/w.jpg")
    data = Collection("s", "folder", ("a", "b"), names, np.array([0, 0, 0, 1, 1]), ("",) * 5)
    assert propose(data, {}) == [Proposal("folder", (0, 2))]


def test_a_burst_is_known_by_its_dates(tmp_path: Path) -> None:
    place = tmp_path / "cats"
    place.mkdir()
    for number, (seconds, part) in enumerate(((10, "2"), (10, "9"), (11, "0"), (59, "0"))):
        exif = Image.Exif()
        told = exif.get_ifd(ExifTags.IFD.Exif)
        told[ExifTags.Base.DateTimeOriginal] = f"2026:11:30 12:00:{seconds}"
        told[ExifTags.Base.SubsecTimeOriginal] = part
        pieces()[number].save(place / f"{chr(97 + number)}.jpg", exif=exif)
    (tmp_path / "dogs").mkdir()
    pieces()[5].save(tmp_path / "dogs" / "e.jpg")
    collection = find(tmp_path)
    dates, complete = read_dates(collection)
    assert complete and sorted(dates) == [0, 1, 2, 3]
    assert dates[1] - dates[0] == pytest.approx(0.7, abs=1e-3)
    assert [each.indices for each in propose(collection, dates)] == [(0, 1, 2)]


def test_a_damaged_date_is_none_and_nothing_is_written_of_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cats").mkdir()
    cut_off = b"Exif\0\0II*\0\x08\0\0\0\x05\0"
    pieces()[0].save(tmp_path / "cats" / "a.jpg", exif=cut_off)
    assert read_dates(find(tmp_path)) == ({}, True)
    assert capfd.readouterr() == ("", "")


def test_what_was_found_is_kept_for_these_very_images(folder: Path) -> None:
    COPIES["resized"](pieces()[3]).save(folder / "other" / "copy.png")
    _, first = group(folder)
    collection = find(folder)
    images = load(collection, CROP)
    blind = Thumbs(len(collection), CROP)
    images.mode = "streamed"  # nothing is read again
    again = find_groups(collection, images, blind, None, alike=None)
    assert np.array_equal(again.groups.of, first.groups.of) and again.groups.why == first.groups.why
    images.hashes[0] += np.uint64(1)
    other = find_groups(collection, images, blind, None, alike=None)
    assert not other.groups.members() and other.lacking == "near copies"


def test_what_took_too_long_is_not_lost_when_nothing_is_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    COPIES["resized"](pieces()[3]).save(folder / "other" / "copy.png")
    collection = find(folder)
    thumbs = Thumbs(len(collection), CROP)
    images = load(collection, CROP, watch=thumbs)
    there = np.ones(len(collection), np.bool_)
    numbers = np.random.default_rng(0).normal(size=(len(collection), 64)).astype(np.float32)
    some, every = (Features(there, make_vectors(numbers)) for _ in range(2))
    some = replace(some, there=there & (np.arange(len(there)) > 0), values=some.values[1:])
    near = find_near_images

    def stop_early(*given: Any, **named: Any) -> Any:
        return replace(near(*given, **named), complete=False)

    monkeypatch.setattr(finding, "find_near_images", stop_early)
    first = find_groups(collection, images, thumbs, every, alike=None)
    assert first.lacking == "further near copies" and is_known(collection, images, None)
    images.mode, blind = "streamed", Thumbs(len(collection), CROP)
    again = find_groups(collection, images, blind, every, alike=None)
    assert len(again.groups.members()) == len(first.groups.members()) == 1
    # with features of some only, they are found anew as soon as there are all, if images are read
    images.hashes[0] += np.uint64(1)
    partly = find_groups(collection, images, thumbs, some, alike=None)
    assert partly.wants_features and not is_known(collection, images, None)
    assert find_groups(collection, images, blind, every, alike=None).lacking == partly.lacking
    assert find_groups(collection, images, thumbs, every, alike=None).lacking == first.lacking


def test_memory_is_that_of_small_images_not_of_their_arithmetic() -> None:
    def peak(n: int) -> int:
        thumbs = np.random.default_rng(0).integers(0, 256, (n, THUMB, THUMB), np.uint8)
        tracemalloc.start()
        find_near_images(
            thumbs,
            np.ones(n, np.bool_),
            vectors=None,
            featured=np.zeros(n, np.bool_),
            alike=0.9,
        )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    in_float32 = 1000 * THUMB * THUMB * 4
    assert peak(3000) - peak(2000) < in_float32
