from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from striate.data import cores
from striate.data.cores import OtherWork, count_cores

HERE = count_cores(Path("nowhere"))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, HERE),
        ({"cpu.max": "max 100000\n"}, HERE),
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "20000 100000\n"}, 1),
        ({"cpu.max": "99900000 100000\n"}, HERE),
        ({"cpu.max": "nonsense"}, HERE),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, HERE),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
    ],
)
def test_a_container_s_share_of_the_cores_counts(
    files: dict[str, str], expected: int, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert count_cores(tmp_path) == expected


def test_what_others_do_is_the_whole_less_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = tmp_path / "stat"
    monkeypatch.setattr(cores, "TICKS", ticks)
    monkeypatch.setattr(cores, "_own", iter([10.0, 11.0, 12.0]).__next__)
    clock = iter([100.0, 102.0, 104.0])
    monkeypatch.setattr(time, "perf_counter", clock.__next__)
    each = os.sysconf("SC_CLK_TCK")
    ticks.write_text(f"cpu {5 * each} 0 0 999 0 0 0 0 0 0\ncpu0 1 2 3\n")
    work = OtherWork()
    ticks.write_text(f"cpu {6 * each} {each} {each} 9999 9 0 0 {each} 0 0\n")
    # 4 more seconds of work in 2 seconds, one of them our own
    assert work.cores() == pytest.approx(1.5)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert work.crowds(4)  # 6 seconds of work less 2 of ours, in 4 seconds: 0.5 cores


@pytest.mark.skipif(sys.platform == "linux", reason="Linux says what all programs use")
def test_elsewhere_nobody_is_known_to_crowd() -> None:
    assert OtherWork().cores() is None
    assert not OtherWork().crowds(1)
