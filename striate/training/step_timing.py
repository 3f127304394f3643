"""How long a training step of a network takes on this machine: a few are made on random images.

The steps are the run's own loop, data loading and augmentation included: forward and backward
alone give half the truth for small networks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from striate.architecture.layer_table import Summary
from striate.architecture.words import text_of
from striate.backends.precision import CHANNELS_FIRST
from striate.backends.torch import build
from striate.data import find, load
from striate.data.augmentation import choose_augmentation
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.events import Epoch
from striate.training import defaults
from striate.training.distributed.devices import fabric_for
from striate.training.loop import optimizer_for, train
from striate.training.one_cycle import Cycle
from striate.training.recipe import Recipe
from striate.training.state import State
from striate.training.subset import Subset

WARM: Final = 2  # steps that are not counted: they also allocate and plan
STEPS: Final = 12  # that are timed, unless that takes longer than the most
MOST: Final = 6.0  # seconds after which no further step is timed
LONG: Final = 1_000_000  # epochs that the timed steps would be the beginning of


@dataclass(frozen=True)
class StepTiming:
    """How long a training step takes.

    Attributes:
        seconds: a step, the mean of those that were timed.
        batch: images a step.
        steps: that were timed.
    """

    seconds: float
    batch: int
    steps: int

    def epoch(self, images: int) -> float:
        """Return the seconds that training takes for each image once, validation aside.

        >>> StepTiming(seconds=0.5, batch=32, steps=12).epoch(6400)
        100.0
        """
        return self.seconds * images / self.batch


def time_steps(table: Summary, *, batch: int = 32) -> StepTiming:
    """Train a network on random images for a moment, in float32 and on the CPU, and time it.

    Args:
        table: what `striate.summary` says of the network.
        batch: images a step; 2 at least, which batch normalisation needs.

    Raises:
        SettingError: it does not end in one number a class, or its images are neither grey nor
            in three colours, so that it cannot be trained.

    >>> from striate.architecture.layer_table import summary
    >>> time_steps(summary("input 1x8x8 classes=2 > flatten > fc"), batch=4).batch
    4
    """
    output = table.plan.output
    if len(output) != 1:
        raise SettingError(
            f"the network gives {text_of(output)} and cannot be trained; expected one number a "
            "class: end it with gap > flatten > fc"
        )
    channels, rows, columns = table.input
    preprocess = Preprocess(channels, rows, columns)
    draw = np.random.default_rng(0)
    own = draw.integers(0, 256, (4 * batch, rows, columns, channels), np.uint8)
    labels = [f"class {number % 2}" for number in range(len(own))]
    images = load(find((list(own), labels)), preprocess)
    targets = np.arange(len(own), dtype=np.int64) % output[0]
    recipe = Recipe(
        batch_size=batch,
        learning_rate=defaults.learning_rate(table.plan) / 100,
        weight_decay=0.05,
        label_smoothing=0.1,
        class_weight=None,
        augmentation=choose_augmentation(channels, rows, columns, labels),
        patience=None,
        precision=CHANNELS_FIRST,
        seed=0,
    )
    module = build(table.plan, seed=0)
    seconds: list[float] = []
    begun = mark = time.perf_counter()
    for event in train(
        State(module, optimizer_for(module, recipe)),
        Subset(images, np.arange(3 * batch), targets),
        Subset(images, np.arange(3 * batch, 3 * batch + 1), targets),
        preprocess=preprocess,
        recipe=recipe,
        cycle=Cycle(0, LONG, minutes=0.0, begun=0.0, peak=recipe.learning_rate),
        fabric=fabric_for("cpu", recipe.precision),
    ):
        now = time.perf_counter()
        if not isinstance(event, Epoch):
            seconds.append(now - mark)
        mark = now
        counted = len(seconds) - WARM
        if counted >= STEPS or (counted > 0 and now - begun > MOST):
            break
    timed = seconds[WARM:]
    return StepTiming(float(np.mean(timed)), batch, len(timed))
