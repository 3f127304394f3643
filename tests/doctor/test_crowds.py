"""Many images of few things are one group each, and many of one kind are none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sklearn.neighbors import NearestNeighbors

from striate.doctor.grouping import neighbours
from striate.doctor.grouping.near import are_crowded, find_near_images, make_vectors
from striate.doctor.grouping.neighbours import NEIGHBOURS, find_neighbours
from striate.doctor.grouping.overlap import overlap
from striate.doctor.scan.fingerprints import THUMB

SIDE = 200  # pixels of a photograph, of which there are twelve
EACH = 25  # crops


def draw(numbers: np.random.Generator) -> Image.Image:
    """Draw light and dark of all sizes, as photographs have them."""
    layers = [
        Image.fromarray(numbers.normal(128, 90, (cells, cells)).clip(0, 255).astype(np.uint8))
        for cells in (5, 11, 23, 47)
    ]
    same = [np.asarray(each.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for each in layers]
    return Image.fromarray(np.mean(same, axis=0).astype(np.uint8))


def crops() -> tuple[np.ndarray, np.ndarray]:
    """Cut twelve photographs at random: thumbs uint8 (300, THUMB, THUMB), and of which they are."""
    numbers = np.random.default_rng(0)
    thumbs = []
    for _ in range(12):
        image = draw(numbers)
        for _ in range(EACH):
            side = int(numbers.uniform(0.8, 0.98) * SIDE)
            down, right = numbers.integers(0, SIDE - side, 2).tolist()
            made = image.crop((right, down, right + side, down + side))
            thumbs.append(np.asarray(made.resize((THUMB, THUMB), Image.Resampling.BOX)))
    return np.stack(thumbs), np.arange(len(thumbs)) // EACH


def features_of(kinds: np.ndarray) -> np.ndarray:
    """Make features that are alike within a kind, as vectors."""
    numbers = np.random.default_rng(1)
    centres = numbers.normal(size=(int(kinds.max()) + 1, 64))
    return make_vectors((centres[kinds] + numbers.normal(0, 0.3, (len(kinds), 64))).astype("f4"))


def test_crops_of_one_photograph_are_one_group() -> None:
    thumbs, photograph = crops()
    there = np.ones(len(thumbs), np.bool_)
    vectors = features_of(photograph)
    assert are_crowded(thumbs, there, vectors)
    found = find_near_images(thumbs, there, vectors=vectors, featured=there, alike=None)
    same = [photograph[one] == photograph[other] for one, other, _ in found.pairs]
    assert all(same)
    together = {index for one, other, _ in found.pairs for index in (one, other)}
    assert len(together) >= 0.95 * len(thumbs)


def test_images_of_one_kind_are_no_group() -> None:
    numbers = np.random.default_rng(2)
    some = np.stack([np.asarray(draw(numbers).resize((THUMB, THUMB))) for _ in range(96)])
    vectors = features_of(np.arange(96) // 24)
    there = np.ones(96, np.bool_)
    assert not are_crowded(some, there, vectors)
    found = find_near_images(some, there, vectors=vectors, featured=there, alike=None)
    assert not found.pairs


def test_overlap_is_that_of_a_shift_and_not_of_strangers() -> None:
    thumbs, photograph = crops()
    numbers = np.random.default_rng(0)
    one, other = numbers.integers(0, len(thumbs), (2, 400))
    alike = overlap(thumbs[one], thumbs[other])
    same = (photograph[one] == photograph[other]) & (one != other)
    assert np.median(alike[same]) > 0.8
    assert np.quantile(alike[photograph[one] != photograph[other]], 0.99) < 0.7
    assert overlap(thumbs[:1], thumbs[:1]) == pytest.approx(1, abs=1e-3)


def test_neighbours_are_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = features_of(np.random.default_rng(0).integers(0, 50, 1500))
    oracle = NearestNeighbors(n_neighbors=NEIGHBOURS + 1, algorithm="brute").fit(vectors)
    true = oracle.kneighbors(vectors, return_distance=False)[:, 1:]
    exact = find_neighbours(vectors)
    assert (np.sort(exact.of) == np.sort(true)).mean() > 0.99  # of equally near ones either
    expected = np.einsum("nv,nkv->nk", vectors, vectors[exact.of])
    np.testing.assert_allclose(exact.alike, expected, atol=1e-5)
    monkeypatch.setattr(neighbours, "EXACT", 500)
    dealt = find_neighbours(vectors)
    np.testing.assert_allclose(
        dealt.alike, np.einsum("nv,nkv->nk", vectors, vectors[dealt.of]), atol=1e-5
    )
    assert (np.diff(dealt.alike) <= 0).all()
    assert all(len(set(row)) == NEIGHBOURS for row in dealt.of.tolist())
    found = [np.isin(row, near).mean() for row, near in zip(true, dealt.of, strict=True)]
    assert np.mean(found) > 0.9
