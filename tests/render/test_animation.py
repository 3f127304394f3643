"""Animations as files: their time, their size, their colours, and ffmpeg where it is or is not."""

from __future__ import annotations

import io
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from striate.errors import SettingError
from striate.render import animation
from striate.render.animation import Frame, fit_time, gif, leave_out, webp, write_animation
from striate.render.palette import GREEN

MARK = [int(GREEN[at : at + 2], 16) for at in (1, 3, 5)]


def photographs(count: int, side: int = 60) -> list[Frame]:
    """Frames of colourful noise with a wide frame in one colour that moves."""
    rng = np.random.default_rng(0)
    ground = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
    frames = []
    for place in range(count):
        pixels = ground.copy()
        pixels[place : place + 20, 10:14] = MARK
        frames.append(Frame(pixels, 0.2))
    return frames


def opened(data: bytes) -> tuple[list[np.ndarray], list[int]]:
    """Every frame of a file as RGB, and how many milliseconds it is shown."""
    image = Image.open(io.BytesIO(data))
    pixels, times = [], []
    for frame in ImageSequence.Iterator(image):
        pixels.append(np.array(frame.convert("RGB")))
        times.append(int(frame.info["duration"]))
    return pixels, times


def test_a_gif_has_every_frame_its_time_and_the_marks_in_their_own_colour() -> None:
    frames = photographs(8)
    pixels, times = opened(gif(frames))
    assert times == [200] * 8
    for found, frame in zip(pixels, frames, strict=True):
        marked = (frame.pixels == MARK).all(-1)
        assert (found[marked] == MARK).all()
        # 255 colours for 3,600 of noise: none is far off, on the mean
        assert np.abs(found.astype(int) - frame.pixels).mean() < 16


def test_what_does_not_move_takes_no_room_in_a_gif() -> None:
    one, many = len(gif(photographs(1))), len(gif(photographs(20)))
    assert many < 4 * one


def test_a_webp_has_the_frames_and_their_times() -> None:
    ramp = np.linspace(0, 255, 60).astype(np.uint8)
    ground = np.stack(
        [np.tile(ramp, (60, 1)), np.tile(ramp[:, None], (1, 60)), np.full((60, 60), 90)]
    )
    frames = []
    for place in (0, 15, 30):
        pixels = np.moveaxis(ground, 0, 2).astype(np.uint8).copy()
        pixels[place : place + 20, 10:14] = MARK
        frames.append(Frame(pixels, 0.2))
    found, times = opened(webp(frames))
    assert times == [200] * 3
    for one, frame in zip(found, frames, strict=True):
        assert np.abs(one.astype(int) - frame.pixels).mean() < 6


def test_ten_seconds_are_the_most_and_no_time_is_lost() -> None:
    dot = np.zeros((1, 1, 3), np.uint8)
    long = fit_time([Frame(dot, 0.13) for _ in range(200)])
    assert sum(frame.seconds for frame in long) == pytest.approx(10.0)
    short = fit_time([Frame(dot, 0.13) for _ in range(20)])
    assert sum(frame.seconds for frame in short) == pytest.approx(2.6, abs=0.03)
    crowd = fit_time([Frame(dot, 0.01) for _ in range(2000)])
    assert len(crowd) <= 250
    assert sum(frame.seconds for frame in crowd) <= 10.0 + 1e-9


def test_frames_are_left_out_until_the_file_is_small_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    noise = [Frame(rng.integers(0, 256, (50, 50, 3)).astype(np.uint8), 0.2) for _ in range(16)]
    whole = write_animation(tmp_path / "whole.gif", noise)
    monkeypatch.setattr(animation, "LARGEST", whole.size // 3)
    less = write_animation(tmp_path / "less.gif", noise)
    assert less.size <= whole.size // 3
    assert (whole.frames, less.frames) == (16, 5)
    assert less.seconds == pytest.approx(whole.seconds)
    assert (tmp_path / "less.gif").stat().st_size == less.size
    assert str(less).startswith(f"wrote {tmp_path / 'less.gif'}: 5 frames, 3.2 s, ")


def test_leaving_out_keeps_the_last_frame_and_the_time() -> None:
    frames = photographs(7)
    kept = leave_out(frames)
    assert kept[-1] is frames[-1]
    assert sum(each.seconds for each in kept) == pytest.approx(1.4)
    assert len(kept) == 4


def test_other_endings_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"expected a name that ends in \.gif, \.webp, \.mp4"):
        write_animation(tmp_path / "x.avi", photographs(1))
    (tmp_path / "x.gif").mkdir()
    with pytest.raises(SettingError, match="which is a folder; give a file's name"):
        write_animation(tmp_path / "x.gif", photographs(1))


def test_without_ffmpeg_an_mp4_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingError) as caught:
        animation.check_animation(tmp_path / "x.mp4", "--out")
    assert "made by ffmpeg, which is not installed here; install it, or give x.gif" in str(
        caught.value
    )


def stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program named ffmpeg first in the path."""
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_ffmpeg_is_given_every_tick_with_even_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("sh") is None:
        pytest.skip("no shell is installed")
    stand_in(tmp_path, 'for last; do :; done; cat > "$last"', monkeypatch)
    odd = [Frame(np.full((3, 5, 3), shade, np.uint8), 0.08) for shade in (10, 200)]
    written = write_animation(tmp_path / "x.mp4", odd)
    ticks = np.frombuffer((tmp_path / "x.mp4").read_bytes(), np.uint8).reshape(4, 4, 6, 3)
    assert ticks[:, 0, 0, 0].tolist() == [10, 10, 200, 200]
    assert (ticks[:, 3] == 255).all()
    assert (ticks[:, :, 5] == 255).all()
    assert written.seconds == pytest.approx(0.16)


def test_what_ffmpeg_says_of_a_failure_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("sh") is None:
        pytest.skip("no shell is installed")
    stand_in(tmp_path, "echo first >&2; echo 'no such encoder' >&2; exit 1", monkeypatch)
    with pytest.raises(SettingError, match="^ffmpeg failed: no such encoder$"):
        write_animation(tmp_path / "x.mp4", photographs(2))
    assert not (tmp_path / "x.mp4").exists()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_ffmpeg_makes_an_mp4(tmp_path: Path) -> None:
    written = write_animation(tmp_path / "x.mp4", photographs(5, side=61))
    data = (tmp_path / "x.mp4").read_bytes()
    assert data[4:8] == b"ftyp"
    assert written.size == len(data)
