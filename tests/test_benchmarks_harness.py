"""The benchmarks know the machine, keep to their time, load it and leave nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import drawn
import pytest

from benchmarks import gpu, mnist, throughput
from benchmarks.harness import (
    Machine,
    Ran,
    Side,
    before,
    beside,
    in_turns,
    parser,
    read,
    refuse_emulation,
    run,
)
from benchmarks.harness.busy import busy
from benchmarks.harness.kind import EMULATION, Kind, find_kind

ROOT = Path(__file__).parents[1]
AVX2 = {"avx2": True, "avx512_f": False, "avx512_bf16": False, "amx_bf16": False, "cores": 2}
BF16 = AVX2 | {"avx512_f": True, "avx512_bf16": True}


@pytest.mark.parametrize(
    ("capabilities", "environment", "gpus", "kind"),
    [
        (AVX2, {}, [], Kind("avx2")),
        (AVX2, EMULATION, [], Kind("avx2")),  # what it has is not emulated
        (AVX2 | {"avx512_f": True}, {}, [], Kind("avx512")),
        (BF16, {}, [], Kind("bf16")),
        (BF16, {"ATEN_CPU_CAPABILITY": "avx2"}, [], Kind("bf16")),
        (BF16, EMULATION, [], Kind("avx2", emulated=True)),
        (AVX2 | {"amx_bf16": True}, {}, [], Kind("bf16")),
        (BF16, {}, ["NVIDIA H100"], Kind("gpu")),
        ({}, {}, [], Kind("other")),
    ],
)
def test_the_kind_is_known_from_what_the_processor_can_do(
    capabilities: dict[str, object], environment: dict[str, str], gpus: list[str], kind: Kind
) -> None:
    assert find_kind(capabilities, environment, gpus) == kind


def test_the_peak_of_bf16_is_not_measured_where_the_processor_lacks_it() -> None:
    told = run([sys.executable, "-m", "benchmarks.harness.peak"], environment=EMULATION).told
    if told["kind"] == "gpu":
        pytest.skip("a card has bf16, whatever the processor is told")
    assert told["kind"] == "avx2"
    assert told["float32"] > 0.1
    assert told["bf16"] is None


def test_what_was_found_before_the_limit_counts() -> None:
    text = "import time; print('{\"first\": 1}', flush=True); time.sleep(60)"
    found = run([sys.executable, "-c", text], limit=1.0)
    assert found.told == {"first": 1}
    assert found.seconds < 30


def test_a_page_names_no_peak_that_was_not_measured_and_says_what_is_emulated() -> None:
    machine = Machine("a processor", {}, 90.0, None, load=0.1, kind="avx2", emulated=True)
    said = " ".join(machine.sentences())
    assert said.startswith("AVX2 emulated on a processor.")
    assert "90 GFLOP/s in float32" in said
    assert "bf16" not in said
    runs = [ran(epochs=[6.0, 2.0], images=100)]
    sides = dict.fromkeys(("Striate", "Keras", "torch"), runs)
    _, network = throughput.findings(sides, machine, 64)
    assert "of the measured peak in float32" in network
    assert "bf16" not in network


def side(seconds: float) -> Side:
    return Side("any", lambda _: [sys.executable, "-c", f"import time; time.sleep({seconds})"])


def test_rounds_end_when_the_time_is_used_up() -> None:
    begun = time.perf_counter()
    fitted = in_turns([side(0.5)], 50, until=begun + 3, say=lambda _: None)["any"]
    assert 1 <= len(fitted) <= 5
    assert time.perf_counter() - begun < 4


def test_every_run_has_an_empty_cache_of_its_own() -> None:
    text = "import json, os; c = os.environ['STRIATE_CACHE']; print(json.dumps({c: os.listdir(c)}))"
    each = Side("any", lambda _: [sys.executable, "-c", text])
    told = [found.told for found in in_turns([each], 2, say=lambda _: None)["any"]]
    assert [list(one.values()) for one in told] == [[[]], [[]]]
    assert told[0] != told[1]


def test_the_first_round_is_run_however_late_it_is() -> None:
    done = in_turns([side(0)], 3, until=time.perf_counter() - 1, say=lambda _: None)["any"]
    assert len(done) == 1


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def used(pid: int) -> int:
    """Ticks of a processor that a process has used."""
    return int(Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[11])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_busy_processes_use_their_cores_and_are_gone_afterwards() -> None:
    with busy(2) as pids:
        assert len(set(pids)) == 2
        ticks = [used(pid) for pid in pids]
        time.sleep(1)
        assert all(used(pid) > so_far for pid, so_far in zip(pids, ticks, strict=True))
    assert not any(map(alive, pids))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_busy_processes_are_gone_after_an_error_and_after_ctrl_c(error: type[Exception]) -> None:
    started: list[int] = []
    with pytest.raises(error), busy(1) as pids:
        started += pids
        raise error
    assert len(started) == 1
    assert not any(map(alive, started))


def test_busy_processes_end_by_themselves_when_the_benchmark_is_killed() -> None:
    text = """
import os, signal
from benchmarks.harness.busy import busy
with busy(1) as (pid,):
    print(pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    until = time.monotonic() + 30
    while alive(int(done.stdout)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not alive(int(done.stdout))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_memory_counts_what_a_process_has_started() -> None:
    child = "held = bytearray(b'1') * 200_000_000; import time; time.sleep(1)"
    text = f"import subprocess, sys; c = [sys.executable, '-c', {child!r}]\n"
    text += "p = [subprocess.Popen(c) for _ in range(2)]; [each.wait() for each in p]"
    assert 380_000_000 < run([sys.executable, "-c", text]).peak_memory < 600_000_000


def test_another_checkout_runs_its_own_code(tmp_path: Path) -> None:
    programs = tmp_path / "benchmarks" / "ours"
    programs.mkdir(parents=True)
    text = "import json, striate, sys; print(json.dumps({striate.AGE: sys.argv[1:]}))"
    for folder in (programs.parent, programs):
        (folder / "__init__.py").touch()
    (programs / "any.py").write_text(text, "utf-8")
    (tmp_path / "striate.py").write_text("AGE = 'old'\n", "utf-8")
    (found,) = in_turns([before(tmp_path, "any", "data")], 1, say=lambda _: None)["before"]
    assert found.told == {"old": ["data", "--seed", "0"]}


def ran(**told: object) -> Ran:
    return Ran(seconds=10.0, processor_seconds=9.0, peak_memory=10**8, told=told)


def test_what_is_kept_of_the_quiet_speed_is_told() -> None:
    sides = {
        name: [ran(epochs=[seconds, seconds], images=100)]
        for name, seconds in {
            "Striate": 1.0,
            "Keras": 4.0,
            "torch": 2.0,
            "Striate, 1 busy": 2.0,
            "Keras, 1 busy": 5.0,
            "torch, 1 busy": 8.0,
        }.items()
    }
    said = throughput.busy_finding(sides, 1)
    assert "Striate 50%, Keras 80%, torch 25%" in said
    assert "2.5 times as fast as Keras" in said


def test_what_is_kept_of_mnist_s_quiet_speed_is_told() -> None:
    sides = {
        name: [ran(seconds=seconds)]
        for name, seconds in {
            "Striate": 5.0,
            "Keras": 50.0,
            "Striate, 2 busy": 10.0,
            "Keras, 2 busy": 80.0,
        }.items()
    }
    said = mnist.busy_finding(sides, 2)
    assert said.startswith("Beside 2 processes that keep a core busy")
    assert "Striate 50%, Keras 62%" in said
    assert "8.0 times as fast as Keras" in said


def test_every_side_runs_quiet_and_beside_busy_processes() -> None:
    sides = beside([side(0)], [1])
    assert [(each.name, each.busy) for each in sides] == [("any", 0), ("any, 1 busy", 1)]


def test_half_an_emulation_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["any"])
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    for name in ("ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit, match="only ATEN_CPU_CAPABILITY asks for AVX2.*set all"):
        read(parser("Any.", rounds=1))


def test_no_avx2_is_emulated_where_onnx_runtime_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EMULATION:
        monkeypatch.delenv(name, raising=False)
    refuse_emulation()
    for name, value in EMULATION.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="ONNX Runtime.*unset ATEN_CPU_CAPABILITY, ONEDNN"):
        refuse_emulation()


def test_results_lie_in_a_folder_of_their_kind() -> None:
    results = ROOT / "benchmarks" / "results"
    assert list(results.glob("*.json")) == []
    for path in results.glob("*/*.json"):
        machine = json.loads(path.read_text("utf-8"))["machine"]
        assert machine.get("kind", "bf16") == path.parent.name  # older ones do not say it
        if path.parent.name == "avx512":
            assert machine["bf16"] is None or machine["bf16"] <= machine["float32"]
        else:
            assert (machine["bf16"] is None) == (path.parent.name == "avx2")


def test_the_card_s_benchmark_sets_each_side_beside_the_peak_in_bf16() -> None:
    machine = Machine("a card", {}, 50_000.0, 700_000.0, load=0.1, kind="gpu")
    seconds = {gpu.OURS: 1.0, gpu.LOOP: 1.5, gpu.HELD: 0.5}
    sides = {
        name: [ran(epochs=[9.0, each], images=10_000, card_memory=2**30)]
        for name, each in seconds.items()
    }
    said = gpu.finding(sides, machine, 128)
    assert "1.50 times as fast as torch's loop, and 0.50 times" in said
    # 3.476 GFLOP an image, forward and backward: 34,760 GFLOP/s of 700,000
    assert "Striate 5.0%, torch's loop 3.3%" in said
    assert gpu.card(sides[gpu.OURS]) == "1024"


def test_every_photograph_is_there_as_often_as_asked(tmp_path: Path) -> None:
    photos = drawn.folder(tmp_path / "photos", n=2)
    gpu.copies(photos, tmp_path / "links", 3)
    assert len(list((tmp_path / "links" / "disc").iterdir())) == 6


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_script_for_a_card_is_sound_bash() -> None:
    script = ROOT / "tests" / "gpu" / "run.sh"
    assert script.stat().st_mode & 0o111, "not executable"
    subprocess.run(["bash", "-n", str(script)], check=True)
