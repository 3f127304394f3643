"""One range from black to white for all images of a data set that have more than 8 bits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_files import chunk, png, saved
from PIL import Image

import striate as st
from striate.data import Images, find, find_value_ranges, load, survey
from striate.data.images import Preprocess, ValueRanges, decode, read
from striate.errors import SettingError

NETWORK = "conv 4 stride=2 > relu > gap > flatten > fc"
TWELVE = ValueRanges(integers=(0.0, 4095.0))


def ranges_of(data: Path) -> tuple[ValueRanges, list[str]]:
    collection, said = find(data), list[str]()
    return find_value_ranges(collection, survey(collection), said.append), said


def images_of(data: Path, preprocess: Preprocess) -> Images:
    return load(find(data), preprocess)


def color_png(values: np.ndarray) -> bytes:
    """Write uint16 (rows, columns, 3 or 4) as a PNG, which Pillow itself cannot."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    color = 2 if values.shape[2] == 3 else 6
    return png(values.shape[1], values.shape[0], depth=16, colour=color, data=rows)


def write_classes(folder: Path, images: list[np.ndarray]) -> Path:
    for index, values in enumerate(images):
        for name in ("a", "b"):
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(folder / name / f"{index}.tif")
    return folder


@pytest.mark.parametrize(("kind", "white"), [("u16_12", 4095.0), ("u16_10", 1023.0)])
def test_sixteen_bits_that_use_fewer_have_all_their_shades(
    kind: str, white: float, shared: Callable[[str], Path]
) -> None:
    folder = shared("cases/04-16-bit-few-bits")
    found, said = ranges_of(folder / kind)
    assert found == ValueRanges(integers=(0.0, white))
    assert f"0 is taken as black and {white:g} as white in all" in said[0]
    plain = Preprocess(1, 32, 32)
    deep = images_of(folder / kind, plain.with_value_ranges(found)).take(range(20))
    eight = images_of(folder / "u8", plain).take(range(20))
    assert np.abs(deep.astype(int) - eight).max() <= 1
    assert ranges_of(folder / "u8") == (ValueRanges(), [])


def test_the_range_of_the_set_is_recorded_and_used_ever_after(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shared("cases/04-16-bit-few-bits")
    run = st.train(
        folder / "u16_12", NETWORK, image_size=16, epochs=1, seed=1, out=tmp_path / "run"
    )
    recorded = json.loads((tmp_path / "run/run.json").read_text())
    assert recorded["plan"]["preprocess"]["integer_range"] == [0, 4095]
    model = st.load(tmp_path / "run/classifier.safetensors")
    assert model.preprocess.value_ranges == TWELVE
    file = folder / "u16_12/bar/000.png"
    with Image.open(file) as image:
        values = np.asarray(image)
    assert values.dtype == np.uint16
    eight = np.floor(values * (255 / 4095) + 0.5).astype(np.uint8)
    expected = model.predict(eight).probability
    assert model.predict(str(file)).probability == expected
    assert model.predict(values).probability == expected
    several = model.predict(np.stack([values, values // 2] * 3))
    assert several[0].probability == expected  # not by the range of these six
    assert st.explain(model, str(file)).image.original.max() == eight.max()
    assert run.model.preprocess == model.preprocess


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "tiff_deflate"])
@pytest.mark.parametrize("channels", [3, 4])
def test_colour_of_twelve_bits_keeps_its_lower_half(kind: str, channels: int) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (9, 13, channels)).astype(np.uint16)
    if channels == 4:
        values[..., 3] = 65535
    data = color_png(values) if kind == "PNG" else tiff(values, deflated=kind == "tiff_deflate")
    assert np.array_equal(read(data), (values[..., :3] >> 8).astype(np.uint8))
    expected = np.floor(values[..., :3] * (255 / 4095) + 0.5)
    assert np.array_equal(read(data, ranges=TWELVE), expected)


def tiff(values: np.ndarray, *, deflated: bool) -> bytes:
    """Write uint16 (rows, columns, 3 or 4) as a TIFF by hand."""
    import struct
    import zlib

    rows, columns, bands = values.shape
    body = values.astype("<u2").tobytes()
    body = zlib.compress(body) if deflated else body
    bits_at = 8 + len(body) + len(body) % 2
    entries = [
        (256, 4, 1, columns), (257, 4, 1, rows), (258, 3, bands, bits_at),
        (259, 3, 1, 8 if deflated else 1), (262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, bands),
        (278, 4, 1, rows), (279, 4, 1, len(body)), (284, 3, 1, 1),
    ]  # fmt: skip
    if bands == 4:
        entries.append((338, 3, 1, 2))
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    bits = struct.pack("<4H", 16, 16, 16, 16)
    head = struct.pack("<2sHI", b"II", 42, bits_at + len(bits))
    return head + body + bytes(len(body) % 2) + bits + directory


def test_a_set_of_colours_of_ten_bits_is_found(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for index in range(3):
            values = np.full((4, 4, 3), 700 + index, np.uint16)
            (tmp_path / name / f"{index}.png").write_bytes(color_png(values))
    assert ranges_of(tmp_path)[0] == ValueRanges(integers=(0.0, 1023.0))


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ([[0, 200], [3, 90]], ValueRanges(integers=(0.0, 255.0))),
        ([[5, 70_000], [0, 90]], ValueRanges(integers=(0.0, 70_000.0))),
        ([[-5, 700], [0, 90]], ValueRanges(integers=(-5.0, 700.0))),
        ([[0.0, 0.25], [0.5, 1.0]], ValueRanges()),
        ([[0.0, 0.25], [0.5, 300.0]], ValueRanges(floats=(0.0, 300.0))),
        ([[7.0, 7.0], [7.0, 7.0]], ValueRanges(floats=(0.0, 255.0))),
    ],
)
def test_thirty_two_bits_and_floats_have_one_range(
    tmp_path: Path, images: list[list[float]], expected: ValueRanges
) -> None:
    kind = np.float32 if isinstance(images[0][0], float) else np.int32
    folder = write_classes(tmp_path, [np.array([each], kind) for each in images])
    assert ranges_of(folder)[0] == expected


def test_arrays_of_sixteen_bits_are_scaled_by_what_was_learnt_from(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 4000, (6, 8, 8)).astype(np.uint16)
    x[0, 0, 0] = 3999
    np.savez(tmp_path / "set.npz", x=x, y=np.arange(6) % 2)
    np.savez(tmp_path / "dark.npz", x=x // 8, y=np.arange(6) % 2)
    found, said = ranges_of(tmp_path / "set.npz")
    assert found == TWELVE
    assert said[0].startswith("6 images of more than 8 bits, with whole numbers from ")
    for size in (8, 5):  # as they are, and made to fit
        preprocess = Preprocess(1, size, size).with_value_ranges(found)
        dark = images_of(tmp_path / "dark.npz", preprocess).take(range(6))
        eight = np.floor(x // 8 * (255 / 4095) + 0.5).astype(np.uint8)
        assert np.array_equal(dark, np.stack([preprocess.pixels(each) for each in eight]))
    before = images_of(tmp_path / "dark.npz", Preprocess(1, 8, 8)).take(range(6))
    assert np.array_equal(before[:, 0], np.rint(x // 8 / 257))  # recorded by no earlier classifier


def test_values_beyond_the_range_are_cut_off_and_it_is_said() -> None:
    found = decode(np.array([[0, 1]], np.uint8))
    assert found.remarks == ()
    preprocess = Preprocess(1, 1, 2).with_value_ranges(TWELVE)
    for source in (
        np.array([[4095, 5000]], np.uint16),
        saved(Image.fromarray(np.array([[4095, 5000]], np.uint16)), "PNG"),
        saved(Image.fromarray(np.array([[4095, 5000]], np.int32)), "TIFF"),
    ):
        pixels, remarks = preprocess.prepared(source)
        assert pixels.ravel().tolist() == [255, 255]
        assert remarks[0].startswith("its values from 4095 to 5000 go beyond 0 (black) to 4095")


def test_an_image_alone_that_comes_out_almost_black_is_remarked_upon(
    shared: Callable[[str], Path],
) -> None:
    file = shared("cases/04-16-bit-few-bits") / "u16_12/bar/000.png"
    assert decode(file).remarks == ("its values reach 1355 of 65535, so it is almost black",)
    assert Preprocess(1, 8, 8).with_value_ranges(TWELVE).prepared(file)[1] == ()


def test_unsigned_32_bits_stay_in_order(shared: Callable[[str], Path]) -> None:
    file = shared("cases/15-tiff-kinds/u32.tif")
    with Image.open(file) as image:
        values = np.asarray(image).view(np.uint32)
    assert values.max() > 2**31
    got = read(file)[..., 0]
    expected = (values - float(values.min())) * (255 / float(values.max() - values.min()))
    assert np.abs(got - expected).max() <= 0.5


def test_tiff_whose_zero_is_white_comes_out_right_at_any_depth(
    shared: Callable[[str], Path],
) -> None:
    folder = shared("cases/16-tiff-white-is-zero")
    eight, sixteen = read(folder / "min8.tif"), read(folder / "min16.tif")
    assert eight[0, 0] == sixteen[0, 0] == 255
    assert np.abs(eight.astype(int) - sixteen).max() <= 1


def test_a_comment_is_not_taken_for_pixels() -> None:
    values = np.full((2, 2, 3), 900, np.uint16)
    data = color_png(values)
    with_text = data[:33] + chunk(b"tEXt", b"Comment\0twelve bits") + data[33:]
    assert np.array_equal(read(with_text, ranges=TWELVE), read(data, ranges=TWELVE))


def test_lists_of_arrays_have_one_range_too() -> None:
    images = [np.full((4 + n, 5), 900 * n, np.uint16) for n in range(4)]
    collection, said = find((images, [0, 1, 0, 1])), list[str]()
    assert find_value_ranges(collection, survey(collection), said.append) == TWELVE
    floats = find(([np.full((4 + n, 5), n / 4) for n in range(4)], [0, 1, 0, 1]))
    assert survey(floats).deep == ()  # told by their own range, so not fetched again


def test_ranges_are_written_only_where_they_are_set() -> None:
    plain = Preprocess().as_json()
    assert "integer_range" not in plain
    both = Preprocess(integer_range=(0.0, 4095.0), float_range=(-1.0, 1.0))
    assert Preprocess.from_json(json.loads(json.dumps(both.as_json()))) == both
    assert "whole numbers from 0 (black) to 4095 (white)" in both.spoken()
    for senseless in ([5, 5], [0], [0, 1, 2], ["a", 2], 7):
        with pytest.raises(SettingError, match="float_range"):
            Preprocess.from_json({**plain, "float_range": senseless})
