"""Moving pictures as files: GIF and WebP by Pillow, MP4 by ffmpeg where that is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from striate.errors import SettingError
from striate.files.atomic_write import write_atomically
from striate.render.image_files import Pixels
from striate.render.palette import BLUE, GREEN, INK, ORANGE, PALE, PINK

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

ENDINGS = (".gif", ".webp", ".mp4")
LONGEST = 10.0  # seconds
LARGEST = 3 * 10**6  # bytes
TICK = 0.04  # seconds: what the time of a frame is a multiple of, in every form alike
COLORS = 255  # of a GIF; the 256th says "as before"
EXACT = ("#ffffff", INK, PALE, BLUE, ORANGE, GREEN, PINK)  # that a GIF keeps as they are


@dataclass(frozen=True)
class Frame:
    """One picture of an animation.

    Attributes:
        pixels: uint8 (rows, columns, 3); of one size in all frames.
        seconds: how long it is shown.
    """

    pixels: Pixels = field(repr=False)
    seconds: float


@dataclass(frozen=True)
class Written:
    """An animation that was written.

    Attributes:
        path: of the file.
        frames: how many there are.
        seconds: it lasts.
        size: of the file in bytes.
    """

    path: Path
    frames: int
    seconds: float
    size: int

    def __str__(self) -> str:
        frames = f"{self.frames} frame{'' if self.frames == 1 else 's'}"
        return f"wrote {self.path}: {frames}, {self.seconds:.1f} s, {self.size / 1e6:.2f} MB"


def is_animation(path: Path) -> bool:
    """Say whether a file's name is that of an animation.

    >>> is_animation(Path("x.GIF")), is_animation(Path("x.png"))
    (True, False)
    """
    return path.suffix.lower() in ENDINGS


def check_animation(path: Path, option: str) -> None:
    """Make sure, before the work, that an animation can be written under this name.

    Raises:
        SettingError: it has another ending, it is a folder, or it needs ffmpeg, which is not there.
    """
    if not is_animation(path):
        raise SettingError(
            f"{option} is '{path}'; expected a name that ends in {', '.join(ENDINGS)}"
        )
    if path.is_dir():
        raise SettingError(f"{option} is '{path}', which is a folder; give a file's name")
    if path.suffix.lower() == ".mp4" and shutil.which("ffmpeg") is None:
        raise SettingError(
            f"{option} is '{path}', and an .mp4 is made by ffmpeg, which is not installed here; "
            f"install it, or give {path.with_suffix('.gif').name} or "
            f"{path.with_suffix('.webp').name}, which need nothing more"
        )


def write_animation(path: Path, frames: Sequence[Frame], *, option: str = "--out") -> Written:
    """Write an animation of at most 10 s and 3 MB, in the form that the name's ending says.

    Longer ones are shown faster; of larger ones every second frame is left out, as often as it
    takes, and the frame before is shown for both.

    Args:
        path: ends in .gif, .webp or .mp4.
        frames: at least one; the last one is kept in any case.
        option: what named the file, for errors.

    Raises:
        SettingError: no such file can be written here.
        OSError: the disk is full, or the like.
    """
    check_animation(path, option)
    encode = {".gif": gif, ".webp": webp, ".mp4": mp4}[path.suffix.lower()]
    kept = fit_time(frames)
    data = encode(kept)
    while len(data) > LARGEST and len(kept) > 2:
        kept = fit_time(leave_out(kept))
        data = encode(kept)
    with write_atomically(path) as partial:
        partial.write_bytes(data)
    return Written(path, len(kept), sum(each.seconds for each in kept), len(data))


def fit_time(frames: Sequence[Frame]) -> list[Frame]:
    """Return frames in whole ticks of 0.04 s that last no longer than 10 s together.

    >>> dot = np.zeros((1, 1, 3), np.uint8)
    >>> [each.seconds for each in fit_time([Frame(dot, 0.05), Frame(dot, 20.0)])]
    [0.04, 9.96]
    """
    most = round(LONGEST / TICK)
    if len(frames) > most:  # even a tick each is too long
        return fit_time(leave_out(frames))
    ends = np.cumsum([each.seconds for each in frames])
    ticks = np.rint(ends * (min(1.0, LONGEST / ends[-1]) / TICK)).astype(int)
    counts = np.maximum(1, np.diff(ticks, prepend=0))
    while counts.sum() > most:
        counts[counts.argmax()] -= 1
    return [
        Frame(each.pixels, round(count * TICK, 2))
        for each, count in zip(frames, counts.tolist(), strict=True)
    ]


def leave_out(frames: Sequence[Frame]) -> list[Frame]:
    """Leave every second frame out; the one before is shown for both, and the last one stays.

    >>> dots = [Frame(np.zeros((1, 1, 3), np.uint8), second) for second in (1.0, 2.0, 3.0, 4.0)]
    >>> [each.seconds for each in leave_out(dots)]
    [3.0, 3.0, 4.0]
    """
    *first, last = frames
    kept = [
        Frame(one.pixels, one.seconds + sum(each.seconds for each in first[place + 1 : place + 2]))
        for place, one in enumerate(first)
        if place % 2 == 0
    ]
    return [*kept, last]


def gif(frames: Sequence[Frame]) -> bytes:
    """Encode as a GIF that begins again at its end, all frames in the same 255 colours.

    Without dithering, so that equal parts of two frames are equal and take no room.
    """
    palette = _palette(frames)
    drawn = [_index(each.pixels, palette) for each in frames]
    return _saved(drawn, "GIF", frames, optimize=True, disposal=1)


def webp(frames: Sequence[Frame]) -> bytes:
    """Encode as an animated WebP that begins again at its end, in all colours."""
    drawn = [_image(each.pixels) for each in frames]
    return _saved(drawn, "WEBP", frames, quality=88, method=3, allow_mixed=True)


def mp4(frames: Sequence[Frame]) -> bytes:
    """Encode as an MP4, in H.264 where this ffmpeg has it, with an even number of rows and columns.

    Raises:
        SettingError: ffmpeg is not there, or fails.
    """
    import tempfile

    rows, columns = (side + side % 2 for side in frames[0].pixels.shape[:2])
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        out = Path(folder) / "out.mp4"
        command = [
            *("ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
            *("-s", f"{columns}x{rows}", "-r", str(round(1 / TICK)), "-i", "-"),
            *("-pix_fmt", "yuv420p", "-movflags", "+faststart", str(out)),
        ]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said)
        except OSError as error:
            raise SettingError(f"ffmpeg cannot be started: {error.strerror}") from error
        with process, suppress(BrokenPipeError):  # it has ended: what it said comes below
            _pour(frames, process.stdin)
        if process.returncode or not out.is_file():
            said.seek(0)
            last = said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise SettingError(f"ffmpeg failed: {last[0] if last else process.returncode}")
        return out.read_bytes()


def _pour(frames: Sequence[Frame], into: IO[bytes] | None) -> None:
    """Hand every tick of every frame over, and close."""
    if into is not None:
        with into:
            for each in frames:
                pixels = _even(each.pixels).tobytes()
                for _ in range(round(each.seconds / TICK)):
                    into.write(pixels)


def _saved(
    drawn: list[PillowImage], form: str, frames: Sequence[Frame], **options: int | bool
) -> bytes:
    out = io.BytesIO()
    times = [round(1000 * each.seconds) for each in frames]
    drawn[0].save(
        out, form, save_all=True, append_images=drawn[1:], duration=times, loop=0, **options
    )
    return out.getvalue()


def _image(pixels: Pixels) -> PillowImage:
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(pixels))


def _palette(frames: Sequence[Frame]) -> PillowImage:
    """Choose the colours of a GIF by its first, middle and last frame; those of marks are exact."""
    from PIL import Image

    some = {0, len(frames) // 3, len(frames) // 2, len(frames) - 1}
    sample = np.concatenate([frames[place].pixels for place in sorted(some)])
    exact = [int(color[place : place + 2], 16) for color in EXACT for place in (1, 3, 5)]
    found = _image(sample).quantize(COLORS - len(EXACT), method=Image.Quantize.MEDIANCUT)
    colors = exact + list(found.getpalette() or [])[: 3 * (COLORS - len(EXACT))]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colors)
    return palette


def _index(pixels: Pixels, palette: PillowImage) -> PillowImage:
    """Give each pixel the number of its colour; Pillow's own choice is only near the best one."""
    from PIL import Image

    near = _image(pixels).quantize(palette=palette, dither=Image.Dither.NONE)
    numbers = np.array(near)
    red, green, blue = np.moveaxis(pixels.astype(np.uint32), -1, 0)
    packed = red << 16 | green << 8 | blue
    for number, color in enumerate(EXACT):
        numbers[packed == int(color[1:], 16)] = number
    drawn = Image.fromarray(numbers, "P")
    drawn.putpalette(near.getpalette() or [])
    return drawn


def _even(pixels: Pixels) -> Pixels:
    """Add a white row or column where their number is odd, as video has it."""
    odd = ((0, pixels.shape[0] % 2), (0, pixels.shape[1] % 2), (0, 0))
    return np.pad(pixels, odd, constant_values=255)
