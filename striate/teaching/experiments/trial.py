"""One network, learnt from one seed and tested under every condition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from striate.architecture.notation import ExpandedNetwork, expand
from striate.backends.precision import FLOAT32
from striate.backends.torch import build
from striate.data import Split
from striate.data.augmentation import Augmentation
from striate.data.images import Preprocess
from striate.events import Callback, Epoch
from striate.settings import Settings
from striate.teaching.experiments.design import Design
from striate.teaching.experiments.experiment_images import Material, make_material
from striate.teaching.experiments.experiment_result import ComparedNetwork
from striate.teaching.experiments.trial_result import Found, Score
from striate.training import defaults
from striate.training.distributed.devices import fabric_for
from striate.training.loop import optimizer_for, train, validate
from striate.training.one_cycle import Cycle
from striate.training.recipe import Recipe
from striate.training.state import State
from striate.training.subset import Subset


@dataclass(frozen=True, eq=False)
class Trial:
    """One training of an experiment, to be done.

    Attributes:
        design: the experiment.
        network: one of its networks.
        way: one of its ways.
        material: the images.
        seed: of the split, the weights, the order, and of what the way draws.
        epochs: passes over the training images.
        callback: is told every step; what it raises ends the trial.
    """

    design: Design
    network: ComparedNetwork
    way: str
    material: Material
    seed: int
    epochs: int
    callback: Callback


@dataclass(frozen=True, eq=False)
class Learner:
    """A network with the images that it learns from.

    Attributes:
        module: the network.
        images: all images, changed as the way says.
        split: which of them are learnt from, chosen by and tested on.
        preprocess: whose mean and std scale them.
        recipe: how the weights are learnt.
    """

    module: nn.Module
    images: Material
    split: Split
    preprocess: Preprocess
    recipe: Recipe

    def part(self, indices: NDArray[np.int64]) -> Subset:
        """Return some of the images."""
        return Subset(self.images.images, indices, self.split.collection.labels)

    def learn(self, epochs: int, callback: Callback) -> None:
        """Train the network and leave it in its best state by validation."""
        learn(
            self.module,
            self.part(self.split.train),
            self.part(self.split.val),
            preprocess=self.preprocess,
            recipe=self.recipe,
            epochs=epochs,
            callback=callback,
        )

    def accuracy(self, indices: NDArray[np.int64]) -> float:
        """Return the share of some of the images that the network classifies correctly."""
        part = self.part(indices)
        return validate(self.module, part, preprocess=self.preprocess, recipe=self.recipe)[1]


def choose_epochs(n: int) -> int:
    """Choose passes: 700 over the square root of the number of images, 10 to 60.

    >>> [choose_epochs(n) for n in (40, 240, 1154, 4000)]
    [60, 45, 21, 11]
    """
    return int(np.clip(round(700 / max(1, n) ** 0.5), 10, 60))


def choose_recipe(n: int, seed: int, network: ExpandedNetwork) -> Recipe:
    """Choose how a network is learnt: as ``striate train`` would, images unchanged.

    >>> choose_recipe(1154, 0, expand("input 1x8x8 classes=10 > flatten > fc")).batch_size
    32
    """
    usual = Settings()
    return Recipe(
        batch_size=min(n, defaults.batch_size(n)),
        learning_rate=defaults.learning_rate(network),
        weight_decay=usual.weight_decay,
        label_smoothing=usual.label_smoothing,
        class_weight=None,
        augmentation=Augmentation(),
        patience=None,
        precision=FLOAT32,
        seed=seed,
    )


def make_learner(trial: Trial) -> Learner:
    """Return the network of a trial, its weights drawn, with its images.

    The split is made on the images as they are, so that all networks and ways share it.
    """
    material, seed = trial.material, trial.seed
    split = material.split(seed)
    changed = make_material(
        material.collection,
        material.preprocess,
        trial.design.change(material.pixels, trial.way, seed),
    )
    preprocess = defaults.with_statistics(changed.preprocess, changed.images, split.train, seed)
    text = trial.network.text
    recipe = choose_recipe(len(split.train), seed, expand(text))
    return Learner(build(text, seed=seed), changed, split, preprocess, recipe)


def run_trial(trial: Trial) -> Found:
    """Train one network on images given in one way, and test it under every condition."""
    learner = make_learner(trial)
    learner.learn(trial.epochs, trial.callback)
    return Found(score_views(trial, learner))


def score_views(trial: Trial, learner: Learner) -> tuple[Score, ...]:
    """Test a network under every condition of the design."""
    images, test = learner.images, learner.split.test
    labels = learner.split.collection.labels[test]
    only = images.collection.only(test)
    found = []
    for condition, across, views in trial.design.views(images.pixels[test], trial.network):
        shares = []
        for pixels in views:
            seen = make_material(only, images.preprocess, pixels)
            part = Subset(seen.images, np.arange(len(pixels)), labels)
            shares.append(
                validate(
                    learner.module, part, preprocess=learner.preprocess, recipe=learner.recipe
                )[1]
            )
        found.append(Score(condition or trial.way, across, float(np.mean(shares))))
    return tuple(found)


def learn(
    module: nn.Module,
    part: Subset,
    val: Subset,
    *,
    preprocess: Preprocess,
    recipe: Recipe,
    epochs: int,
    callback: Callback,
) -> None:
    """Train a network and leave it in its best state by validation; on the CPU, in float32."""
    state = State(module, optimizer_for(module, recipe))
    fabric = fabric_for("cpu", recipe.precision)
    cycle = Cycle(first=0, epochs=epochs, minutes=0.0, begun=0.0, peak=recipe.learning_rate)
    for event in train(
        state, part, val, preprocess=preprocess, recipe=recipe, cycle=cycle, fabric=fabric
    ):
        if not isinstance(event, Epoch):
            callback(event)
    module.load_state_dict(state.best)
