"""Strokes are laid as training images lie, traced back from images, and compared with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from striate.backends.torch import build
from striate.data import find
from striate.data.images import Preprocess
from striate.model.classifier import Classifier
from striate.studio_app.drawing.handwritings import add_hands
from striate.studio_app.drawing.likeness import learn_likeness, to_input
from striate.studio_app.drawing.skeleton import find_strokes, thin, trace
from striate.studio_app.drawing.strokes import DIGITS, MNIST, lay, set_upright

RING = [np.stack([np.cos(t := np.linspace(0, 6.4, 60)), 1.4 * np.sin(t)], axis=1)]
SLANT = [np.array([[2.0, 0.0], [0.0, 6.0]]), np.array([[0.5, 5.0], [0.6, 5.1]])]


@pytest.mark.parametrize("strokes", [RING, SLANT])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (37.0, -400.0), (0.02, 0.5)])
def test_size_and_place_of_a_drawing_do_not_matter(
    strokes: list[np.ndarray], scale: float, shift: float
) -> None:
    for layout in (MNIST, DIGITS):
        moved = [each * scale + shift for each in strokes]
        np.testing.assert_allclose(lay(moved, layout), lay(strokes, layout), atol=26)


def test_mnist_s_box_is_20_pixels_and_its_centre_of_mass_the_middle() -> None:
    hook = [np.array([[0.0, 0.0], [0.0, 9.0], [6.0, 9.0]])]
    image = lay(hook, MNIST).astype(float)
    rows, columns = np.nonzero(image > 100)
    assert np.ptp(rows) + 1 == 20 and np.ptp(columns) + 1 < 20
    down, across = ((np.arange(28) * image.sum(axis)).sum() / image.sum() for axis in (1, 0))
    assert abs(down - 14) <= 0.5 and abs(across - 14) <= 0.5


def test_scikit_learn_s_digits_are_counted_in_blocks_of_16_and_stand_upright() -> None:
    image = lay(SLANT[:1], DIGITS)
    assert image.shape == (8, 8)
    counted = image.astype(float) * 16 / 255
    np.testing.assert_allclose(counted, np.rint(counted), atol=0.04)
    filled = image > 127
    assert filled.any(axis=1).all() and filled.any(axis=0).sum() <= 2


@pytest.mark.slow
def test_the_pen_and_the_ink_are_those_of_the_training_images(
    shared: Callable[[str], Path],
) -> None:
    """The mean of redrawn images is that of the images."""
    for source, layout in ((str(shared("data/mnist")), MNIST), ("digits", DIGITS)):
        images = find(source).content
        assert isinstance(images, np.ndarray)
        some = images[:: len(images) // 100]
        redrawn = [lay(find_strokes(each / 255), layout) for each in some]
        assert np.mean(redrawn) == pytest.approx(some.mean(), rel=0.07)


def test_middle_lines_are_one_pixel_wide_and_keep_holes_and_parts() -> None:
    from scipy import ndimage

    mask = np.zeros((30, 60), bool)
    mask[3:27, 3:27] = True
    mask[10:20, 10:20] = False
    mask[12:18, 34:56] = True
    lines = thin(mask)
    around = np.ones((3, 3))
    assert ndimage.label(lines, around)[1] == ndimage.label(mask, around)[1] == 2
    assert ndimage.label(~lines)[1] == ndimage.label(~mask)[1] == 2
    assert not (lines[:-1, :-1] & lines[1:, :-1] & lines[:-1, 1:] & lines[1:, 1:]).any()
    assert (lines <= mask).all()


def test_strokes_pass_every_pixel_of_the_lines() -> None:
    lines = np.zeros((12, 12), bool)
    lines[5, 1:11] = lines[1:11, 5] = True
    visited = {(int(y), int(x)) for stroke in trace(lines) for x, y in stroke}
    assert visited == {(int(r), int(c)) for r, c in np.argwhere(lines)}
    first, *rest = trace(lines)
    assert np.ptp(first[:, 1]) == 9 and len(rest) == 2  # one straight on, the other meets it


def test_an_upright_digit_stays_as_it_is() -> None:
    bar = [np.array([[1.0, 0.0], [1.0, 8.0]])]
    np.testing.assert_allclose(set_upright(bar)[0], bar[0])


def test_digits_are_drawn_anew_on_their_own_side_of_the_split() -> None:
    digits = find("digits")
    few = digits.only(np.arange(0, len(digits), 20))
    found = add_hands(few, copies=2)
    assert isinstance(found.content, np.ndarray) and isinstance(few.content, np.ndarray)
    train = np.flatnonzero(np.array(few.splits) == "train")
    assert len(found) == len(few) + 2 * len(train)
    assert found.splits.count("test") == few.splits.count("test")
    np.testing.assert_array_equal(found.content[: len(few)], few.content)
    kept = dict(zip(found.names, zip(found.splits, found.labels, strict=True), strict=True))
    for place, at in enumerate(train):
        anew = found.content[len(few) + place]
        assert kept[f"{few.names[at]}, drawn anew 1"] == kept[few.names[at]]
        assert (anew != found.content[len(few) + len(train) + place]).any()
    assert found.content[len(few) :].mean() == pytest.approx(few.content.mean(), rel=0.1)
    again = add_hands(few, copies=2)
    np.testing.assert_array_equal(found.content, again.content)


def test_what_is_unlike_the_training_images_is_told_by_distance_and_by_length() -> None:
    text = "input 1x8x8 classes=10 > flatten > fc"
    classes = tuple(str(digit) for digit in range(10))
    model = Classifier(build(text), text, classes, Preprocess(1, 8, 8, mean=(0.3,), std=(0.4,)))
    known = learn_likeness(model, "digits")
    assert known.n == 200 and 0 <= known.correct <= known.n
    verdicts = [known.judge(to_input(model, lay(each, DIGITS)), each) for each in known.strokes]
    assert np.mean([each.unlike for each in verdicts]) == pytest.approx(0.05, abs=0.01)
    maze = [np.random.default_rng(0).random((60, 2))]
    found = known.judge(to_input(model, lay(maze, DIGITS)), maze)
    assert found.unlike and found.length > 1
