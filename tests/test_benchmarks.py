"""The harness of the benchmarks measures what it says, and its pages say what was measured."""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import drawn
import numpy as np
import pytest
import torch

from benchmarks import mnist, predict, throughput, transfer
from benchmarks.harness import Failed, Machine, Ran, Report, Side, in_turns, ours, run, write
from benchmarks.harness.peak import peak
from striate.terminal.tables import Table

MACHINE = Machine("a processor, 2 cores", {"torch": "2.13.0"}, 300.0, 600.0, load=0.1, kind="bf16")


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
    text = "import time; held = bytes(1) * 500_000_000; del held; time.sleep(0.5)"
    high = run(python(text)).peak_memory
    assert low < 100_000_000
    assert 500_000_000 < high < 600_000_000


def test_a_process_that_fails_ends_the_benchmark_with_what_it_said() -> None:
    with pytest.raises(Failed, match=r"ended with 3:(.|\n)*no such image"):
        run(python("import sys; print('no such image', file=sys.stderr); sys.exit(3)"))


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
    assert 0.1 < peak("cpu", torch.float32, (256,)) < 1e6


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
    page = (tmp_path / "bf16" / "some.md").read_text("utf-8")
    assert "theirs     40.0" in page
    assert "Ours is 20.0 times as fast." in page
    assert "not a quiet machine" not in page
    found = json.loads((tmp_path / "bf16" / "some.json").read_text("utf-8"))
    assert found["raw"]["theirs"] == [40.0]
    assert found["machine"]["bf16"] == 600.0


def ran(**told: object) -> Ran:
    return Ran(seconds=10.0, processor_seconds=9.0, peak_memory=10**8, told=told)


def test_a_paired_difference_is_that_of_the_means_over_the_seeds() -> None:
    generator = np.random.default_rng(3)
    theirs, own = generator.random((5, 400)) < 0.80, generator.random((5, 400)) < 0.86
    shift, low, high = transfer.difference(theirs, own)
    assert shift == pytest.approx(own.mean() - theirs.mean())
    error = (own.mean(0) - theirs.mean(0)).std(ddof=1) / 400**0.5
    assert (low, high) == pytest.approx((shift - 1.96 * error, shift + 1.96 * error), abs=2e-3)


def test_answers_are_paired_by_the_images_names() -> None:
    runs = [ran(right={"b": True, "a": False}), ran(right={"a": True, "b": True})]
    assert transfer.answers(runs).tolist() == [[False, True], [True, True]]


def test_mnist_counts_the_seeds_that_reach_the_mark() -> None:
    sides = {
        mnist.OURS: [
            ran(seconds=5.0, epoch_seconds=[1.0, 1.5], right=9900, n=10_000),
            ran(seconds=5.0, epoch_seconds=[1.0, 1.5], right=9899, n=10_000),
        ],
        mnist.KERAS: [ran(seconds=100.0, right=9910, n=10_000)] * 2,
    }
    (said,) = mnist.findings(sides)
    assert "20.0 times as fast by the medians; its epochs alone are 40.0 times" in said
    assert "99.0 % is reached by 1 of 2 seeds here and by 2 of 2 of Keras" in said
    assert "9,899 of 10,000" in str(mnist.seeds(sides))
    _, said = mnist.findings({**sides, "before": [ran(seconds=8.0, right=1, n=1)]})
    assert said == "As fast as before: 1.60 times as a call, 1.00 times as a whole process."


def test_throughput_leaves_the_first_epoch_out_and_counts_it_from_the_files_on() -> None:
    runs = [ran(epochs=[6.0, 2.0, 2.0], images=100, before=10.0)]
    assert throughput.full(runs) == [50.0]
    assert throughput.whole(runs) == [15.0]


def test_predictions_are_compared_by_the_images_names(tmp_path: Path) -> None:
    (tmp_path / "Striate.csv").write_text("file,class\na/1.jpg,ants\na/2.jpg,bees\n", "utf-8")
    (tmp_path / "torch.csv").write_text("b/2.jpg,1,0.9\nb/1.jpg,1,0.6\n", "utf-8")
    assert predict.agreement(tmp_path, ["ants", "bees"]) == 1


def test_the_folder_to_predict_holds_every_photograph_so_many_times(tmp_path: Path) -> None:
    for name in ("train/ants", "val/ants"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        drawn.image("disc", 0).save(tmp_path / "photos" / name / "1.jpg")
    assert predict.spread_out(tmp_path / "photos", tmp_path / "links", 3, most=0) == 6
    assert len(list((tmp_path / "links").iterdir())) == 6


def test_striate_s_side_of_mnist_runs(tmp_path: Path) -> None:
    told = run(ours("mnist", few_digits(tmp_path / "digits"), "--epochs", 1).command(0)).told
    assert told["n"] == 100
    assert 0 < sum(told["epoch_seconds"]) < told["seconds"]


@pytest.mark.slow
def test_striate_s_side_of_throughput_times_every_epoch(tmp_path: Path) -> None:
    photos = drawn.folder(tmp_path / "photos", n=10, size=(20, 20))
    given = ("--side", 32, "--epochs", 2, "--batch-size", 8)
    told = run(ours("train", photos, *given).command(0)).told
    assert told["images"] == 16
    assert len(told["epochs"]) == 2
    assert told["before"] > 0


def test_striate_s_side_of_transfer_tells_which_images_it_told_right(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    weights = shared("weights/squeezenet1_1.pth")
    drawn.folder(tmp_path / "data" / "train", n=8, size=(48, 48))
    drawn.folder(tmp_path / "data" / "val", n=4, size=(48, 48), first=8)
    side = ours("transfer", tmp_path / "data", "--weights", weights)
    right = in_turns([side], 1, say=lambda _: None)["Striate"][0].told["right"]
    assert sorted(right)[0] == "val/disc/disc008.png"
    assert sum(right.values()) >= 6 == len(right) - 2


def few_digits(folder: Path) -> Path:
    """300 + 100 drawn digits as the IDX files that MNIST comes in."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for part, n in (("train", 300), ("t10k", 100)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        values = generator.integers(0, 60, (n, 28, 28)).astype(np.uint8)
        values[np.arange(n), labels + 8, 5:23] = 255
        for kind, array in (("images", values), ("labels", labels)):
            head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">i4").tobytes()
            name = f"{part}-{kind}-idx{array.ndim}-ubyte.gz"
            (folder / name).write_bytes(gzip.compress(head + array.tobytes()))
    return folder
