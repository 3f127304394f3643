"""The scan of a data set: what is read again, what is kept, which images show the same."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from photographs import COPIES, pieces
from PIL import ExifTags, Image

from striate.data import find
from striate.doctor.image_signs import hash_grey
from striate.doctor.scan import scanning
from striate.doctor.scan.alignment import align, look_first, near
from striate.doctor.scan.file_signs import DRAFT, MEASURED, measure_image
from striate.doctor.scan.fingerprints import CHANGES, Change, fingerprint, resample
from striate.doctor.scan.near_copies import MOVED, NearCopies, find_near_copies, group_equal, join
from striate.doctor.scan.scanning import Scan, scan


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "photographs"
    for number, image in enumerate(pieces()):
        place = folder / ("one" if number % 2 else "other")
        place.mkdir(parents=True, exist_ok=True)
        image.save(place / f"{number:02}.png")
    return folder


def look(folder: Path) -> tuple[Scan, NearCopies, tuple[str, ...]]:
    collection = find(folder)
    scanned = scan(collection)
    return scanned, find_near_copies(scanned.signs, scanned.readable), collection.names


SHOWN = (3, 4, 6, 8, 13, 16)


def test_copies_of_every_kind_are_found_and_nothing_else(photographs: Path) -> None:
    copies = {
        f"other/{kind} {number:02}.png": change(pieces()[number])
        for place, (kind, change) in enumerate(COPIES.items())
        for number in (SHOWN[place % 6], SHOWN[(place + 3) % 6])
    }
    for name, copy in copies.items():
        copy.save(photographs / name)
    _, near_copies, names = look(photographs)
    pairs = [(names[pair.first], names[pair.second]) for pair in near_copies.pairs]
    assert [pair for pair in pairs if pair[0][-6:] != pair[1][-6:]] == []
    assert copies.keys() <= {name for pair in pairs for name in pair}


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(COPIES))
def test_a_copy_is_found_and_nothing_else(photographs: Path, kind: str) -> None:
    for number in SHOWN:
        COPIES[kind](pieces()[number]).save(photographs / "other" / f"copy-of-{number:02}.png")
    _, near_copies, names = look(photographs)
    told = {
        tuple(sorted((names[pair.first][-6:], names[pair.second][-6:])))
        for pair in near_copies.pairs
    }
    assert told == {(f"{number:02}.png",) * 2 for number in SHOWN}


def test_what_was_done_to_a_copy_is_said(photographs: Path) -> None:
    COPIES["mirrored"](pieces()[4]).save(photographs / "other" / "copy.png")
    _, found, _ = look(photographs)
    assert [pair.describe().split(";")[0] for pair in found.pairs] == ["mirrored"]


def test_random_pairs_say_what_is_alike(photographs: Path) -> None:
    _, found, _ = look(photographs)
    mean, highest = found.strangers
    assert found.pairs == () and mean < highest < found.alike + MOVED


def test_only_files_that_changed_are_read_again(photographs: Path) -> None:
    first, _, names = look(photographs)
    changed = photographs / names[3]
    pieces()[0].resize((90, 70)).save(changed)
    os.utime(changed, ns=(1, 1))
    (photographs / names[5]).unlink()
    second, _, kept = look(photographs)
    assert first.again == 18 and second.again == 1 and len(kept) == 17
    row = second.signs[kept.index(names[3])]
    assert (int(row["rows"]), int(row["columns"])) == (70, 90)
    others = [name for name in kept if name != names[3]]
    np.testing.assert_array_equal(
        second.signs[[kept.index(name) for name in others]],
        first.signs[[names.index(name) for name in others]],
    )


def test_all_are_read_again_where_images_are_measured_otherwise(
    photographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(photographs)
    monkeypatch.setattr(scanning, "MEASURED", MEASURED + 1)
    assert look(photographs)[0].again == 18


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff"])
def test_a_turned_file_is_measured_upright(tmp_path: Path, ending: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    pieces()[3].save(tmp_path / f"turned.{ending}", exif=exif)
    signs = measure_image(tmp_path / f"turned.{ending}").signs
    assert signs[["mode", "orientation", "rows", "columns"]].tolist() == ("RGB", 6, 200, 150)


@pytest.mark.parametrize("number", range(0, 18, 3))
def test_a_jpeg_that_is_decoded_smaller_has_nearly_the_same_hashes(number: int) -> None:
    image = pieces()[number].resize((500, 375), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    whole, reduced = (measure_image(each).signs for each in (image, file.getvalue()))
    assert DRAFT.reduction(375, 500) == 4
    assert np.abs(whole["thumb"].astype(float) - reduced["thumb"]).mean() < 2
    both = hash_grey(np.stack([whole["thumb"], reduced["thumb"]]).astype(np.float32))
    assert int(np.bitwise_count(both[0] ^ both[1])) <= 2


def test_a_file_that_cannot_be_read_is_told_again_without_being_read(photographs: Path) -> None:
    (photographs / "one" / "broken.png").write_bytes(b"no image at all")
    first, _, _ = look(photographs)
    second, _, _ = look(photographs)
    assert first.unreadable == second.unreadable and second.again == 0
    assert [each.name for each in first.unreadable] == ["one/broken.png"]


def test_a_scan_that_is_stopped_goes_on(photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "BATCH", 4)

    def stop(done: int, total: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(find(photographs), progress=stop)
    rest = scan(find(photographs))
    assert rest.again == 10 and rest.signs["readable"].all()


def test_a_damaged_record_is_made_anew(photographs: Path, tmp_path: Path) -> None:
    first, _, _ = look(photographs)
    (kept,) = (tmp_path / "cache" / "scans").glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:500])
    again, _, _ = look(photographs)
    assert again.again == 18
    np.testing.assert_array_equal(again.signs, first.signs)


def test_images_of_nothing_are_never_alike(tmp_path: Path) -> None:
    signs = np.stack([measure_image(np.full((80, 80), 100 + n, np.uint8)).signs for n in range(5)])
    assert find_near_copies(signs, np.arange(5)).pairs == ()


def test_small_digits_are_never_alike() -> None:
    scanned = scan(find("digits").only(np.arange(300)))
    assert find_near_copies(scanned.signs, scanned.readable).pairs == ()


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_every_change_is_undone_by_laying_it_over(change: Change) -> None:
    image = pieces()[11]
    wide = 200 / 150
    copy = image.rotate(change.degrees, resample=Image.Resampling.BICUBIC)
    down, across = ((1 - share) / 2 for share in change.shares)
    copy = copy.crop(
        (
            round(200 * across * (1 + change.right)),
            round(150 * down * (1 + change.down)),
            round(200 * (1 - across * (1 - change.right))),
            round(150 * (1 - down * (1 - change.down))),
        )
    )
    copy = copy.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if change.mirrored else copy
    own, other, stranger = (
        measure_image(each).signs["thumb"] for each in (image, copy, pieces()[2])
    )
    assert align(own, other, (wide, wide), near(change)) > 0.8
    assert align(own, stranger, (wide, wide), near(change)) < 0.5


@pytest.mark.parametrize("change", [CHANGES[4], CHANGES[13], CHANGES[17], CHANGES[-1]], ids=str)
def test_pairs_looked_at_together_are_as_alike_as_each_alone(change: Change) -> None:
    thumbs = np.stack([measure_image(each).signs["thumb"] for each in pieces()[:6]])
    shapes = np.linspace(0.7, 1.5, 12).reshape(6, 2)
    together = look_first(thumbs, thumbs[::-1], shapes, change)
    alone = [
        look_first(one[None], other[None], shape[None], change)[0]
        for one, other, shape in zip(thumbs, thumbs[::-1], shapes, strict=True)
    ]
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize(
    "shares", [(0.18, 0.02, 0.03, 0.1), (0.02, 0.18, 0.1, 0.03), (0.25, 0, 0, 0)]
)
def test_copies_that_were_cut_unevenly_are_laid_over(shares: tuple[float, ...]) -> None:
    left, top, right, bottom = shares
    image = pieces()[11]
    copy = image.crop(
        (round(200 * left), round(150 * top), round(200 * (1 - right)), round(150 * (1 - bottom)))
    )
    own, other, stranger = (
        measure_image(each).signs["thumb"] for each in (image, copy, pieces()[2])
    )
    both = (200 / 150, copy.width / copy.height)
    change = Change(0.85, down=-1, right=1)
    assert align(own, other, both, near(change), rounds=4) > 0.85
    assert align(own, stranger, both, near(change), rounds=4) < 0.5


def test_groups_of_equal_files_and_of_pairs() -> None:
    digests = np.array([[1] * 16, [2] * 16, [1] * 16, [2] * 16, [3] * 16], np.uint8)
    assert group_equal(digests) == [[0, 2], [1, 3]]
    assert join([(5, 6), (1, 2), (2, 5), (8, 9)]) == [[1, 2, 5, 6], [8, 9]]


@pytest.mark.parametrize("proportion", [0.75, 1.0, 1.5])
def test_turns_at_once_are_the_turns_one_by_one(proportion: float) -> None:
    thumb = np.asarray(pieces()[4].convert("L").resize((48, 48)), np.uint8)
    hashes = fingerprint(thumb[None], np.array([proportion]))[0]
    turns = [place for place, change in enumerate(CHANGES) if change.degrees]
    assert len(turns) == 20
    for place in turns:
        alone = hash_grey(resample(thumb, CHANGES[place], proportion)[None])[0]
        assert int(np.bitwise_count(hashes[place] ^ alone)) <= 2  # bits at the median may round
