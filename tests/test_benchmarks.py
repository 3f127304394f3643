"""The harness of the benchmarks measures what it says, and its pages say what was measured."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
import torch

from benchmarks.harness import Failed, Machine, Report, Side, in_turns, run, write
from benchmarks.harness.peak import peak
from striate.tables import Table

MACHINE = Machine("a processor, 2 cores", {"torch": "2.13.0"}, 300.0, 600.0, load=0.1)


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_a_process_is_timed_from_its_start_to_its_end() -> None:
    begun = time.perf_counter()
    ran = run(python("import time; time.sleep(0.4)"))
    assert 0.4 <= ran.seconds <= time.perf_counter() - begun
    assert ran.processor_seconds < ran.seconds


def test_the_processor_s_time_is_counted_where_it_is_used() -> None:
    ran = run(python("import time\nwhile time.process_time() < 0.5: pass"))
    assert 0.5 <= ran.processor_seconds < 1.5


def test_the_peak_is_that_of_the_process_and_not_what_it_ends_with() -> None:
    low = run(python("pass")).peak_memory
    high = run(python("held = bytes(1) * 500_000_000; del held")).peak_memory
    assert high > 500_000_000
    assert high - low > 300_000_000 or low > 300_000_000


def test_a_process_that_fails_ends_the_benchmark_with_what_it_said() -> None:
    with pytest.raises(Failed, match=r"ended with 3:(.|\n)*no such picture"):
        run(python("import sys; print('no such picture', file=sys.stderr); sys.exit(3)"))


def test_what_a_process_prints_can_go_to_a_file(tmp_path: Path) -> None:
    ran = run(python("print('file,class')"), output=tmp_path / "answers.csv")
    assert (tmp_path / "answers.csv").read_text("utf-8") == "file,class\n"
    assert ran.told == {}


def test_sides_run_in_turns_and_every_second_round_backwards() -> None:
    def side(name: str) -> Side:
        return Side(name, lambda seed: python(f"print('{{\"seed\": {seed}}}')"))

    said: list[str] = []
    ran = in_turns([side("ours"), side("theirs")], 3, say=said.append)
    order = [text.split(", ")[1].split(":")[0] for text in said]
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert [each.told["seed"] for each in ran["ours"]] == [0, 1, 2]


def test_the_peak_of_the_machine_is_that_of_the_fastest_product() -> None:
    assert 0.1 < peak(torch.float32, 256) < 1e6


def test_a_result_is_a_page_and_json(tmp_path: Path) -> None:
    table = Table(("side", "seconds"), (("ours", "2.0"), ("theirs", "40.0")), {"seconds"})
    write(
        Report(
            name="some",
            title="Some work",
            command="make bench-some",
            method="Both do the same.",
            tables=(table,),
            findings=("Ours is 20.0 times as fast.",),
            machine=MACHINE,
            raw={"ours": [2.0], "theirs": [40.0]},
        ),
        tmp_path,
    )
    page = (tmp_path / "some.md").read_text("utf-8")
    assert "theirs     40.0" in page
    assert "Ours is 20.0 times as fast." in page
    assert "not a quiet machine" not in page
    found = json.loads((tmp_path / "some.json").read_text("utf-8"))
    assert found["raw"]["theirs"] == [40.0]
    assert found["machine"]["bf16"] == 600.0
