"""The same run with several seeds: each as if alone, their mean, stopping and going on."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from quick_runs import plan, record
from safetensors.numpy import load_file
from scipy import stats

import striate as st
from striate.data import find
from striate.errors import RunError, SettingError, StoppedError
from striate.events import Done, Epoch, Event, Note, Seeds
from striate.model.run_folder import holds_seeds
from striate.settings import SettingsDict
from striate.training.seeds import SeedsResult, resume_seeds, train_seeds

NETWORK = "conv 4 > relu > maxpool 4 > flatten > fc"
FOUR: SettingsDict = {"epochs": 2, "precision": "float32", "threads": 1, "seed": 4}
FIVE: SettingsDict = {**FOUR, "seed": 5}

Trained = tuple[SeedsResult, list[Event]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    events: list[Event] = []
    out = tmp_path_factory.mktemp("seeds") / "runs"
    found = train_seeds("digits", NETWORK, seeds=3, out=out, callback=events.append, **FOUR)
    return found, events


def weights(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "classifier.safetensors")


def test_mean_and_interval_are_students_over_the_runs(trained: Trained) -> None:
    found, events = trained
    accuracies = [event.accuracy for event in events if isinstance(event, Done)]
    assert found.seeds == (4, 5, 6) and found.told is events[-1]
    assert list(found.told.accuracies) == accuracies
    page = (found.folder / "index.html").read_text(encoding="utf-8")
    assert all(f"seed-{seed}/report.html" in page for seed in found.seeds)
    assert found.told.mean == pytest.approx(np.mean(accuracies))
    low, high = stats.t.interval(0.95, 2, np.mean(accuracies), stats.sem(accuracies))
    assert (found.told.low, found.told.high) == pytest.approx((max(0, low), min(1, high)))


def test_each_is_the_run_that_its_seed_makes_alone(trained: Trained, tmp_path: Path) -> None:
    found, _ = trained
    st.train("digits", NETWORK, out=tmp_path / "alone", **FIVE)
    alone, among = weights(tmp_path / "alone"), weights(found.folder / "seed-5")
    assert all(np.array_equal(value, among[name]) for name, value in alone.items())


def test_stopped_in_the_second_it_goes_on(trained: Trained, tmp_path: Path) -> None:
    found, _ = trained
    seen: list[Event] = []

    def stop(event: Event) -> None:
        seen.append(event)
        if sum(isinstance(each, Done) for each in seen) == 1 and isinstance(event, Epoch):
            os.kill(os.getpid(), signal.SIGINT)

    out = tmp_path / "runs"
    with pytest.raises(StoppedError, match=r"stopped in run 2 of 3; .*--resume"):
        train_seeds("digits", NETWORK, seeds=3, out=out, callback=stop, **FOUR)
    assert holds_seeds(out) and not (out / "seed-6").exists()
    events: list[Event] = []
    assert resume_seeds(out, callback=events.append).told.accuracies == found.told.accuracies
    assert sum(isinstance(each, Done) for each in events) == 2  # the first one stays as it is


def test_stopped_before_the_first_has_learnt_it_goes_on(trained: Trained, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, Note) and event.text.startswith("the network"):
            os.kill(os.getpid(), signal.SIGINT)

    out = tmp_path / "runs"
    with pytest.raises(StoppedError, match=r"^stopped in run 1 of 3; go on with .*--resume"):
        train_seeds("digits", NETWORK, seeds=3, out=out, callback=stop, **FOUR)
    assert resume_seeds(out).told.accuracies == trained[0].told.accuracies


def test_a_folder_that_is_complete_is_only_told_again(trained: Trained) -> None:
    found, _ = trained
    events: list[Event] = []
    assert resume_seeds(found.folder, callback=events.append).told == found.told
    assert [type(each) for each in events] == [Seeds]
    assert resume_seeds(found.folder, data="digits").told == found.told


def test_what_the_first_chose_by_itself_holds_for_those_that_begin_later(tmp_path: Path) -> None:
    trained = Path(__file__).parents[1] / "formats/2026-11/finished/classifier.safetensors"
    out = tmp_path / "runs"
    st.train("digits", pretrained=str(trained), out=out / "seed-0")
    told = json.loads((out / "seed-0" / "run.json").read_text())
    told["request"]["settings"] |= {"pretrained": None, "label_smoothing": 0.1}  # the old default
    (out / "seed-0" / "run.json").write_text(json.dumps(told))
    made = {"seeds": [0, 1, 2], "request": told["request"]}
    (out / "seeds.json").write_text(json.dumps(made))
    resume_seeds(out)
    found = [plan(out / f"seed-{seed}").transfer for seed in (0, 1, 2)]
    assert found[0] is not None and found == [found[0]] * 3


def test_precision_and_sizes_are_those_of_the_first(tmp_path: Path) -> None:
    settings: SettingsDict = {"epochs": 1}
    found = train_seeds("digits", NETWORK, seeds=3, out=tmp_path / "runs", **settings)
    recipes = [plan(found.folder / f"seed-{seed}").recipe for seed in found.seeds]
    assert len({(each.precision, each.batch_size, each.learning_rate) for each in recipes}) == 1
    first = plan(found.folder / "seed-0")
    asked = record(found.folder / "seed-1").request.settings
    assert (asked.threads, asked.image_size) == (first.threads, (8, 8))
    assert asked.precision == str(recipes[0].precision).replace(" ", "-")


def test_seeds_of_other_images_are_refused(trained: Trained, tmp_path: Path) -> None:
    folder = shutil.copytree(trained[0].folder, tmp_path / "runs")
    shutil.rmtree(folder / "seed-6")  # that it would begin with the other images
    found = find("digits").only(np.arange(1700))
    with pytest.raises(RunError, match=r"are not those of .*put them back.*--resume .*seed-4"):
        resume_seeds(folder, data=found)
    assert not (folder / "seed-6").exists()


@pytest.mark.parametrize("seeds", [1, 2, 101])
def test_too_few_and_too_many_are_refused_at_once(seeds: int, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f"seeds is {seeds}; expected a whole number from 3"):
        train_seeds("digits", NETWORK, seeds=seeds, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_damaged_or_missing_list_of_seeds_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be used"):
        resume_seeds(tmp_path)
    (tmp_path / "seeds.json").write_text(json.dumps({"seeds": [1]}))
    with pytest.raises(RunError, match="cannot be used"):
        resume_seeds(tmp_path)
