from __future__ import annotations

from pathlib import Path

import drawn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.architecture.layer_table import summary
from striate.architecture.notation import expand, parse
from striate.architecture.zoo import compact
from striate.data import Survey, find, load, split_stratified, survey
from striate.data.images import Preprocess
from striate.errors import NotationError
from striate.settings import Settings
from striate.training import defaults
from striate.training.class_weight import class_weight


def of_size(rows: int, columns: int, *, same: bool, channels: int = 3) -> Survey:
    size = (rows, columns)
    return Survey(channels, rows, columns, size, size, size, same, 10, 10)


@pytest.mark.parametrize(
    ("looks", "settings", "text", "expected"),
    [
        (of_size(28, 28, same=True), Settings(), None, (28, 28)),
        (of_size(60, 100, same=True), Settings(), None, (60, 100)),
        (of_size(600, 800, same=True), Settings(), None, (96, 128)),
        (of_size(600, 800, same=False), Settings(), None, (128, 128)),
        (of_size(50, 90, same=False), Settings(), None, (48, 48)),
        (of_size(600, 800, same=False), Settings(image_size=(40, 50)), None, (40, 50)),
        (of_size(600, 800, same=False), Settings(), "input 3x20x30 > fc 2", (20, 30)),
        (of_size(600, 800, same=False), Settings(image_size=9), "input 3x20x30 > fc 2", (9, 9)),
    ],
)
def test_the_size_is_the_users_then_the_networks_then_the_images(
    looks: Survey, settings: Settings, text: str | None, expected: tuple[int, int]
) -> None:
    assert defaults.image_size(looks, settings, text) == expected


def test_mean_and_std_are_those_of_the_training_images(tmp_path: Path) -> None:
    collection = find(drawn.folder(tmp_path, n=15))
    preprocess = Preprocess(3, 16, 16, mean=(0.5,) * 3, std=(0.25,) * 3)
    with load(collection, preprocess) as images:
        training = np.arange(0, 20)
        found = defaults.with_statistics(preprocess, images, training, 0)
        values = images.take(training) / 255
    assert found.mean == pytest.approx(values.mean((0, 2, 3)), abs=1e-5)
    assert found.std == pytest.approx(values.std((0, 2, 3)), abs=1e-5)


def test_a_channel_that_never_varies_divides_by_one(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.new("RGB", (8, 8), (number * 40, 77, 255)).save(tmp_path / name / f"{number}.png")
    preprocess = Preprocess(3, 8, 8, mean=(0.5,) * 3, std=(0.25,) * 3)
    with load(find(tmp_path), preprocess) as images:
        found = defaults.with_statistics(preprocess, images, np.arange(6), 0)
    assert found.std[1:] == (1.0, 1.0)


def test_the_text_is_completed_and_every_change_is_said() -> None:
    said: list[str] = []
    text = defaults.network_text("gap > flatten > fc", (3, 32, 32), 4, said.append)
    assert (parse(text).input, parse(text).classes) == ((3, 32, 32), 4)
    assert said == ["the network has no input line: input 3x32x32 classes=4"]
    said.clear()
    given_text = "input 3x64x64 classes=1000 > gap > flatten > fc"
    text = defaults.network_text(given_text, (3, 32, 32), 4, said.append)
    assert (parse(text).input, parse(text).classes) == ((3, 32, 32), 4)
    assert len(said) == 2
    said.clear()
    defaults.network_text(None, (1, 28, 28), 10, said.append)
    assert "compact residual network" in said[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("conv 8 > relu", "ends with 8x32x32"),
        ("gap > flatten > fc 5", "but 4 classes need 4"),
        ("head = fc > softmax\ngap > flatten > head", "inside a block"),
        ("conv 1x1 4 > gap", "flatten > fc"),
    ],
)
def test_a_network_that_does_not_end_with_the_classes_is_refused(text: str, said: str) -> None:
    with pytest.raises(NotationError, match=said):
        defaults.network_text(text, (3, 32, 32), 4, lambda text: None)


def test_a_last_softmax_is_left_out_and_said() -> None:
    said: list[str] = []
    text = defaults.network_text("gap > flatten > fc > softmax", (3, 32, 32), 4, said.append)
    assert "softmax" not in text
    assert any("softmax is left out" in note for note in said)


@given(st.integers(4, 300), st.integers(4, 300), st.sampled_from([1, 3]), st.integers(2, 1000))
def test_the_compact_network_fits_any_image(
    rows: int, columns: int, channels: int, classes: int
) -> None:
    table = summary(compact((channels, rows, columns), classes))
    assert table.layers[-1].output == (classes,)
    sizes = [row.output[1:] for row in table.layers if len(row.output) == 3]
    assert min(min(size) for size in sizes[:-2]) >= 1
    assert table.parameters < 6_000_000


def test_the_compact_network_grows_deeper_with_the_image() -> None:
    depths = [
        sum(row.kind.startswith("conv") for row in summary(compact((3, size, size), 10)).layers)
        for size in (8, 28, 64, 128, 256)
    ]
    assert depths == sorted(depths)
    assert depths[0] < depths[2] < depths[4]


def test_networks_without_normalisation_get_the_lower_rate() -> None:
    with_bn = expand("input 1x8x8 classes=2 > conv 4 > bn > relu > gap > flatten > fc")
    without = expand("input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc")
    assert defaults.learning_rate(with_bn) > defaults.learning_rate(without)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("conv 8 > bn > conv 64 > bn", 5e-3),  # 72 numbers go into an output of most weights
        ("conv 256 > bn > conv 256 > bn", 3.0 / (9 * 256)),
        ("conv 256 > bn > conv 256 groups=256 > bn", 5e-3),  # a weight sums 9 of one channel
        ("bn", 5e-3),
    ],
)
def test_wide_networks_get_a_lower_rate(body: str, expected: float) -> None:
    network = expand(f"input 1x8x8 classes=2 > {body} > gap > flatten > fc")
    assert defaults.learning_rate(network) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("balance", "has_head", "ratio"),
    [
        ("none", False, None),
        ("sqrt", False, 2.0),
        ("full", False, 4.0),
        ("sampling", False, None),
        ("sampling", True, 4.0),
    ],
)
def test_class_weights_follow_the_setting(
    tmp_path: Path, balance: str, has_head: bool, ratio: float | None
) -> None:
    drawn.folder(tmp_path, ("disc",), n=40)
    drawn.folder(tmp_path, ("square",), n=10)
    collection = find(tmp_path)
    with load(collection, Preprocess(3, 8, 8, mean=(0.5,) * 3, std=(0.25,) * 3)) as images:
        split = split_stratified(collection, images)
    said: list[str] = []
    weights = class_weight(collection, split.train, balance, has_head=has_head, say=said.append)
    assert said  # four to one is said whatever is done about it
    if ratio is None:
        assert weights is None
    else:
        assert weights is not None
        assert weights[1] / weights[0] == pytest.approx(ratio, rel=1e-4)


def test_the_embedded_digits_are_looked_at_as_they_are() -> None:
    looks = survey(find("digits"))
    made = defaults.preprocess_for(looks, Settings(), None, lambda text: None)
    assert (made.channels, made.height, made.width) == (1, 8, 8)


def test_many_images_give_up_a_smaller_share_for_validation() -> None:
    from dataclasses import replace

    digits = find("digits")
    assert defaults.validation_fraction(digits) == 0.2
    many = replace(digits, splits=("train",) * 100_000)
    assert defaults.validation_fraction(many) == 0.05
