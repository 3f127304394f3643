"""One filter over one image: against scipy, torch and what was calculated by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image, ImageFilter
from scipy import ndimage
from scipy.signal import convolve2d, correlate
from thoroughness import examples

from striate.data.images import read
from striate.errors import ImageError, SettingError
from striate.teaching.convolution import FILTERS, Border, Filter, convolve
from striate.teaching.convolution.image_planes import to_gray

SMILE = "0000000/0100010/0000000/0001000/0100010/0011100/0000000"
DETECTOR = "001/100/011"
VALUES = st.floats(-1e3, 1e3, width=32)
EXACT: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-9}


def arrays(rows: tuple[int, int], columns: tuple[int, int]) -> st.SearchStrategy[np.ndarray]:
    shape = st.tuples(st.integers(*rows), st.integers(*columns))
    return npst.arrays(np.float64, shape, elements=VALUES)


@pytest.fixture(scope="module")
def figures(shared: Callable[[str], Path]) -> dict[str, Any]:
    """The worked figures of convolution arithmetic."""
    found = json.loads(shared("reference/networks.json").read_text("utf-8"))
    figures: dict[str, Any] = found["conv_arithmetic_figures"]
    return figures


def test_the_smile_gives_its_feature_map_and_its_pooled_map() -> None:
    result = convolve(SMILE, DETECTOR)
    assert result.map.tolist() == [
        [0, 1, 0, 0, 0],
        [0, 1, 1, 1, 0],
        [1, 0, 0, 2, 1],
        [1, 4, 2, 1, 0],
        [0, 0, 1, 2, 1],
    ]
    assert result.pool("max", 2).map.tolist() == [[1, 1, 0], [4, 2, 1], [0, 2, 1]]
    assert result.pool("max", 2, ceil=False).map.tolist() == [[1, 1], [4, 2]]


def test_the_figures_of_convolution_arithmetic_come_out(figures: dict[str, Any]) -> None:
    image, kernel = figures["input"], figures["kernel"]
    assert convolve(image, kernel).map.tolist() == figures["conv_p0_s1"]
    assert convolve(image, kernel, stride=2, pad=1).map.tolist() == figures["conv_p1_s2"]
    plain = convolve(image, "1")
    assert plain.pool("max", 3, stride=1).map.tolist() == figures["maxpool3_s1"]
    means = plain.pool("avg", 3, stride=1).map * 9
    assert np.allclose(means, figures["avgpool3_s1_times9"], rtol=0, atol=1e-12)


@given(image=arrays((1, 12), (1, 12)), kernel=arrays((1, 5), (1, 5)))
@settings(max_examples=examples(150), deadline=None)
def test_valid_and_same_are_what_scipy_gives(image: np.ndarray, kernel: np.ndarray) -> None:
    rows, columns = kernel.shape
    if rows <= image.shape[0] and columns <= image.shape[1]:
        expected = correlate(image, kernel, "valid", "direct")
        np.testing.assert_allclose(convolve(image, kernel).map, expected, **EXACT)
        turned = convolve2d(image, kernel, "valid")
        flipped = convolve(image, Filter.of(kernel, flip=True))
        np.testing.assert_allclose(flipped.map, turned, **EXACT)
    if rows % 2 and columns % 2:
        for padmode, mode in (("zero", "constant"), ("edge", "nearest")):
            expected = ndimage.correlate(image, kernel, mode=mode)
            result = convolve(image, kernel, pad="same", padmode=padmode)  # type: ignore[arg-type]
            np.testing.assert_allclose(result.map, expected, **EXACT)
            assert result.size == image.shape


@st.composite
def set_ups(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """An image of one to four channels, kernels for them, and settings that fit."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    size, dilation = draw(st.tuples(st.integers(1, 4), st.integers(1, 4))), draw(pairs)
    pad = draw(st.tuples(st.integers(0, 4), st.integers(0, 4)))
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(size, dilation, pad, strict=True)]
    shape = [draw(st.integers(side, side + 8)) for side in least]
    channels = draw(st.integers(1, 4))
    image = draw(npst.arrays(np.float64, (*shape, channels), elements=VALUES))
    kernels = draw(npst.arrays(np.float64, (channels, *size), elements=VALUES))
    padmode: Border = draw(st.sampled_from(("zero", "edge")))
    stride = draw(pairs)
    return (
        image,
        kernels,
        {"stride": stride, "pad": pad, "padmode": padmode, "dilation": dilation},
    )


def by_torch(
    planes: np.ndarray, kernels: np.ndarray, options: dict[str, Any], *, groups: int
) -> np.ndarray:
    """The maps that torch makes: (maps, rows, columns)."""
    rows, columns = options["pad"]
    mode = {"zero": "constant", "edge": "replicate"}[options["padmode"]]
    padded = torch.nn.functional.pad(
        torch.from_numpy(planes.copy())[None], (columns, columns, rows, rows), mode=mode
    )
    weights = torch.from_numpy(kernels)
    result = torch.nn.functional.conv2d(
        padded,
        weights[:, None] if groups > 1 else weights[None],
        stride=options["stride"],
        dilation=options["dilation"],
        groups=groups,
    )
    return np.asarray(result[0].numpy())


@given(drawn=set_ups())
@settings(max_examples=examples(200), deadline=None)
def test_every_setting_gives_what_torch_gives(
    drawn: tuple[np.ndarray, np.ndarray, dict[str, Any]],
) -> None:
    image, kernels, options = drawn
    planes = np.moveaxis(image, 2, 0)
    summed = convolve(image, kernels, channels="sum", **options)
    expected = by_torch(planes, kernels, options, groups=1)[0]
    np.testing.assert_allclose(summed.map, expected, rtol=1e-11, atol=1e-8)
    apart = convolve(image, kernels, channels="each", **options)
    expected = by_torch(planes, kernels, options, groups=len(planes))
    np.testing.assert_allclose(np.moveaxis(apart.map, 2, 0), expected, rtol=1e-11, atol=1e-8)
    for result in (summed, apart):
        assert result.as_matrix().difference <= 1e-8
        place = tuple(side - 1 for side in result.size)
        value = result.at(*place).value
        assert np.array_equal(value, result.map[place])
    assert summed.macs == kernels.size * summed.map.size == apart.macs


@given(
    image=arrays((1, 9), (1, 9)),
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    ceil=st.booleans(),
)
@settings(max_examples=examples(150), deadline=None)
def test_pooling_is_torch_s(
    image: np.ndarray, window: tuple[int, int], stride: tuple[int, int], ceil: bool
) -> None:
    result = convolve(image, "1")
    if not all(side <= room for side, room in zip(window, image.shape, strict=True)) and not ceil:
        with pytest.raises(SettingError, match="does not fit"):
            result.pool("max", window, stride=stride, ceil=ceil)
        return
    values = torch.from_numpy(image)[None, None]
    kinds: tuple[Literal["max", "avg"], ...] = ("max", "avg")
    for kind in kinds:
        function = getattr(torch.nn.functional, f"{kind}_pool2d")
        try:
            pooled = result.pool(kind, window, stride=stride, ceil=ceil).map
        except SettingError:
            with pytest.raises(RuntimeError):
                function(values, window, stride, ceil_mode=ceil)
            continue
        expected = function(values, window, stride, ceil_mode=ceil)[0, 0].numpy()
        np.testing.assert_allclose(pooled, expected, **EXACT)
    ones = convolve(np.ones_like(image), "1")
    if min(result.size) and ceil is False:
        counted = ones.pool("sum", window, stride=stride, ceil=False).map
        assert (counted == window[0] * window[1]).all()


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("sobel-x", lambda x: ndimage.sobel(x, axis=1)),
        ("sobel-y", lambda x: ndimage.sobel(x, axis=0)),
        ("prewitt-x", lambda x: ndimage.prewitt(x, axis=1)),
        ("prewitt-y", lambda x: ndimage.prewitt(x, axis=0)),
        ("laplacian", ndimage.laplace),
        ("blur", lambda x: ndimage.uniform_filter(x, 3)),
        ("identity", lambda x: x),
    ],
)
def test_filters_by_name_are_those_of_scipy(
    name: str, oracle: Callable[[np.ndarray], np.ndarray]
) -> None:
    image = np.random.default_rng(0).normal(size=(9, 11))
    result = convolve(image, name, pad=0).map
    np.testing.assert_allclose(result, oracle(image)[1:-1, 1:-1], rtol=1e-12, atol=1e-12)


def test_edge_enhance_is_pillow_s() -> None:
    pixels = np.random.default_rng(1).integers(60, 120, (9, 11), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(pixels).filter(ImageFilter.EDGE_ENHANCE))
    result = np.floor(np.clip(convolve(pixels, "edge-enhance").map, 0, 255) + 0.5)
    assert np.array_equal(result, expected[1:-1, 1:-1])


def test_named_filters_sum_to_one_or_to_nothing() -> None:
    sums = {name: float(found.weights.sum()) for name, found in FILTERS.items()}
    assert all(
        found.keeps_brightness == (abs(sums[name] - 1) < 1e-12) for name, found in FILTERS.items()
    )
    assert set(np.round(list(sums.values()), 12)) == {0, 1}
    assert all(found.does and found.shape == (3, 3) for found in FILTERS.values())


def test_grey_is_the_grey_of_every_other_part() -> None:
    colours = np.random.default_rng(2).integers(0, 256, (300, 40, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(colours).convert("L"))
    assert np.array_equal(to_gray(colours), expected)
    assert np.allclose(to_gray(colours.astype(float)), expected, atol=0.51)


def test_colours_stay_colours_where_brightness_is_kept() -> None:
    colours = read(np.random.default_rng(3).integers(0, 256, (6, 7, 3), dtype=np.uint8))
    sharp = convolve(colours, "sharpen")
    assert (sharp.channels, sharp.map.shape, sharp.names) == (
        "each", (4, 5, 3), ("red", "green", "blue"),
    )  # fmt: skip
    assert convolve(colours, "sobel-x").map.shape == (4, 5)
    assert convolve(colours, "sobel-x").channels == "gray"
    three = convolve(colours, " | ".join(["0 1; 1 0"] * 3))
    each = convolve(colours, "0 1; 1 0", channels="each")
    assert three.channels == "sum"
    assert np.array_equal(three.map, each.map.sum(axis=2))


def test_bias_divisor_and_relu_come_in_this_order() -> None:
    found = convolve("369/369/369", Filter.of("blur", bias=-10)).relu(0.25)
    assert found.map.tolist() == [[-1.0]]
    assert found.before is not None
    assert found.before.tolist() == [[-4.0]]
    assert str(found.at(0, 0)).splitlines()[-2:] == [
        "  54 / 9 - 10 = -4",
        "  leaky ReLU, 0.25 x where negative: -4 becomes -1",
    ]
    assert found.as_matrix().difference < 1e-12


def test_padding_is_told_apart_in_the_arithmetic() -> None:
    zero = convolve("12/34", "1 1 1; 1 1 1; 1 1 1", pad=1).at(0, 0)
    edge = convolve("12/34", "1 1 1; 1 1 1; 1 1 1", pad=1, padmode="edge").at(0, 0)
    assert (zero.value, edge.value) == (10, 1 * 4 + 2 * 2 + 3 * 2 + 4)
    assert [term.padding for term in zero.channels[0].terms[1]] == [True, False, False]
    assert "  [0] x 1  +    1 x 1  +    2 x 1  =  3" in str(zero)
    assert "[ ] is padding, the border repeated" in str(edge)
    assert (zero.channels[0].terms[0][0].row, zero.channels[0].terms[0][0].column) == (-1, -1)


def test_large_numbers_are_exact_and_too_large_ones_are_refused() -> None:
    assert convolve(np.array([[2**40, 1]]), "1 1").map.tolist() == [[2**40 + 1]]
    with pytest.raises(SettingError, match=r"beyond the largest number there is"):
        convolve(np.full((2, 2), 1e308), "1 1; 1 1")


def test_results_show_themselves() -> None:
    result = convolve(SMILE, DETECTOR)
    assert repr(result) == "FeatureMap(5x5 by a filter of 3x3, 225 multiply-accumulates)"
    assert "  1 4 2 1 0" in str(result).splitlines()
    assert str(result.pool()).splitlines()[-1] == "  0 2 1"
    assert repr(result.pool()) == "Pooled(3x3 by 'maxpool 2 ceil=yes')"
    assert repr(result.as_matrix()) == "Unrolled(25 patches x 9, difference 0)"
    large = convolve(np.zeros((99, 99)), "sobel-x")
    assert str(large).splitlines()[-1] == "feature map: 97x97, from 0 to 0, mean 0"


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ([[1, 2], [3]], "the image's rows differ in length"),
        (np.zeros(3), r"shape \(3,\)"),
        (np.zeros((0, 3)), r"shape \(0, 3\)"),
        (np.array([["a"]]), "type <U1"),
        (np.array([[np.nan]]), "not numbers"),
        ("cat.png", r"'cat.png' is no grid .*striate.data.images.read"),
    ],
)
def test_says_what_is_no_image(image: Any, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        convolve(image, "sobel-x")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stride": 0}, "stride=0, but it must be at least 1"),
        ({"stride": 1.5}, "the stride is 1.5; expected a whole number"),
        ({"stride": (1, 2, 3)}, r"the stride is \(1, 2, 3\)"),
        ({"pad": -1}, "the padding is -1; expected a whole number"),
        ({"pad": "some"}, "the padding is 'some'; expected valid, same"),
        ({"pad": 100_000}, "padded, the image has 200,003x200,005 pixels"),
        ({"padmode": "mirror"}, "the padding mode is 'mirror'; expected zero or edge"),
        ({"dilation": 2}, "3x3, with its dilation 5x5, does not fit in 3x5; pad by 1"),
        ({"channels": "blue"}, "channels is 'blue'; expected auto, gray, each or sum"),
    ],
)
def test_says_what_setting_makes_no_sense(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        convolve(np.zeros((3, 5)), "sobel-x", **options)


def test_says_what_does_not_fit_together() -> None:
    colours = np.zeros((5, 5, 3))
    with pytest.raises(SettingError, match="2 kernels, but the image has 3 channels;"):
        convolve(colours, "1 | 2")
    with pytest.raises(SettingError, match="3 kernels, .* 1 channel once made grey; give one"):
        convolve(colours, "1 | 2 | 3", channels="gray")
    with pytest.raises(SettingError, match="4 channels, and only 1 or 3 can be made grey"):
        convolve(np.zeros((5, 5, 4)), "1", channels="gray")
    with pytest.raises(SettingError, match="pad=same needs an odd window, but got 2x2"):
        convolve(colours, "0 1; 1 0", pad="same")
    with pytest.raises(SettingError, match="expected 0 to 1, such as 0.01"):
        convolve(colours, "1").relu(-1)
    with pytest.raises(SettingError, match="an activation already"):
        convolve(colours, "1").relu().relu()
    with pytest.raises(SettingError, match="no row 5, column 0; it has rows 0 to 4"):
        convolve(colours, "1").at(5, 0)
    with pytest.raises(SettingError, match="no row -1, column 0"):
        convolve(colours, "1").at(-1, 0)
    with pytest.raises(SettingError, match="GiB; take a smaller image"):
        convolve(np.zeros((3000, 4000), np.uint8), "gaussian-blur", pad=1).as_matrix()
