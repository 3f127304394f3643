"""Logits and features of one pass, and the answers made of them, held against torch and by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from striate.backends.onnx import Trained, open_engine
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import ClassifierError
from striate.model import classifier_file
from striate.model.answering import has_features, open_network
from striate.model.classifier import Classifier
from striate.model.decision import Decision, FeatureDistance, Promise, RejectRule
from striate.model.loading import load

GRAY = Preprocess(1, 8, 8, mean=(0.4,), std=(0.3,))
PIXELS = np.random.default_rng(3).integers(0, 256, (6, 1, 8, 8), np.uint8)
ENDS = {
    "conv 5 > relu > gap > flatten > dropout 0.5 > fc": lambda net, x: torch.relu(
        net.conv1(x)
    ).mean((2, 3)),
    "conv 5 > relu > conv 1x1 classes > relu > gap > flatten": lambda net, x: torch.relu(
        net.conv1(x)
    ).mean((2, 3)),
    "flatten > fc 7 > relu > fc": lambda net, x: torch.relu(net.fc1(x.flatten(1))),
}


def distance(features: int, classes: int = 2, rank: int = 2) -> FeatureDistance:
    numbers = np.random.default_rng(7)
    axes = np.linalg.qr(numbers.normal(size=(features, rank)))[0].astype(np.float32)
    return FeatureDistance(
        center=numbers.normal(size=features).astype(np.float32) / 4,
        axes=axes,
        whitening=np.triu(numbers.normal(size=(rank, rank))).astype(np.float32),
        means=numbers.normal(size=(classes, rank)).astype(np.float32),
        residual_scale=1.75,
    )


@pytest.mark.parametrize("end", ENDS)
def test_features_are_what_goes_into_the_last_linear_layer(end: str) -> None:
    net = build(f"input 1x8x8 classes=2 > {end}").eval()
    engine = open_engine(Trained.of(net.plan, net.state_dict()), GRAY, features=True)
    assert engine.run_with_features is not None
    values = PIXELS.astype(np.float32)
    logits, features = engine.run_with_features(values)
    x = (torch.from_numpy(values) / 255 - 0.4) / 0.3
    with torch.no_grad():
        np.testing.assert_allclose(logits, net(x).numpy(), atol=1e-5)
        np.testing.assert_allclose(features, ENDS[end](net, x).numpy(), atol=1e-5)
    np.testing.assert_array_equal(logits, engine.run(values))
    module = open_network(net, GRAY, features=True)
    assert module.run_with_features is not None
    np.testing.assert_allclose(module.run_with_features(values)[1], features, atol=1e-5)


def test_a_network_without_a_linear_layer_has_no_features() -> None:
    net = build("input 1x8x8 classes=1 > bn > gap > flatten")
    trained = Trained.of(net.plan, net.state_dict())
    assert not has_features(trained)
    assert not has_features(nn.Flatten())
    with pytest.raises(ClassifierError, match="no feature vector"):
        open_network(trained, GRAY, features=True)


def test_the_distance_is_that_of_mahalanobis() -> None:
    """Held against the full covariance matrix, inverted."""
    near, values = distance(6), np.random.default_rng(1).normal(size=(9, 6)).astype(np.float32)
    u, w = near.axes.astype(float), near.whitening.astype(float)
    across = np.eye(6) - u @ u.T
    inverse = u @ w @ w.T @ u.T + near.residual_scale * across
    unit = values / np.linalg.norm(values, axis=1, keepdims=True) - near.center
    means = near.means @ np.linalg.inv(w) @ u.T  # of the classes, among the features
    expected = [[(g - m) @ inverse @ (g - m) for m in means] for g in unit.astype(float)]
    np.testing.assert_allclose(near.measure_each(values), expected, rtol=1e-4)
    np.testing.assert_allclose(near.measure(values), np.min(expected, 1), rtol=1e-4)
    np.testing.assert_allclose(near.measure(7 * values), near.measure(values), rtol=1e-4)
    assert np.isfinite(near.measure(np.zeros((1, 6), np.float32))).all()


def classifier(decision: Decision) -> Classifier:
    net = build("input 1x8x8 classes=2 > conv 5 > relu > gap > flatten > fc")
    held = Trained.of(net.plan, net.state_dict())
    return Classifier(held, str(net.plan.network), ("a", "b"), GRAY, decision)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_classifier_decides_in_one_pass(mirrored: bool) -> None:
    near = distance(5)
    plain = classifier(Decision(1.5, mirrored, near))
    engine = open_network(plain.network, GRAY, features=True)
    assert engine.run_with_features is not None
    looks = [PIXELS, PIXELS[..., ::-1]] if mirrored else [PIXELS]
    values = [np.ascontiguousarray(each, np.float32) for each in looks]
    far = np.mean([near.measure(engine.run_with_features(each)[1]) for each in values], 0)
    found = plain.decide(PIXELS)
    np.testing.assert_allclose(found.distance, far, rtol=1e-5)
    assert not found.refused.any()
    limit = float(np.sort(far)[2:4].mean())
    careful = replace(plain, decision=replace(plain.decision, reject=RejectRule(None, limit, 0, 9)))
    again = careful.decide(PIXELS)
    np.testing.assert_array_equal(again.refused, far > limit)
    np.testing.assert_array_equal(again.unlike, again.refused)
    np.testing.assert_array_equal(again.best, plain.probabilities(PIXELS).argmax(1))


def test_a_decision_is_kept_in_the_file(tmp_path: Path) -> None:
    decision = Decision(
        1.5,
        True,
        distance(5),
        RejectRule(0.6, 2.5, 0.02, 245),
        Promise(0.99, 0.9, True, (0.8, None), 100),
    )
    model = classifier(decision)
    again = load(model.save(tmp_path / "model.safetensors"))
    for name in ("temperature", "mirrored", "reject", "promise"):
        assert getattr(again.decision, name) == getattr(decision, name)
    assert again.decision.distance is not None
    for name, value in decision.as_tensors().items():
        np.testing.assert_array_equal(again.decision.as_tensors()[name], value)
    np.testing.assert_array_equal(again.decide(PIXELS).classes, model.decide(PIXELS).classes)
    document, _, _ = classifier_file.read(tmp_path / "model.safetensors")
    assert document.calibration["promise"]["thresholds"] == [0.8, None]  # type: ignore[index,call-overload]


def test_a_distance_of_other_features_is_refused(tmp_path: Path) -> None:
    path = classifier(Decision(distance=distance(5, classes=3))).save(tmp_path / "odd.safetensors")
    with pytest.raises(ClassifierError, match="the distance is of 3 classes; expected 2"):
        load(path)
