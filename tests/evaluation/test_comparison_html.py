"""The page of a comparison: one file, the verdict first, the images on which they differ."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from striate.evaluation.comparison import Comparison, ImageAnswers, ModelScores, make_page
from striate.evaluation.comparison.paired_comparison import compare_pairs
from striate.evaluation.comparison.shown_images import MOST, ShownImage, group_differing, take_shown

NAMES = ("old <b>", "new")


class Decoded:
    """Images of one pixel each, whose value is their index."""

    def __init__(self, n: int, side: int) -> None:
        self.shape = (n, 1, side, side)

    def take(self, indices: np.ndarray) -> np.ndarray:
        return np.full((len(indices), *self.shape[1:]), 1, np.uint8) * indices[
            :, None, None, None
        ].astype(np.uint8)


def made(first: str, second: str, truth: str, sure: float = 0.75) -> Comparison:
    right = [np.array([a == b for a, b in zip(own, truth, strict=True)]) for own in (first, second)]
    models = tuple(
        ModelScores(name, "from scratch", float(own.mean()), 0.1, 0.9, 1.0, 10, 20, 0.001, None)
        for name, own in zip(NAMES, right, strict=True)
    )
    images = tuple(
        ImageAnswers(f"{i}.png", truth[i], (first[i], second[i]), (sure + i / 1000, 0.5))
        for i in range(len(truth))
    )
    pairs = compare_pairs(NAMES, right)
    return Comparison("some images", len(truth), models, pairs, images, notes=("a note",))


def with_images(result: Comparison) -> Comparison:
    decoded = [Decoded(100, 2), Decoded(100, 8)]
    indices = np.arange(len(result.images)) + 50
    return replace(result, shown=take_shown(result.images, decoded, indices))  # type: ignore[arg-type]


def test_images_are_grouped_by_who_was_right_and_the_surest_mistakes_come_first() -> None:
    result = made("aabbbc", "abbbac", "abbbbd")
    assert group_differing(result.images) == {(True, False): [4], (False, True): [1]}
    result = made("a" * 30, "b" * 30, "b" * 30)
    assert group_differing(result.images)[False, True][:3] == [29, 28, 27]
    shown = with_images(result).shown
    assert len(shown) == MOST
    assert shown[0].answers.name == "29.png"
    assert shown[0].pixels.shape == (8, 8, 1)  # as the larger of the two sees it
    assert int(shown[0].pixels[0, 0, 0]) == 79


def test_the_page_says_the_verdict_and_shows_both_answers() -> None:
    result = with_images(made("a" * 30 + "b", "b" * 30 + "a", "b" * 31))
    page = make_page(result)
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)).replace("\N{NO-BREAK SPACE}", " ")
    assert "new is better than old" in words
    assert "Only new was right: 30, of which 12 are shown" in words
    assert "Only old &lt;b&gt; was right: 1" in words
    assert "true class b" in words
    assert page.count("data:image/png") == 13
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|<b>\"", page)
    assert "default-src 'none'" in page
    assert "A note" in words


def test_a_comparison_without_differences_has_a_page_too() -> None:
    page = make_page(with_images(made("ab", "ab", "ab")))
    assert "All gave the same answer to every image." in page


@pytest.mark.parametrize("right", [(True, False), (False, False)])
def test_who_was_right_is_known_of_each_image(right: tuple[bool, bool]) -> None:
    answers = tuple("a" if own else "b" for own in right)
    image = ImageAnswers("one.png", "a", answers, (0.5, 0.5))
    assert ShownImage(image, np.zeros((2, 2, 1), np.uint8)).right == right
