"""Loading: in memory, mapped or streamed, it is the same; batches end cleanly."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.data import Collection, Images, find, load, prefetch
from striate.data.images import Preprocess
from striate.errors import DataError

FITTED = Preprocess(3, 12, 12)


@pytest.fixture
def data(tmp_path: Path) -> Collection:
    generator = np.random.default_rng(0)
    for kind in ("a", "b"):
        (tmp_path / "set" / kind).mkdir(parents=True)
        for index in range(10):
            pixels = generator.integers(0, 256, (9, 14, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / kind / f"{index}.png")
    (tmp_path / "set" / "a" / "3.png").write_bytes(b"broken")
    (tmp_path / "set" / "b" / "4.png").write_bytes((tmp_path / "set/b/5.png").read_bytes()[:200])
    return find(tmp_path / "set")


def test_memory_mapped_and_streamed_are_the_same(data: Collection, tmp_path: Path) -> None:
    kept = load(data, FITTED)
    mapped = load(data, FITTED, memory=100, cache=tmp_path / "cache")
    streamed = load(data, FITTED, memory=100)
    assert [each.mode for each in (kept, mapped, streamed)] == ["memory", "mapped", "streamed"]
    usable = np.flatnonzero(kept.usable)
    assert len(usable) == 18
    first = kept.take(usable)
    assert first.shape == (18, 3, 12, 12)
    for other in (mapped, streamed):
        assert np.array_equal(other.take(usable), first)
        assert np.array_equal(other.hashes, kept.hashes)
        assert np.array_equal(other.usable, kept.usable)
        assert other.skipped == kept.skipped
        assert len(other.notes) == 1
        other.close()
    for index in usable.tolist():
        assert np.array_equal(kept.take([index])[0], FITTED.pixels(data.open(index)))


def test_hashes_are_of_the_pixels_and_fixed(data: Collection) -> None:
    images = load(data, FITTED)
    for index in np.flatnonzero(images.usable)[:3].tolist():
        pixels = images.take([index])[0].tobytes()
        digest = hashlib.blake2b(pixels, digest_size=8).digest()
        assert int(images.hashes[index]) == int.from_bytes(digest, "little")
    assert not images.hashes[~images.usable].any()


def test_what_cannot_be_read_is_named_with_its_reason(data: Collection) -> None:
    images = load(data, FITTED)
    assert [each.name for each in images.skipped] == ["a/3.png", "b/4.png"]
    assert all(each.reason for each in images.skipped)
    with pytest.raises(DataError, match=r"'a/3.png' is not usable"):
        images.take([0, 3])


def test_a_mapped_file_is_found_again_unless_something_changed(
    data: Collection, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    load(data, FITTED, memory=0, cache=cache).close()
    (made,) = cache.iterdir()
    stamp = (made / "pixels.npy").stat().st_mtime_ns
    load(data, Preprocess(3, 12, 12, mean=(0.5,) * 3), memory=0, cache=cache).close()
    assert (made / "pixels.npy").stat().st_mtime_ns == stamp
    assert len(list(cache.iterdir())) == 1
    load(data, Preprocess(3, 12, 13), memory=0, cache=cache).close()
    assert len(list(cache.iterdir())) == 2
    Image.new("L", (3, 3)).save(tmp_path / "set" / "a" / "3.png")
    with load(data, FITTED, memory=0, cache=cache) as changed:
        assert changed.usable[3]


def test_streaming_notices_what_changes_meanwhile(data: Collection, tmp_path: Path) -> None:
    with load(data, FITTED, memory=0) as streamed:
        Image.new("L", (3, 3)).save(tmp_path / "set" / "a" / "1.png")
        (tmp_path / "set" / "a" / "2.png").unlink()
        with pytest.raises(DataError, match="has changed since it was first read"):
            streamed.take([1])
        with pytest.raises(DataError, match="could be read before and now cannot"):
            streamed.take([2])


def test_progress_is_told_and_ends_at_the_total(data: Collection) -> None:
    told: list[tuple[int, int]] = []
    load(data, FITTED, progress=lambda done, total: told.append((done, total)), threads=3)
    assert told == [(done, 20) for done in range(1, 21)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(5, 6, 7), (5, 6, 7, 3), (5, 6, 7, 4)])
@pytest.mark.parametrize("size", [(6, 7), (9, 9)])
def test_arrays_come_out_as_each_image_would(
    channels: int, shape: tuple[int, ...], size: tuple[int, int]
) -> None:
    content = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    names = tuple(map(str, range(5)))
    data = Collection("x", "npz", ("a",), names, np.zeros(5, np.int64), ("",) * 5, content=content)
    fitted = Preprocess(channels, *size)
    images = load(data, fitted)
    expected = np.stack([fitted.pixels(each) for each in content])
    assert np.array_equal(images.take(range(5)), expected)


def test_nothing_readable_is_refused(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("words")
    with pytest.raises(DataError, match="none of the 2 files"):
        load(find(tmp_path), FITTED)


def test_odd_images_that_are_used_are_noted(data: Collection, tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "set" / "a" / "1.png")
    images = load(data, FITTED)
    assert images.remarks[0].name == "a/1.png"
    assert "1 image is odd but used" in images.notes[0]


def test_mnist_loads_in_about_a_second(shared: Callable[[str], Path]) -> None:
    folder = shared("data/mnist")
    start = time.perf_counter()
    images = load(find(folder), Preprocess(1, 28, 28))
    seconds = time.perf_counter() - start
    assert images.shape == (70_000, 1, 28, 28)
    assert len(np.unique(images.hashes)) == 70_000
    assert seconds < 10  # 0.8 s where nothing else runs


# ---------------------------------------------------------------- batches


def running() -> int:
    return sum(thread.name.startswith("striate-") for thread in threading.enumerate())


def groups(order: np.ndarray, size: int) -> list[np.ndarray]:
    return [order[start : start + size] for start in range(0, len(order), size)]


def test_batches_cover_the_order_once(data: Collection) -> None:
    images = load(data, FITTED)
    order = np.random.default_rng(0).permutation(np.flatnonzero(images.usable))
    got = list(prefetch(images, groups(order, 4)))
    assert np.array_equal(np.concatenate([indices for indices, _ in got]), order)
    assert [len(pixels) for _, pixels in got] == [4, 4, 4, 4, 2]
    assert all(np.array_equal(pixels, images.take(indices)) for indices, pixels in got)
    assert list(prefetch(images, [])) == []


@pytest.mark.parametrize("memory", [0, 10**9])
def test_batches_that_are_left_early_leave_no_thread(data: Collection, memory: int) -> None:
    before = running()
    with load(data, FITTED, memory=memory) as images:
        going = prefetch(images, groups(np.flatnonzero(images.usable), 2))
        next(going)
        going.close()
    assert running() == before


def test_an_error_while_preparing_reaches_the_loop(data: Collection) -> None:
    before = running()
    with load(data, FITTED) as images:
        seen = []
        with pytest.raises(DataError, match="not usable"):
            for indices, _ in prefetch(images, groups(np.arange(20), 1)):
                seen.append(int(indices[0]))
    assert seen == [0, 1, 2]
    assert running() == before


def test_closing_lets_go_of_everything(data: Collection, tmp_path: Path) -> None:
    before = running()
    images: Images = load(data, FITTED, memory=0, cache=tmp_path / "cache")
    images.close()
    images.close()
    assert running() == before
