"""How good the classifier of a run is: by features of its backbone where these are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from striate.architecture.layer_table.feature_layer import find_feature_layer
from striate.backends.onnx import Trained
from striate.evaluation.classifier_evaluation import Answered, evaluate_images
from striate.evaluation.image_selection import ImageSelection
from striate.evaluation.metrics import Evaluation
from striate.events import Callback
from striate.explanation.exact_class_maps import keep_class_maps
from striate.features.extraction import KnownFeatures
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter
from striate.training.preparation import Prepared
from striate.training.report.pictures import KeptMaps

CHECKED: Final = 32  # images that go through the whole classifier as well
ROUNDING: Final = 1e-4  # by which its probabilities may differ from those by features


def evaluate_run(
    model: Classifier,
    known: KnownFeatures | None,
    prepared: Prepared,
    chosen: ImageSelection,
    *,
    say: Callable[[str], None],
    callback: Callback,
) -> tuple[Evaluation, KeptMaps | None]:
    """Return how good the classifier of a run is, and the class maps that came with its answers.

    Args:
        model: the classifier.
        known: the features of its frozen backbone; None where there are none.
        prepared: the images.
        chosen: which of them are evaluated.
        say: is told in what other way than usual.
        callback: is told how far the work is.
    """
    answered = answer_by_features(
        model, known, prepared, chosen.indices, say=say, callback=callback
    )
    answering = keep_class_maps(model) if answered is None else None
    if answering is None and model.engine.note:
        say(model.engine.note)
    loaded = prepared.loaded
    evaluation = evaluate_images(
        answering or model,
        loaded.images,
        loaded.collection,
        chosen,
        answered=answered,
        callback=callback,
    )
    return evaluation, None if answering is None else KeptMaps.of(answering, evaluation.images)


def answer_by_features(
    model: Classifier,
    known: KnownFeatures | None,
    prepared: Prepared,
    indices: np.ndarray,
    *,
    say: Callable[[str], None],
    callback: Callback,
) -> Answered | None:
    """Return what a classifier answers, by its last layer alone; some images are answered anew.

    None where all have to go through the classifier: it has learnt step by step, answers with the
    mean of an image and its mirror image, has features that another engine has computed, or does
    not answer as by these features; and where there are so few that it makes no difference.

    Args:
        model: a head on a frozen backbone.
        known: the features of its backbone; None where there are none.
        prepared: the images.
        indices: int64 (n,), which of them are answered.
        say: is told how the check went.
        callback: is told how far missing features are.
    """
    network, plan = model.network, prepared.plan
    if known is None or plan.in_steps or not known.extractor.answers or model.decision.mirrored:
        return None
    layer = find_feature_layer(network.plan) if isinstance(network, Trained) else None
    if layer is None or not isinstance(network, Trained) or len(indices) <= 2 * CHECKED:
        return None
    images = prepared.loaded.images
    features = known.of(images, indices, ProgressReporter("evaluating", callback))
    weight, bias = (network.weights[f"{layer.address}.{name}"] for name in ("weight", "bias"))
    answers = model.decision.decide(features @ weight.T + bias, features)
    some = np.linspace(0, len(indices) - 1, CHECKED).astype(np.int64)
    whole = model.decide(images.take(indices[some]))
    apart = float(np.abs(whole.probabilities - answers.probabilities[some]).max())
    distance = answers.distance[some]
    near = np.allclose(whole.distance, distance, rtol=0.001, atol=0.001, equal_nan=True)
    if apart > ROUNDING or not near:
        say(
            f"the probabilities of {CHECKED} images by their features differ from the classifier's "
            f"by up to {apart:.2g}, so all go through the whole classifier"
        )
        return None
    say(
        f"{len(indices):,} images are evaluated by features that were computed when they were "
        f"read; {CHECKED} of them, evenly spread, went through the whole classifier as well, and "
        f"its probabilities are the same to {max(apart, 1e-9):.0e}"
    )
    return Answered(answers, prepared.signs.complete(images)["brightness"][indices])
