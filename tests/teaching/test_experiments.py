"""Experiments compare what can be compared, keep what is finished, and say what is there."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import shell

import striate
from striate.errors import RunError, SettingError
from striate.evaluation.metrics.student_t import compute_mean
from striate.events import Event, Note, Progress
from striate.model.run_folder import RunFolder
from striate.teaching import experiments
from striate.teaching.experiments import Effort, Experiment, experiment_images
from striate.teaching.experiments.design import Given
from striate.teaching.experiments.experiment_result import Outcome, Point
from striate.teaching.experiments.experiment_run import DESIGNS
from striate.teaching.experiments.plot_parts import make_band

TINY = Effort(seeds=2, epochs=1, images=60)


@pytest.fixture(autouse=True, scope="module")
def few_tested() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment_images, "MOST_TESTED", 60)
        yield


def carried_out(name: str, out: Path, *, effort: Effort = TINY) -> tuple[Experiment, list[str]]:
    told: list[Event] = []
    result = experiments.experiment(name, effort=effort, out=out, callback=told.append)
    return result, [event.text for event in told if isinstance(event, Note)]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, list[str]]:
    return carried_out("shuffle", tmp_path_factory.mktemp("shuffle") / "out")


def trained(notes: list[str]) -> list[str]:
    return [note for note in notes if note.endswith("% right")]


def trials(folder: Path, name: str = "shuffle") -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / f"{name}.json").read_text())["trials"]
    return found


def test_every_network_is_trained_from_every_seed_in_every_way(
    done: tuple[Experiment, list[str]],
) -> None:
    result, notes = done
    assert len(trained(notes)) == 2 * 2 * 2
    assert [(point.network, point.condition) for point in result.points] == [
        (network, way)
        for network in ("fully connected", "convolutional")
        for way in ("as they are", "shuffled")
    ]
    for point in result.points:
        assert len(point.accuracies) == 2
        assert point.accuracy == compute_mean(point.accuracies)


def test_the_folder_holds_numbers_and_images(done: tuple[Experiment, list[str]]) -> None:
    result, _ = done
    folder = Path(result.folder)
    names = sorted(path.name for path in folder.iterdir() if path.name != ".lock")
    assert names == ["shuffle.json", "shuffle.png", "shuffle.svg"]
    record = json.loads((folder / "shuffle.json").read_text())
    assert record["result"] == json.loads(json.dumps(result.as_json()))
    assert record["environment"]["versions"]["striate"] == striate.__version__
    assert (folder / "shuffle.png").read_bytes()[1:4] == b"PNG"
    assert ElementTree.parse(folder / "shuffle.svg").getroot().tag.endswith("svg")


def test_a_frame_has_a_row_a_network_a_condition_and_a_seed(
    done: tuple[Experiment, list[str]],
) -> None:
    result, _ = done
    frame = result.to_pandas()
    assert len(frame) == len(result.points) * len(result.seeds)
    for point in result.points:
        mine = frame[(frame.network == point.network) & (frame.condition == point.condition)]
        assert mine.seed.tolist() == list(result.seeds)
        assert mine.accuracy.tolist() == list(point.accuracies)


def test_the_networks_are_shown_as_texts_with_their_size(
    done: tuple[Experiment, list[str]],
) -> None:
    result, _ = done
    text = str(result)
    for network in result.networks:
        assert network.text.splitlines()[-1] in text
        assert f"{network.parameters:,}" in text
        assert striate.summary(network.text).parameters == network.parameters
    assert "input 1x8x8 classes=10" in text


def test_finished_seeds_are_kept_and_not_run_again(
    done: tuple[Experiment, list[str]], tmp_path: Path
) -> None:
    whole, _ = done
    out = tmp_path / "out"
    _, first = carried_out("shuffle", out, effort=Effort(seeds=1, epochs=1, images=60))
    assert len(trained(first)) == 4
    before = trials(out)
    result, second = carried_out("shuffle", out)
    assert len(trained(second)) == 4
    assert all(", seed 1:" in note for note in trained(second))
    assert trials(out).items() >= before.items()
    assert result.points == whole.points  # and on the same processor they are the same numbers
    again, third = carried_out("shuffle", out)
    assert trained(third) == []
    assert again == result


def test_ctrl_c_keeps_what_is_finished_and_the_same_call_goes_on(
    done: tuple[Experiment, list[str]], tmp_path: Path
) -> None:
    whole, _ = done
    out = tmp_path / "out"

    def stop_at(wanted: str) -> Experiment:
        def callback(event: Event) -> None:
            if isinstance(event, Progress) and event.stage.startswith(wanted):
                signal.raise_signal(signal.SIGINT)

        return experiments.experiment("shuffle", effort=TINY, out=out, callback=callback)

    with pytest.raises(RunError, match=r"2 trainings of 8 are kept in .*the same command goes on"):
        stop_at("3/8")
    assert len(trials(out)) == 2
    result = stop_at("6/8")
    assert result.interrupted
    assert result.seeds == (0,)
    assert "stopped early, with 1 seed; the same command goes on" in str(result)
    assert all(math.isnan(point.accuracy.low) for point in result.points)
    result, notes = carried_out("shuffle", out)
    assert len(trained(notes)) == 3
    assert not result.interrupted
    assert result.points == whole.points


def test_other_settings_never_mix_with_what_is_there(
    done: tuple[Experiment, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _ = done
    other = Effort(seeds=1, epochs=2, images=60)
    with pytest.raises(RunError, match="nothing is overwritten: give another --out"):
        carried_out("shuffle", Path(result.folder), effort=other)
    with pytest.raises(RunError, match="nothing is overwritten"):
        carried_out("depth", Path(result.folder))
    monkeypatch.chdir(tmp_path)
    for effort in (Effort(1, 1, 40), Effort(1, 2, 40), Effort(1, 1, 40)):
        experiments.experiment("shuffle", effort=effort, callback=lambda event: None)
    folders = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert folders == ["experiment-shuffle", "experiment-shuffle-2"]


def test_one_process_at_a_time_works_in_a_folder(done: tuple[Experiment, list[str]]) -> None:
    folder = RunFolder(Path(done[0].folder))
    with folder.held(), pytest.raises(RunError, match="under way in another process"):
        carried_out("shuffle", folder.path)


@pytest.mark.parametrize("name", ["translation", "depth", "filters"])
def test_the_others_run_and_draw(name: str, tmp_path: Path) -> None:
    result, notes = carried_out(name, tmp_path, effort=Effort(seeds=1, epochs=1, images=40))
    assert len(trained(notes)) == len(result.networks)
    assert 2 <= len(result.findings) <= 3
    assert (tmp_path / f"{name}.png").stat().st_size > 5000
    if name == "translation":
        assert [point.across for point in result.points[:5]] == [0, 1, 2, 3, 4]


def test_colour_images_of_other_sizes_do_too(photos: Path, tmp_path: Path) -> None:
    told: list[Event] = []
    effort = Effort(seeds=1, epochs=1, image_size=16)
    result = experiments.experiment(
        "translation", photos, effort=effort, out=tmp_path / "out", callback=told.append
    )
    assert "input 3x24x24 classes=2" in result.networks[0].text
    notes = [event.text for event in told if isinstance(event, Note)]
    assert any("no test split in the data: a fifth of each class" in note for note in notes)
    assert "26 images of 3x16x16 to learn from, 6 to choose" in result.data


def test_the_sentences_say_the_numbers() -> None:
    def points(given: Given) -> list[Point]:
        design = DESIGNS["translation"](given)
        made = []
        for place, network in enumerate(design.networks):
            for condition, across, _ in design.views(np.zeros((1, 16, 16, 1), np.uint8), network):
                shares = tuple(0.9 - 0.1 * across + 0.01 * place + x for x in (0, 0.01, 0.02))
                made.append(Point(network.name, condition, across, shares, compute_mean(shares)))
        return made

    given = Given((1, 8, 8), 10, (0,))
    made = points(given)
    told = " ".join(DESIGNS["translation"](given).conclude(Outcome(tuple(made))))
    assert "fully connected 91.0 % and then 51.0 %" in told
    assert (
        "conv + gap against fully connected makes +2.0 points (95 % interval +2.0 to +2.0" in told
    )


def test_too_few_or_equal_seeds_give_no_interval(done: tuple[Experiment, list[str]]) -> None:
    result, _ = done
    table = str(result.table())
    assert "accuracy in %, mean of 2 seeds, too few for an interval" in table
    assert "-" not in "".join(cell for row in result.table().rows for cell in row[1:])
    assert "2 seeds, too few" in " ".join(result.findings)
    assert "interval" not in " ".join(result.findings)
    point = result.points[0]
    same, apart = (0.5, 0.5, 0.5), (0.4, 0.5, 0.6)
    points = tuple(
        replace(each, accuracies=shares, accuracy=compute_mean(shares))
        for each, shares in zip(result.points, (same, apart, apart, apart), strict=True)
    )
    three = replace(result, seeds=(0, 1, 2), points=points).table()
    assert three.rows[0][1:] == ("50.0", "50.0 (25.2-74.8)")
    assert "with its 95 % t interval; none where all seeds gave the same" in str(three)
    assert point.accuracy == compute_mean(point.accuracies)


def test_what_is_wrong_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="there is no experiment 'zoom'; choose translation, "):
        experiments.experiment("zoom", callback=lambda event: None)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written: Not a directory; make room"):
        carried_out("shuffle", tmp_path / "file" / "out")
    with pytest.raises(SettingError, match="seeds is 0; expected a whole number from 1 to 1000"):
        experiments.experiment("depth", effort=Effort(seeds=0), callback=lambda event: None)
    said = shell.striate("experiment", "zoom", code=2)
    assert said.stderr.startswith("striate: there is no experiment 'zoom'")
    assert said.stdout == ""
    shell.striate("experiment", "depth", "--threads", 0, code=2)


def test_the_command_line_prints_a_table_or_json(tmp_path: Path) -> None:
    options = ("--seeds", 1, "--epochs", 1, "--images", 40, "--out", tmp_path / "out")
    said = shell.striate("experiment", "shuffle", *options, "--threads", 1)
    assert "accuracy in %, of one seed, so without an interval" in said.stdout
    assert f"open it     {tmp_path / 'out'}" in said.stderr
    assert "4/4 convolutional shuffled, seed 0" in said.stderr
    values = json.loads(shell.striate("experiment", "shuffle", *options, "--json").stdout)
    assert values["name"] == "shuffle"
    assert {"network", "condition", "accuracies", "accuracy"} <= values["points"][0].keys()
    assert values["points"][0]["accuracy_low"] is None  # one seed has no interval


def test_no_interval_is_drawn_of_fewer_than_three_seeds_or_beyond_the_shares() -> None:
    few, more = compute_mean([0.2, 0.8]), compute_mean([0.9, 0.95, 1.0])
    assert few.ends == (few.mean, few.mean)
    assert more.high > 1.0
    assert more.ends == (more.low, 1.0)
    band = make_band("", [Point("conv", "moved", 1.0, (0.2, 0.8), few)], ("#0072b2", "o"))
    assert (list(band.low), list(band.high)) == ([0.5], [0.5])
