"""A classifier's file opened: its network worked out, its weights checked against it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from striate.architecture.notation import expand
from striate.architecture.words import Shape
from striate.backends.onnx import Trained, state_shapes
from striate.data.images import Preprocess
from striate.errors import ClassifierError, NotationError, SettingError
from striate.model import classifier_file
from striate.model.classifier import Classifier
from striate.model.decision import Decision

if TYPE_CHECKING:
    from torch import nn


def load(path: str | Path, *, network: nn.Module | None = None) -> Classifier:
    """Return a classifier that was saved.

    Args:
        path: the .safetensors file, or the folder of the run that made it.
        network: the torch module to put the weights into; needed only where the classifier was
            made with one instead of a network text.

    Raises:
        ClassifierError: the file is missing, damaged, not Striate's or of a newer format, or
            the weights do not fit the network.

    >>> load("nowhere.safetensors")
    Traceback (most recent call last):
    striate.errors.ClassifierError: there is no file 'nowhere.safetensors'; ...
    """
    path = Path(path)
    document, tensors, seen = classifier_file.read(path)
    text, classes = document.network, document.classes
    try:
        preprocess = Preprocess.from_json(document.preprocess)
        decision = Decision.from_json(
            document.calibration, classifier_file.take_decision(tensors), classes=len(classes)
        )
    except SettingError as error:
        raise ClassifierError(f"the settings in '{path}' make no sense: {error}") from error
    held: nn.Module | Trained
    if network is not None:
        held = _fill(network, tensors, preprocess, path)
    elif text is not None:
        held = _expand(text, classes, tensors, path=path)
    else:
        raise ClassifierError(
            f"'{path}' was made with a torch module, whose code is not in the file; "
            "give the module: load(path, network=module)"
        )
    return Classifier(
        network=held,
        text=text,
        classes=classes,
        preprocess=preprocess,
        decision=decision,
        metrics=document.metrics,
        data=document.data,
        training=document.training,
        seen=seen,
        ids=document.ids,
        file=classifier_file.find_file(path).resolve(),
    )


def _expand(
    text: str, classes: tuple[str, ...], weights: Mapping[str, np.ndarray], *, path: Path
) -> Trained:
    """Work out the network of a file, or say why its text or its weights do not do."""
    try:
        plan = expand(text)
    except NotationError as error:
        raise ClassifierError(f"the network in '{path}' is no network: {error.message}") from error
    if plan.output != (len(classes),):
        shape = "x".join(map(str, plan.output))
        raise ClassifierError(
            f"the network in '{path}' ends with {shape} values and there are {len(classes)} "
            "classes; expected one value a class"
        )
    _check(state_shapes(plan), weights, path)
    return Trained(plan, weights)


def _fill(
    module: nn.Module, weights: Mapping[str, np.ndarray], preprocess: Preprocess, path: Path
) -> nn.Module:
    """Put the weights of a file into a module, or say what does not fit."""
    import torch

    from striate.backends.torch.blank_images import give_weights

    give_weights(module, preprocess)
    own = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    _check(own, weights, path)
    module.load_state_dict(
        {name: torch.from_numpy(value.copy()) for name, value in weights.items()}
    )
    return module.eval()


def _check(own: Mapping[str, Shape], weights: Mapping[str, np.ndarray], path: Path) -> None:
    """Make sure that each weight of a network is there in its shape, and no other."""
    given = {name: value.shape for name, value in weights.items()}
    wrong = [
        f"{name} is {given.get(name, 'missing')} in the file and {own.get(name, 'not')} in the "
        "network"
        for name in {**own, **given}
        if own.get(name) != given.get(name)
    ]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ClassifierError(f"the weights of '{path}' do not fit the network: {wrong[0]}{more}")
