"""Trainings in which more is measured than accuracy: gradients, dead units, signals, the gap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from striate.backends.torch import eval_mode, normalize
from striate.backends.torch.initialisation import draw
from striate.teaching.experiments import activation, dropout, initialisation
from striate.teaching.experiments.trial import Learner, Trial, make_learner, score_views
from striate.teaching.experiments.trial_result import Found, Measured, Score
from striate.training.health import CheckUp, Sample, check_up
from striate.training.loop import optimizer_for

LOOKED_AT = 256  # training images on which gradients and units are measured, at most


def run_dropout(trial: Trial) -> Found:
    """Train a network, and score it on the images it learnt from, too."""
    learner = make_learner(trial)
    learner.learn(trial.epochs, trial.callback)
    share = learner.accuracy(learner.split.train)
    tested = score_views(trial, learner)
    training = Score(dropout.TRAINING, tested[0].across, share)
    return Found((training, *tested))


def run_activation(trial: Trial) -> Found:
    """Train a network; measure gradients before the first step and dead units after the last."""
    learner = make_learner(trial)
    measured = list(measure_gradients(learner, activation.GRADIENT))
    learner.learn(trial.epochs, trial.callback)
    if activation.parse_activation(trial.network.name) == "ReLU":
        bends = look_at(learner).bends
        dead = float(np.mean([bend.dead for bend in bends]))
        measured.append(Measured(activation.DEAD, 0, 100 * dead))
    return Found(score_views(trial, learner), tuple(measured))


def run_initialisation(trial: Trial) -> Found:
    """Draw the weights as the network's name says, measure signal and gradients, and train."""
    learner = make_learner(trial)
    draw_weights(learner.module, trial.network.name, trial.seed)
    measured = (
        *measure_signal(learner),
        *measure_gradients(learner, initialisation.GRADIENT),
    )
    learner.learn(trial.epochs, trial.callback)
    return Found(score_views(trial, learner), measured)


def draw_weights(module: nn.Module, name: str, seed: int) -> None:
    """Draw the weights of all layers that a relu follows, by He's or Glorot's rule, and scale them.

    Args:
        module: a chain of linear layers; its last one, which no relu follows, stays as it is.
        name: `initialisation.HE`, `GLOROT`, `SMALL` or `LARGE`.
        seed: of the weights; for one seed all but Glorot's are the same up to a factor.
    """
    from striate.architecture.words import Relu

    generator = torch.Generator().manual_seed(seed)
    factor = initialisation.FACTORS[name]
    layers = [part for part in module.modules() if isinstance(part, nn.Linear)]
    with torch.no_grad():
        for layer in layers[:-1]:
            draw(layer.weight, None if factor is None else Relu(), generator=generator)
            layer.weight.mul_(1.0 if factor is None else factor)


def look_at(learner: Learner) -> CheckUp:
    """Look at a network on some of its training images, and leave it as it is."""
    some = choose_some(learner)
    pixels = learner.images.images.take(some)
    sample = Sample(pixels, learner.split.collection.labels[some], pixels[:1])
    return check_up(
        learner.module,
        optimizer_for(learner.module, learner.recipe),
        sample,
        preprocess=learner.preprocess,
        epoch=0,
        rate=0.0,
    )


def choose_some(learner: Learner) -> np.ndarray:
    """Choose the training images that are looked at, spread evenly, the same each time."""
    train = learner.split.train
    places = np.linspace(0, len(train) - 1, min(LOOKED_AT, len(train))).round().astype(int)
    return np.asarray(train[places])


def measure_gradients(learner: Learner, name: str) -> Iterator[Measured]:
    """Measure the norm of the loss's gradient by the weights of each layer, first to last."""
    for number, layer in enumerate(look_at(learner).layers, start=1):
        yield Measured(name, number, layer.gradient)


def measure_signal(learner: Learner) -> Iterator[Measured]:
    """Measure the standard deviation of what each linear layer gives, first to last."""
    pixels = learner.images.images.take(choose_some(learner))
    values = normalize(torch.from_numpy(pixels).float(), learner.preprocess)
    with heard(learner.module) as outputs, eval_mode(learner.module), torch.inference_mode():
        learner.module(values)
    for number, output in enumerate(outputs, start=1):
        yield Measured(initialisation.SIGNAL, number, float(output.std()))


@contextmanager
def heard(module: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what each linear layer gives while the module runs; it is left as it was."""
    outputs: list[Tensor] = []
    handles = [
        part.register_forward_hook(lambda part, given, output: outputs.append(output.detach()))
        for part in module.modules()
        if isinstance(part, nn.Linear)
    ]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
