"""The trainings of the transfer experiment, and the electricity of each.

Three ways to the same task: a new head on lent layers, all layers trained on from there, and a
network from scratch. Only what learning takes is counted: features of the training images and the
head, or the training steps; evaluation is left out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from striate.architecture.notation import expand
from striate.backends.torch import build, eval_mode, normalize
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.events import Callback, Epoch, Progress
from striate.features.head import fit_head
from striate.teaching.experiments import transfer
from striate.teaching.experiments.design import Pixels
from striate.teaching.experiments.experiment_images import Material
from striate.teaching.experiments.transfer_findings import (
    A_MAC,
    APART,
    CO2E,
    ENERGY,
    FROZEN,
    LENDER_CO2E,
    LENDER_ENERGY,
    LENDER_SECONDS,
    MILLION,
    SCRATCH,
    SECONDS,
    UNTIL,
)
from striate.teaching.experiments.trial import Trial, choose_recipe, learn
from striate.teaching.experiments.trial_result import Found, Measured, Score
from striate.training import defaults
from striate.training.distributed.devices import fabric_for
from striate.training.energy import Meter
from striate.training.loop import optimizer_for, train
from striate.training.one_cycle import Cycle
from striate.training.state import State
from striate.training.subset import Subset

MOST_EPOCHS = 150  # from scratch on few images
ANEW = 0.06  # seconds after a reading, before which codecarbon gives the same one again
BATCH = 64  # images whose features are computed at a time


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be learnt: a few images of some classes.

    Attributes:
        material: all images.
        labels: int64, a number for each of ALL images; -1 for classes of the other half.
        classes: how many are to be learnt.
        train: which images are learnt from.
        test: which are tested on.
    """

    material: Material
    labels: NDArray[np.int64]
    classes: int
    train: NDArray[np.int64]
    test: NDArray[np.int64]

    def part(self, indices: NDArray[np.int64]) -> Subset:
        """Return some of the images."""
        return Subset(self.material.images, indices, self.labels)


@dataclass(frozen=True, eq=False)
class Lent:
    """A network that has learnt another task.

    Attributes:
        module: the network, its last layer a full connection, or the backbone alone.
        body: gives its features from normalised images.
        preprocess: how its images were scaled.
        measured: what its own training took; nothing of a backbone.
    """

    module: nn.Module
    body: nn.Module
    preprocess: Preprocess
    measured: tuple[Measured, ...] = ()

    def features(self, pixels: Pixels, callback: Callback) -> NDArray[np.float32]:
        """Return what the lent layers say of images.

        Args:
            pixels: uint8 (n, channels, rows, columns).
            callback: is told the progress; what it raises ends the work.

        Returns:
            float32 (n, features).
        """
        rows, began = [], time.perf_counter()
        with eval_mode(self.body), torch.inference_mode():
            for start in range(0, len(pixels), BATCH):
                values = torch.from_numpy(pixels[start : start + BATCH]).float()
                said = self.body(normalize(values, self.preprocess))
                rows.append(said.mean((2, 3)) if said.ndim == 4 else said.flatten(1))
                done = start + len(values)
                rate = done / max(time.perf_counter() - began, 1e-9)
                callback(Progress("features", done, len(pixels), rate, epoch=1, epochs=1))
        return np.asarray(torch.cat(rows).numpy(), np.float32)


class TransferTrials:
    """Carries out the trainings; they share a meter, the networks that lend, and test features."""

    def __enter__(self) -> TransferTrials:
        self._lent: dict[int, Lent] = {}
        self._tested: dict[tuple[int, bytes], NDArray[np.float32]] = {}
        self._remark = ""
        self._meter: Meter | None = None
        try:
            self._meter = Meter().__enter__()
        except SettingError as error:
            self._remark = f"Electricity is unknown: {error}."
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._meter is not None:
            self._meter.__exit__(kind, error, trace)

    def __call__(self, trial: Trial) -> Found:
        """Learn the task of a trial in the way of its network."""
        task = make_task(trial)
        name = trial.network.name
        if name == FROZEN:
            accuracy, measured = self._learn_head(trial, task)
            costs = self._price(measured)
            costs = (*costs, *self._lend(trial).measured)
        else:
            accuracy, measured, seen = self._learn_steps(trial, task)
            costs = self._price(measured)
            costs = (*costs, *price_macs(costs, trial.network.macs * seen))
        way = transfer.parse_count(trial.way)
        return Found((Score(trial.way, way, accuracy),), costs, self._say())

    def _say(self) -> tuple[str, ...]:
        if self._meter is None:
            return (self._remark,)
        energy = self._meter.so_far()
        whose = f"electricity of {energy.country}" if energy.country else "the world's mean"
        return (f"Electricity: {', '.join(energy.known_by)}; CO2e by {whose} (docs/energy.md).",)

    def _price(self, measured: tuple[Measured, ...]) -> tuple[Measured, ...]:
        """Add electricity and CO2e to seconds, by the mean power since the first training.

        The power of a few hundredths of a second cannot be told; that of the whole can.
        """
        if self._meter is None:
            return measured
        time.sleep(ANEW)
        spent = self._meter.so_far()
        seconds = next(each.value for each in measured if each.name == SECONDS)
        took = spent.over(seconds)
        return (
            Measured(SECONDS, 0, seconds),
            Measured(ENERGY, 0, MILLION * took.kwh),
            Measured(CO2E, 0, MILLION * took.kg_co2e),
            *(each for each in measured if each.name != SECONDS),
        )

    def _lend(self, trial: Trial) -> Lent:
        """Return the network that lends in the trials of a seed, learnt when first asked for."""
        given = trial.material.describe_shape()
        if not transfer.divides(given):
            backbone = transfer.open_lender(*given.shape[1:])
            module = backbone.module()
            return Lent(module, module, backbone.preprocess)
        if trial.seed not in self._lent:
            began = time.perf_counter()
            module, preprocess = learn_lender(trial)
            spent = (Measured(SECONDS, 0, time.perf_counter() - began),)
            names = {SECONDS: LENDER_SECONDS, ENERGY: LENDER_ENERGY, CO2E: LENDER_CO2E}
            measured = tuple(
                Measured(names[each.name], APART, each.value) for each in self._price(spent)
            )
            body = nn.Sequential(*list(module.children())[:-1])
            self._lent[trial.seed] = Lent(module, body, preprocess, measured)
        return self._lent[trial.seed]

    def _learn_head(self, trial: Trial, task: Task) -> tuple[float, tuple[Measured, ...]]:
        lent = self._lend(trial)
        images = task.material.images
        began = time.perf_counter()
        features = lent.features(images.take(task.train), trial.callback)
        head = fit_head(
            features[:, None],
            task.labels[task.train],
            classes=task.classes,
            seed=trial.seed,
        )
        seconds = time.perf_counter() - began
        key = (id(lent.body), task.test.tobytes())
        if key not in self._tested:
            self._tested[key] = lent.features(images.take(task.test), trial.callback)
        answers = (self._tested[key] @ head.weight.T + head.bias).argmax(1)
        accuracy = float((answers == task.labels[task.test]).mean())
        return accuracy, (Measured(SECONDS, 0, seconds),)

    def _learn_steps(self, trial: Trial, task: Task) -> tuple[float, tuple[Measured, ...], int]:
        """Train in steps; give the accuracy, what was measured and the images seen in all."""
        module = build(trial.network.text, seed=trial.seed)
        preprocess = defaults.with_statistics(
            task.material.preprocess, task.material.images, task.train, trial.seed
        )
        if trial.network.name != SCRATCH:
            lent = self._lend(trial)
            preprocess = lent.preprocess
            start = {
                name: value
                for name, value in lent.module.state_dict().items()
                if not name.startswith("fc")
            }
            module.load_state_dict(start, strict=False)
        epochs = choose_passes(trial, len(task.train))
        seconds, curve = follow(module, task, preprocess, trial=trial, epochs=epochs)
        measured = (Measured(SECONDS, 0, seconds), *find_levels(curve))
        return curve[-1][1], measured, epochs * len(task.train)


def price_macs(costs: tuple[Measured, ...], macs: int) -> Iterator[Measured]:
    """Give the energy of a multiply-accumulate in training, where electricity is known.

    Args:
        costs: of the training.
        macs: for one pass forward of every image that was learnt from; training takes three.

    >>> [round(each.value) for each in price_macs((Measured(ENERGY, 0, 1.0),), 10**9)]
    [1200]
    """
    for each in costs:
        if each.name == ENERGY:
            joules = each.value / MILLION * 3.6e6
            yield Measured(A_MAC, 0, joules / (3 * macs) * 1e12)


def find_levels(curve: list[tuple[float, float]]) -> Iterator[Measured]:
    """Give after how many seconds each whole per cent of accuracy was reached first.

    Args:
        curve: (seconds, accuracy) after each epoch.

    >>> found = list(find_levels([(1.0, 0.02), (2.0, 0.01), (3.0, 0.03)]))
    >>> [(each.across, each.value) for each in found]
    [(1, 1.0), (2, 1.0), (3, 3.0)]
    """
    level = 0
    for seconds, accuracy in curve:
        while level < math.floor(100 * accuracy + 1e-9):
            level += 1
            yield Measured(UNTIL, level, seconds)


def choose_passes(trial: Trial, n: int) -> int:
    """Choose epochs on few images: as many images in all as the network that lends learns from.

    At most 150.
    """
    split = trial.material.split(trial.seed)
    return int(np.clip(trial.epochs * len(split.train) / (2 * n), 1, MOST_EPOCHS))


def make_task(trial: Trial) -> Task:
    """Return what a trial learns: so many images of each class that is not lent."""
    material = trial.material
    split = material.split(trial.seed)
    given = material.describe_shape()
    first = transfer.count_lent(given.classes) if transfer.divides(given) else 0
    labels = np.where(split.collection.labels >= first, split.collection.labels - first, -1)
    pool = np.concatenate([split.train, split.val])
    order = np.random.Generator(np.random.Philox(key=[trial.seed, 6])).permutation(pool)
    count = transfer.parse_count(trial.way)
    classes = given.classes - first
    chosen = [order[labels[order] == label][:count] for label in range(classes)]
    test = split.test[labels[split.test] >= 0]
    return Task(material, labels, classes, np.sort(np.concatenate(chosen)), test)


def learn_lender(trial: Trial) -> tuple[nn.Module, Preprocess]:
    """Train a network on the classes that lend, and leave it in its best state by validation."""
    material = trial.material
    split = material.split(trial.seed)
    given = material.describe_shape()
    classes = transfer.count_lent(given.classes)
    labels = split.collection.labels
    parts = [part[labels[part] < classes] for part in (split.train, split.val)]
    preprocess = defaults.with_statistics(
        material.preprocess, material.images, parts[0], trial.seed
    )
    text = trial.network.text.replace(f"classes={given.classes - classes}", f"classes={classes}", 1)
    module = build(text, seed=trial.seed)
    train_part, val_part = (Subset(material.images, part, labels) for part in parts)
    learn(
        module,
        train_part,
        val_part,
        preprocess=preprocess,
        recipe=choose_recipe(len(parts[0]), trial.seed, expand(text)),
        epochs=trial.epochs,
        callback=trial.callback,
    )
    return module, preprocess


def follow(
    module: nn.Module, task: Task, preprocess: Preprocess, *, trial: Trial, epochs: int
) -> tuple[float, list[tuple[float, float]]]:
    """Train to the last epoch; give the seconds of its steps, and the accuracy after each epoch.

    Test images say after each epoch how good it is; nothing is chosen by them, and their time is
    not counted.
    """
    recipe = choose_recipe(len(task.train), trial.seed, expand(trial.network.text))
    state = State(module, optimizer_for(module, recipe))
    cycle = Cycle(first=0, epochs=epochs, minutes=0.0, begun=0.0, peak=recipe.learning_rate)
    events = train(
        state,
        task.part(task.train),
        task.part(task.test),
        preprocess=preprocess,
        recipe=recipe,
        cycle=cycle,
        fabric=fabric_for("cpu", recipe.precision),
    )
    seconds, curve = 0.0, list[tuple[float, float]]()
    while True:
        began = time.perf_counter()
        event = next(events, None)
        spent = time.perf_counter() - began
        if event is None:
            return seconds, curve
        if isinstance(event, Epoch):
            curve.append((seconds, event.val_accuracy))
        else:
            seconds += spent
            trial.callback(event)
