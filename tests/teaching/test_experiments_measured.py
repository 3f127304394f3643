"""What experiments measure besides accuracy, against NumPy, torch's own rules, and by hand."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from striate.backends import numpy
from striate.events import Event, Note
from striate.teaching import experiments
from striate.teaching.experiments import (
    Effort,
    Experiment,
    activation,
    dropout,
    experiment_images,
    initialisation,
    measured_trial,
    pooling,
    stride,
)
from striate.teaching.experiments.effort import NAMES
from striate.teaching.experiments.experiment_images import Material, gather_images
from striate.teaching.experiments.experiment_plot import make_still
from striate.teaching.experiments.experiment_run import DESIGNS
from striate.teaching.experiments.trial import Learner, Trial, make_learner

NEW = NAMES[4:]
TINY = Effort(seeds=1, epochs=1, images=60)
CarryOut = Callable[[str], tuple[Experiment, list[Event]]]


@pytest.fixture(autouse=True, scope="module")
def few_tested() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment_images, "MOST_TESTED", 60)
        yield


@pytest.fixture(scope="module")
def material() -> Material:
    return gather_images("digits", most=60, size=None, callback=lambda event: None)


def learner_of(name: str, material: Material, network: str) -> tuple[Learner, Trial]:
    design = DESIGNS[name](material.describe_shape())
    wanted = next(each for each in design.networks if each.name == network)
    trial = Trial(design, wanted, "", material, 3, 1, lambda event: None)
    return make_learner(trial), trial


def seen_by(learner: Learner) -> tuple[np.ndarray, np.ndarray]:
    """What goes into the network of some of its training images, and their labels."""
    some = measured_trial.choose_some(learner)
    pixels = learner.images.images.take(some) / 255
    mean, std = (
        np.reshape(each, (1, -1, 1, 1))
        for each in (learner.preprocess.mean, learner.preprocess.std)
    )
    return (pixels - mean) / std, learner.split.collection.labels[some]


def parameters_of(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.double().numpy() for name, value in module.state_dict().items()}


@pytest.mark.parametrize("word", activation.WORDS)
def test_gradient_norms_are_those_of_the_numpy_passes(word: str, material: Material) -> None:
    learner, trial = learner_of("activation", material, f"{word}, 4 layers")
    found = list(measured_trial.measure_gradients(learner, activation.GRADIENT))
    values, labels = seen_by(learner)
    passed = numpy.forward(trial.network.text, parameters_of(learner.module), values)
    _, slope = numpy.softmax_cross_entropy(passed.output, numpy.one_hot(labels, 10))
    expected = numpy.backward(passed, slope).parameters
    assert [each.across for each in found] == [1, 2, 3, 4, 5]
    for number, each in enumerate(found, start=1):
        norm = np.linalg.norm(expected[f"fc{number}.weight"])
        assert each.value == pytest.approx(norm, rel=1e-4)


def test_dead_units_are_those_that_are_0_for_every_image(material: Material) -> None:
    learner, trial = learner_of("activation", material, "ReLU, 4 layers")
    with torch.no_grad():
        learner.module.get_parameter("fc2.bias")[:7] = -100.0
    values, _ = seen_by(learner)
    passed = numpy.forward(trial.network.text, parameters_of(learner.module), values)
    dead = [(passed.values[f"relu{layer}"] == 0).all(axis=0).mean() for layer in (1, 2, 3, 4)]
    assert dead[1] >= 7 / 32
    assert [bend.dead for bend in measured_trial.look_at(learner).bends] == pytest.approx(dead)


def test_weights_start_with_the_variance_of_each_rule(material: Material) -> None:
    drawn = {}
    for name in initialisation.FACTORS:
        learner, _ = learner_of("initialisation", material, name)
        measured_trial.draw_weights(learner.module, name, seed=3)
        drawn[name] = [
            part.weight.detach() for part in learner.module.modules() if isinstance(part, nn.Linear)
        ]
    for rule, fill in (
        (initialisation.HE, lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu")),
        (initialisation.GLOROT, nn.init.xavier_uniform_),
    ):
        reference = fill(torch.empty(64, 64))
        stds = [float(weight.std()) for weight in drawn[rule][1:-1]]
        assert np.mean(stds) == pytest.approx(float(reference.std()), rel=0.08)
    assert np.mean([float(w.var()) for w in drawn["He"][1:-1]]) == pytest.approx(2 / 64, rel=0.05)
    assert np.mean([float(w.var()) for w in drawn["Glorot"][1:-1]]) == pytest.approx(
        2 / 128, rel=0.05
    )
    for he, small, large in zip(
        *(drawn[name][:-1] for name in ("He", "too small", "too large")), strict=True
    ):
        torch.testing.assert_close(small, he / 4)
        torch.testing.assert_close(large, he * 4)


def test_the_signal_is_the_spread_of_what_each_layer_gives(material: Material) -> None:
    learner, trial = learner_of("initialisation", material, "too small")
    measured_trial.draw_weights(learner.module, "too small", seed=3)
    found = [each.value for each in measured_trial.measure_signal(learner)]
    values, _ = seen_by(learner)
    passed = numpy.forward(trial.network.text, parameters_of(learner.module), values)
    expected = [passed.values[f"fc{layer}"].std(ddof=1) for layer in range(1, 12)]
    assert found == pytest.approx(expected, rel=1e-4)
    ratios = [after / before for before, after in zip(found[:-2], found[1:-1], strict=True)]
    assert 0.15 < np.exp(np.mean(np.log(ratios))) < 0.35  # each layer leaves about a quarter
    assert not any(part._forward_hooks for part in learner.module.modules())


def test_a_stride_saves_work_and_no_parameters() -> None:
    found = stride.make_networks((1, 10, 10), 10)
    assert {network.parameters for network in found} == {2682}
    by_hand = {
        1: 100 * 9 * 16 + 100 * 9 * 256 + 160,
        2: 25 * 9 * 16 + 25 * 9 * 256 + 160,
        3: 16 * 9 * 16 + 16 * 9 * 256 + 160,
        4: 9 * 9 * 16 + 9 * 9 * 256 + 160,
    }
    assert [network.macs for network in found[:4]] == list(by_hand.values())
    assert found[4].macs == 100 * 9 * 16 + 25 * 9 * 256 + 160


def test_poolings_differ_in_nothing_but_what_they_make_of_a_window() -> None:
    made = {each.name: each.text for each in pooling.make_networks((1, 16, 16), 10, 8)}
    assert "pool" not in made[pooling.NONE]
    values = np.random.default_rng(0).random((1, 2, 8, 8))
    pooled = {
        name: numpy.forward(f"input 2x8x8 > {word}", {}, values).output
        for name, word in pooling.WORDS.items()
        if word
    }
    windows = values.reshape(1, 2, 4, 2, 4, 2).transpose(0, 1, 2, 4, 3, 5).reshape(1, 2, 4, 4, 4)
    assert pooled[pooling.MAXIMUM] == pytest.approx(windows.max(-1))
    assert pooled[pooling.AVERAGE] == pytest.approx(windows.mean(-1))
    assert pooled[pooling.SUM] == pytest.approx(4 * pooled[pooling.AVERAGE])
    assert pooled[pooling.OVERLAPPING].shape == pooled[pooling.MAXIMUM].shape
    assert (pooled[pooling.OVERLAPPING] >= pooled[pooling.MAXIMUM] - 1e-12).all()


def test_dropout_is_on_in_training_alone(material: Material) -> None:
    learner, trial = learner_of("dropout", material, "dropout 0.5, 64 units")
    found = measured_trial.run_dropout(trial)
    assert [score.condition for score in found.scores] == [dropout.TRAINING, dropout.TEST]
    learner.learn(1, lambda event: None)
    train = learner.split.train
    values = torch.from_numpy(
        (learner.images.images.take(train) / 255 - learner.preprocess.mean[0])
        / learner.preprocess.std[0]
    ).float()
    with torch.inference_mode():
        answers = learner.module.eval()(values).argmax(1).numpy()
    share = (answers == learner.split.collection.labels[train]).mean()
    assert found.scores[0].share == pytest.approx(share)


@pytest.fixture(scope="module")
def carry_out(tmp_path_factory: pytest.TempPathFactory) -> CarryOut:
    """Give a function that carries out an experiment once, and tells what was told then."""

    @functools.cache
    def carry_out(name: str) -> tuple[Experiment, list[Event]]:
        told: list[Event] = []
        out = tmp_path_factory.mktemp(name)
        return experiments.experiment(name, effort=TINY, out=out, callback=told.append), told

    return carry_out


@pytest.mark.parametrize("name", NEW)
def test_each_runs_draws_and_says_what_it_found(name: str, carry_out: CarryOut) -> None:
    result, told = carry_out(name)
    folder = Path(result.folder)
    trained = [each for each in told if isinstance(each, Note) and each.text.endswith("% right")]
    ways = max(1, len({measure.way for measure in result.measures}))
    assert len(trained) == len(result.networks) * (ways if name == "transfer" else 1)
    assert (folder / f"{name}.png").stat().st_size > 5000
    for point in result.points:
        assert 0 <= point.accuracy.ends[0] <= point.accuracy.ends[1] <= 1
    values = json.loads(json.dumps(result.as_json()))
    assert len(values["measures"]) == len(result.measures)
    assert "interval" not in " ".join(result.findings)  # of one seed
    again = experiments.experiment(name, effort=TINY, out=folder, callback=lambda event: None)
    assert again == result  # read from its folder
    assert str(result)


def test_the_other_spelling_is_known_too() -> None:
    assert experiments.effort.check_name("initialization") == "initialisation"


def test_letters_of_a_drawing_stand_on_no_line_of_it(
    material: Material, carry_out: CarryOut
) -> None:
    result, _ = carry_out("pooling")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 3.4), layout="constrained")
    make_still(result, material).draw(figure)
    figure.draw_without_rendering()
    for axes in figure.axes:
        for text in axes.texts:
            box = text.get_window_extent()
            for line in axes.lines:
                for x, y in axes.transData.transform(line.get_xydata()):
                    assert not (box.x0 < x < box.x1 and box.y0 < y < box.y1), text.get_text()


def test_no_interval_of_a_measure_is_told_of_two_seeds_or_beyond_what_can_be() -> None:
    from striate.evaluation.metrics.student_t import compute_mean
    from striate.teaching.experiments.experiment_result import Measure

    two = Measure("a", "", "dead units (%)", 0, (1.0, 9.0), compute_mean([1.0, 9.0]))
    assert two.ends == (5.0, 5.0)
    three = replace(two, values=(0.0, 0.0, 9.0), value=compute_mean([0.0, 0.0, 9.0]))
    assert three.ends[0] == 0.0
    high = replace(two, values=(99.0, 90.0, 99.0), value=compute_mean([99.0, 90.0, 99.0]))
    assert high.value.high > 100 > high.value.low
    assert high.ends[1] == 100.0
    assert math.isclose(high.ends[0], high.value.low)


def test_small_networks_take_one_thread_and_large_ones_torch_s_number() -> None:
    from striate.backends.threads import default_threads
    from striate.teaching.experiments.experiment_run import SMALL, choose_threads

    (small, *_) = stride.make_networks((1, 16, 16), 10)
    assert choose_threads([small]) == 1
    assert choose_threads([small, replace(small, macs=SMALL + 1)]) == default_threads()
