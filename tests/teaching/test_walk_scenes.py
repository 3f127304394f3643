"""The walk from pixels to a class shows the numbers of the worked path, in their places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from striate.render.scene import Grid
from striate.teaching.convolution import convolve
from striate.teaching.worked_path import work_through
from striate.teaching.worked_path.path import WorkedPath
from striate.teaching.worked_path.walk_scenes import Mosaic, animate_path, make_walk

SMILE = "0000000/0100010/0000000/0001000/0100010/0011100/0000000"


def walk(network: str, image: Any, **more: Any) -> WorkedPath:
    given = {"parameters": None, "seed": 1, "classes": (), "label": None, "learning_rate": None}
    return work_through(image, network, **(given | more))


def numbers(grid: Any) -> np.ndarray:
    assert isinstance(grid, Grid)
    read = [[float(text.replace("−", "-") or "nan") for text in row] for row in grid.texts]
    return np.array(read)


@pytest.fixture(scope="module")
def smile() -> WorkedPath:
    found = convolve(SMILE, "0 0 1; 1 0 0; 0 1 1").relu()
    network = "maxpool 2 > flatten > fc 2 > softmax"
    return walk(network, found, classes=("smile", "frown"), label="smile")


def test_every_layer_is_walked_in_order_then_the_loss_and_a_step(smile: WorkedPath) -> None:
    titles = list(dict.fromkeys(scene.title for scene, _ in make_walk(smile)))
    assert titles == [
        *(f"{step.address}: {step.word}" for step in smile.steps[1:]),
        "cross-entropy: the class is smile",
        "one step of gradient descent",
    ]


def test_marks_lie_on_what_is_read_and_on_what_is_made(smile: WorkedPath) -> None:
    scenes = [scene for scene, _ in make_walk(smile) if scene.title.startswith("maxpool1")]
    step = smile.step("maxpool1")
    for number, scene in enumerate(scenes):
        ((top, left, bottom, right),) = scene.before.marks
        under = numbers(scene.before)[top:bottom, left:right]
        assert under.shape == (2, 2)
        assert under.max() == step.values.ravel()[number]
        assert scene.arithmetic[-1][0] == f"= {step.values.ravel()[number]:g}"
        assert scene.after is not None
        (mark,) = scene.after.marks
        assert numbers(scene.after)[mark[0], mark[1]] == step.values.ravel()[number]
        assert (~np.isnan(numbers(scene.after))).sum() == number + 1


def test_a_convolution_shows_its_patch_times_its_kernel(smile: WorkedPath) -> None:
    scene, _ = next(pair for pair in make_walk(smile) if pair[0].captions[1] == "value 17 of 25")
    patch, _, kernel = scene.arithmetic[0]
    assert (numbers(kernel) == [[0, 0, 1], [1, 0, 0], [0, 1, 1]]).all()
    assert (numbers(patch) * numbers(kernel)).sum() == smile.steps[1].values.ravel()[16] == 4
    ((top, left, bottom, right),) = scene.before.marks
    assert (numbers(scene.before)[top:bottom, left:right] == numbers(patch)).all()


def test_the_end_says_the_classes_and_both_losses(smile: WorkedPath) -> None:
    scenes = [scene for scene, _ in make_walk(smile)]
    softmax = [scene for scene in scenes if scene.title.startswith("softmax1")]
    assert [scene.captions[1] for scene in softmax] == [
        "value 1 of 2: smile",
        "value 2 of 2: frown",
    ]
    assert smile.loss is not None
    assert smile.descent is not None
    told = [row[0] for row in scenes[-2].arithmetic]
    assert told[1] == f"= {smile.loss.value:.6g}"
    last = [row[0] for row in scenes[-1].arithmetic]
    assert last[2:] == [
        f"loss before {smile.descent.before:.6g}",
        f"loss after {smile.descent.after:.6g}",
    ]
    assert scenes[-1].progress == 1


@pytest.mark.parametrize(
    ("network", "image"),
    [
        ("flatten > fc 4 > sigmoid > fc 4 > sigmoid > fc 1 > sigmoid", "1 0 2"),
        ("conv 3 > relu > maxpool 2 > conv 4 > tanh > gap > flatten > fc 3 > softmax", SMILE),
        ("[conv 2 > relu]*12 > flatten > fc 2 > softmax", SMILE),
        ("add(conv 2 | conv 1x1 2) > relu > flatten > fc 300 > fc 2 > softmax", SMILE),
    ],
)
def test_walks_of_other_networks_keep_to_ten_seconds(network: str, image: str) -> None:
    frames = animate_path(walk(network, image))
    assert sum(frame.seconds for frame in frames) <= 10 + 1e-9
    assert len({frame.pixels.shape for frame in frames}) == 1
    assert len(frames) <= 60


def test_a_photograph_is_walked() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    found = convolve(photo, "sobel-x", channels="gray").relu()
    path = walk("maxpool 8 > gap > flatten > fc 2 > softmax", found)
    scenes = make_walk(path)
    assert len(scenes) <= 60
    grey = path.steps[0].values[0].astype(np.uint8)
    assert (scenes[0][0].before.colours[..., 0] == grey).all()  # as it is, 0 for black
    assert scenes[-1][0].progress == 1


def test_maps_stand_beside_each_other_with_a_gap() -> None:
    values = np.arange(12.0).reshape(3, 2, 2)
    mosaic = Mosaic(values)
    drawn = numbers(mosaic.grid("maps"))
    assert drawn.shape == mosaic.size == (5, 5)
    for place in np.ndindex(3, 2, 2):
        assert drawn[mosaic.cell(place)] == values[place]
    assert np.isnan(drawn[2]).all()
    assert np.isnan(drawn[:, 2]).all()
