import io
from pathlib import Path

import pytest
import rich.console

from striate.events import Done, Epoch, Note, Progress
from striate.terminal import console
from striate.terminal.console import Console

STEP = Progress("training", 500, 1000, 123.4, 61.0, 2, 5, 0.7)
EPOCH = Epoch(2, 5, 0.5, 0.8, 0.4, 0.9, 1e-3, 123.4, 9.0, 30.0, True)
DONE = Done(
    Path("runs/a"), Path("runs/a/c.safetensors"), Path("runs/a/report.html"), False,
    "10 test images the run never saw", 10, 0.9, 0.6, 0.98, 45.0,
)  # fmt: skip


def shown(*events: Note | Progress | Epoch | Done, terminal: bool = False) -> str:
    out = io.StringIO()
    plain = rich.console.Console(file=out, force_terminal=terminal, width=100, highlight=False)
    with Console(plain) as callback:
        for event in events:
            callback(event)
    return out.getvalue()


def test_after_a_run_that_failed_its_cure_comes_next() -> None:
    failed = Done(**{**vars(DONE), "cure": "striate train digits --learning-rate 0.003"})
    text = shown(failed)
    assert "next        striate train digits --learning-rate 0.003" in text
    assert "predict" not in text


def test_a_file_gets_whole_lines_only() -> None:
    text = shown(Note("one class is empty"), STEP, EPOCH, DONE)
    assert "- one class is empty\n" in text
    assert "2/5" in text
    assert "best so far" in text
    assert "90.0 %" in text
    assert "95 % interval 60.0 % to 98.0 %" in text
    assert "open it     runs/a/report.html" in text
    assert "next        striate predict runs/a IMAGES" in text
    assert "\x1b" not in text
    assert "500/1,000" not in text


def test_a_terminal_gets_a_bar_with_rate_and_time_left() -> None:
    text = shown(STEP, terminal=True)
    assert "training 2/5" in text
    assert "500/1,000 images" in text
    assert "1 min 1 s left" in text


def test_a_rate_that_is_not_known_yet_is_left_out() -> None:
    text = shown(Progress("reading", 5, 100, 0.0), terminal=True)
    assert "5/100 images" in text
    assert "0/s" not in text and "left" not in text


def test_bytes_are_told_as_megabytes() -> None:
    step = Progress("downloading", 12_340_000, 98_000_000, 2_500_000.0, 34.0, unit="bytes")
    text = shown(step, terminal=True)
    assert "12.3/98.0 MB" in text
    assert "2.5 MB/s" in text
    endless = Progress("downloading", 12_340_000, 0, 2_500_000.0, unit="bytes")
    assert "12.3 MB" in shown(endless, terminal=True)


def test_a_long_silence_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "QUIET", 0.0)
    assert "training 2/5: 500/1,000 images, 1 min 1 s left" in shown(STEP)


def test_what_looks_like_markup_or_is_no_text_is_shown_as_it_is() -> None:
    text = shown(Note("a folder [bold]named[/bold] \udcff oddly"))
    assert "[bold]named[/bold]" in text
    assert "\\udcff" in text


def test_a_stopped_run_says_how_to_go_on() -> None:
    stopped = Done(**{**vars(DONE), "interrupted": True})
    assert "striate train --resume runs/a" in shown(stopped)
