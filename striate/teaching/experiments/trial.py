"""One network, learnt from one seed and tested under every condition."""

from __future__ import annotations

import numpy as np
from torch import nn

from striate.architecture.notation import ExpandedNetwork, expand
from striate.backends.precision import FLOAT32
from striate.backends.torch import build
from striate.data.augmentation import Augmentation
from striate.data.images import Preprocess
from striate.events import Callback, Epoch
from striate.settings import Settings
from striate.teaching.experiments.design import Design
from striate.teaching.experiments.experiment_images import Material, make_material
from striate.teaching.experiments.experiment_result import ComparedNetwork
from striate.training import defaults
from striate.training.distributed.devices import fabric_for
from striate.training.loop import optimizer_for, train, validate
from striate.training.one_cycle import Cycle
from striate.training.recipe import Recipe
from striate.training.state import State
from striate.training.subset import Subset

FOUND = dict[str, tuple[float, float]]
"""What a trial gives: (place on the axis, share classified correctly) by condition."""


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


def run_trial(
    design: Design,
    network: ComparedNetwork,
    way: str,
    *,
    material: Material,
    seed: int,
    epochs: int,
    callback: Callback,
) -> FOUND:
    """Train one network on images given in one way, and test it under every condition.

    The split is made on the images as they are, so that all networks and ways share it.

    Args:
        design: the experiment.
        network: one of its networks.
        way: one of its ways.
        material: the images.
        seed: of the split, the weights, the order, and of what the way draws.
        epochs: passes over the training images.
        callback: is told every step; what it raises ends the trial.
    """
    split = material.split(seed)
    labels = split.collection.labels
    changed = make_material(
        material.collection, material.preprocess, design.change(material.pixels, way, seed)
    )
    preprocess = defaults.with_statistics(changed.preprocess, changed.images, split.train, seed)
    module = build(network.text, seed=seed)
    recipe = choose_recipe(len(split.train), seed, expand(network.text))
    learn(
        module,
        Subset(changed.images, split.train, labels),
        Subset(changed.images, split.val, labels),
        preprocess=preprocess,
        recipe=recipe,
        epochs=epochs,
        callback=callback,
    )
    only = changed.collection.only(split.test)
    found = {}
    for condition, across, views in design.views(changed.pixels[split.test], network):
        shares = []
        for pixels in views:
            seen = make_material(only, changed.preprocess, pixels)
            part = Subset(seen.images, np.arange(len(pixels)), labels[split.test])
            shares.append(validate(module, part, preprocess=preprocess, recipe=recipe)[1])
        found[condition or way] = (across, float(np.mean(shares)))
    return found


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
