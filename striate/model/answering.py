"""One pass of a classifier over preprocessed images: logits, features, and what is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from striate.architecture.layer_table.feature_layer import NO_FEATURES, find_feature_layer
from striate.backends.onnx import Engine, Trained, open_engine, torch_module
from striate.errors import ClassifierError
from striate.model.decision import Answers, Decision

if TYPE_CHECKING:
    from torch import nn

    from striate.data.images import Preprocess


def open_network(
    network: Trained | nn.Module, preprocess: Preprocess, *, features: bool = False
) -> Engine:
    """Open what computes a classifier's network.

    Args:
        network: as `Classifier.network`.
        preprocess: whose mean and std scale the images.
        features: whether the feature vector is given as well: of a network, the input of the layer
            that `find_feature_layer` names; of a torch module, that of the last of its `nn.Linear`
            and convolutions, in the order in which it lists them.

    Raises:
        ClassifierError: features are asked for, and the network has none.
    """
    if isinstance(network, Trained):
        return open_engine(network, preprocess, features=features)
    # the module may be changed at any time, and an engine made of its weights would not know
    return torch_module(network, preprocess, features=_last_linear(network) if features else None)


def has_features(network: Trained | nn.Module) -> bool:
    """Say whether a network has a feature vector."""
    if isinstance(network, Trained):
        return find_feature_layer(network.plan) is not None
    try:
        _last_linear(network)
    except ClassifierError:
        return False
    return True


def give_answers(
    engine: Engine, decision: Decision, pixels: np.ndarray, *, classes: int
) -> Answers:
    """Return what is answered for images.

    Args:
        engine: from `open_network`, with features where the decision has a distance.
        decision: how what the network says becomes answers.
        pixels: uint8 (n, channels, height, width), as `Preprocess.pixels` makes them.
        classes: how many values the network must give.

    Raises:
        ClassifierError: it gives another number of values.
    """
    probabilities, distance = _look(engine, decision, pixels, classes)
    if decision.mirrored:
        other, far = _look(engine, decision, pixels[..., ::-1], classes)
        probabilities = (probabilities + other) / 2
        distance = None if distance is None or far is None else (distance + far) / 2
    return decision.choose(probabilities, distance)


def _look(
    engine: Engine, decision: Decision, pixels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return probabilities and distances of images as they lie."""
    values, features = np.asarray(pixels, np.float32, order="C"), None
    if decision.distance is None or engine.run_with_features is None:
        logits = engine.run(values)
    else:
        logits, features = engine.run_with_features(values)
    if logits.shape != (len(pixels), classes):
        raise ClassifierError(
            f"the network gives {logits.shape} values for {len(pixels)} images; expected "
            f"one for each of the {classes} classes"
        )
    return decision.probabilities(logits), decision.measure(features)


def _last_linear(module: nn.Module) -> nn.Module:
    from torch import nn

    linear = [
        each for each in module.modules() if isinstance(each, (nn.Linear, nn.Conv1d, nn.Conv2d))
    ]
    if not linear:
        raise ClassifierError(NO_FEATURES)
    return linear[-1]
