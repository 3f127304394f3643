"""What of a file is not used is said: pages, frames, bands, a turn that a HEIC file contradicts."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_files import COLOUR, RAMP, saved
from PIL import Image
from quick_runs import record, rows

import striate as st
from striate.data import find, load
from striate.data.images import Preprocess, decode
from striate.data.images.left_out import note_heic_turn


def test_the_first_page_of_a_stack_is_used_with_a_remark(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shared("cases/17-tiff-first-page/stack")
    said = "the first of its 5 pages is used"
    assert decode(folder / "a/s0.tif").remarks == (said,)
    st.train(
        folder, "conv 4 > relu > gap > flatten > fc", image_size=8, epochs=1, out=tmp_path / "run"
    )
    odd = rows(tmp_path / "run/remarks.csv")
    assert [each["reason"] for each in odd] == [said] * 8
    assert any(said in note and "8 images" in note for note in record(tmp_path / "run").notes)
    model = st.load(tmp_path / "run/classifier.safetensors")
    assert model.predict(str(folder / "a/s0.tif")).remarks == (said,)
    assert not decode(saved(Image.fromarray(RAMP), "TIFF")).remarks


def test_camera_raws_among_images_are_not_learnt_from(shared: Callable[[str], Path]) -> None:
    from striate.errors import DataError

    with pytest.raises(DataError, match="a camera's raw file"):
        load(find(shared("cases/17-tiff-first-page/dng")), Preprocess(3, 8, 8))


def pages(*kinds: int, order: str = "<") -> bytes:
    """Write a TIFF of pages of 2 x 2 grey pixels by hand, each of a kind (NewSubfileType)."""
    data = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 12) + b"abcd"
    for place, kind in enumerate(kinds):
        entries = [
            (254, 4, kind), (256, 4, 2), (257, 4, 2), (258, 3, 8), (259, 3, 1), (262, 3, 1),
            (273, 4, 8), (277, 3, 1), (278, 4, 2), (279, 4, 4),
        ]  # fmt: skip
        data += struct.pack(f"{order}H", len(entries))
        for tag, form, value in entries:
            number = struct.pack(order + ("I" if form == 4 else "H"), value).ljust(4, b"\0")
            data += struct.pack(f"{order}HHI", tag, form, 1) + number
        last = place == len(kinds) - 1
        data += struct.pack(f"{order}I", 0 if last else len(data) + 4)
    return data


@pytest.mark.parametrize("order", ["<", ">"])
def test_smaller_copies_and_masks_are_no_pages(order: str) -> None:
    assert decode(pages(0, 1, 1, 4, order=order)).remarks == ()
    assert decode(pages(0, 0, 1, order=order)).remarks == ("the first of its 2 pages is used",)


def test_a_loop_of_pages_ends() -> None:
    data = bytearray(pages(0, 0))
    data[-4:] = struct.pack("<I", 12)  # the last page is followed by the first
    assert decode(bytes(data)).remarks == ("the first of its 2 pages is used",)


def test_frames_of_animations_are_counted() -> None:
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "lime", "blue")]
    for kind, count in (("GIF", "its"), ("PNG", "its 3"), ("WEBP", "its 3"), ("AVIF", "its 3")):
        if kind not in Image.SAVE_ALL:
            continue
        data = saved(
            frames[0], kind, save_all=True, append_images=frames[1:], duration=100,
            **({"loop": 0} if kind == "GIF" else {}),
        )  # fmt: skip
        assert decode(data).remarks == (f"the first of {count} frames is used",), kind
        assert decode(saved(frames[0], kind)).remarks == (), kind


def test_further_bands_are_said_to_be_left_out() -> None:
    near_infrared = Image.merge("RGBX", [*Image.fromarray(COLOUR).split(), Image.fromarray(RAMP)])
    found = decode(saved(near_infrared, "TIFF"))
    assert np.array_equal(np.asarray(found.image), COLOUR)
    assert found.remarks == ("1 of its 4 bands left out",)
    for mode in ("RGBA", "LA", "CMYK"):
        assert decode(saved(Image.fromarray(COLOUR).convert(mode), "TIFF")).remarks == (), mode


def box(name: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I4s", 8 + len(body), name) + body


@pytest.mark.parametrize(
    ("orientation", "turns", "agrees"),
    [(1, [], True), (6, [], False), (6, [(b"irot", 3)], True), (6, [(b"irot", 1)], False),
     (3, [(b"irot", 2)], True), (8, [(b"irot", 1)], True), (2, [(b"imir", 1)], True),
     (2, [], False)],
)  # fmt: skip
def test_a_turn_that_heic_contradicts_is_told(
    orientation: int, turns: list[tuple[bytes, int]], agrees: bool
) -> None:
    listed = box(b"ipco", *[box(name, bytes([value])) for name, value in turns])
    data = box(b"ftyp", b"heic") + box(b"meta", bytes(4), box(b"iprp", listed))
    said = f"its EXIF orientation {orientation} is not followed: HEIC's own turn counts"
    assert note_heic_turn(orientation, data) == (() if agrees else (said,))
    assert note_heic_turn(1, data[:20]) == ()


def test_a_heic_file_of_a_telephone_has_no_remark_and_a_contradicting_one_has() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    image = Image.fromarray(np.repeat(COLOUR, 16, axis=0))
    pillow_heif.encode("RGB", image.size, image.tobytes(), file, exif=exif.tobytes())
    data = file.getvalue()
    assert decode(data).remarks == ()
    turned = data.replace(b"irot\x03", b"free\x03")  # a property that says nothing
    if turned != data:
        assert decode(turned).remarks == (
            "its EXIF orientation 6 is not followed: HEIC's own turn counts",
        )
