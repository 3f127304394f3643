"""What a sealed graph answers, against the classifier that it was made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from torch import nn

from striate.backends.onnx.engines import session_of
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.deployment.sealed_graph import build_batch_graph, build_sealed_graph
from striate.errors import ClassifierError
from striate.model.classifier import Classifier
from striate.model.decision import Decision, FeatureDistance, Promise, RejectRule, Taxonomy

TEXT = "input 3x24x24 classes=3 > conv 8 > relu > maxpool 2 > conv 6 > relu > gap > flatten > fc"
CLASSES = ("ants", "bees", "crumbs")
GREY = Preprocess(1, 16, 20, mean=(0.4,), std=(0.2,))


def distance_of(features: int, usual_activity: float = 0.0) -> FeatureDistance:
    draws = np.random.default_rng(3)
    axes = np.linalg.qr(draws.normal(size=(features, 2)))[0].astype(np.float32)
    return FeatureDistance(
        center=draws.normal(size=features).astype(np.float32) * np.float32(0.1),
        axes=np.ascontiguousarray(axes),
        whitening=draws.normal(size=(2, 2)).astype(np.float32),
        means=draws.normal(size=(3, 2)).astype(np.float32),
        residual_scale=0.7,
        usual_activity=usual_activity,
        activity_scale=10.0 if usual_activity else 0.0,
    )


TREE = Taxonomy.from_names(("x/1", "x/2", "y"))
DECISIONS = {
    "plain": Decision(1.7),
    "mirrored": Decision(0.8, mirrored=True),
    "careful": Decision(reject=RejectRule(0.63, None, 0.02, 100)),
    "promised": Decision(promise=Promise(0.9, 0.9, True, (None, 0.65, 0.3), 100)),
    "far": Decision(distance=distance_of(6), reject=RejectRule(0.61, 0.74, 0.02, 100)),
    "far and mirrored": Decision(
        mirrored=True, distance=distance_of(6), reject=RejectRule(None, 0.737, 0.02, 100)
    ),
    "quiet": Decision(distance=distance_of(6, 0.95), reject=RejectRule(None, 0.8, 0.02, 100)),
    "climbing": Decision(reject=RejectRule(0.63, None, 0.02, 100), taxonomy=TREE),
    "climbing in two steps": Decision(
        mirrored=True,
        distance=distance_of(6),
        reject=RejectRule(0.3, 0.742, 0.02, 100),
        promise=Promise(0.9, 0.9, False, (0.63,) * 3, 100, ((0.815, 0.7),)),
        taxonomy=TREE,
    ),
    "climbing without a rule": Decision(taxonomy=TREE),
}


def classifier(decision: Decision = DECISIONS["plain"], **changes: Any) -> Classifier:
    fitted = Preprocess(3, 24, 24, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.3))
    made = {"network": build(TEXT, seed=1), "text": TEXT, "preprocess": fitted, **changes}
    return Classifier(classes=CLASSES, decision=decision, **made)


def images(count: int, rows: int, columns: int) -> np.ndarray:
    draws = np.random.default_rng(5)
    return draws.integers(0, 256, (count, rows, columns, 3), dtype=np.uint8)


def answer(model: Any, image: np.ndarray) -> dict[str, np.ndarray]:
    session = session_of("ONNX Runtime", model.to_bytes())
    names = [each.name for each in session.get_outputs()]
    feeds = {"image": image, "orientation": np.array(1, np.int64)}
    return dict(zip(names, session.run(names, feeds), strict=True))


@pytest.mark.parametrize("kind", DECISIONS)
def test_the_graph_decides_as_the_classifier_does(kind: str) -> None:
    model = classifier(DECISIONS[kind])
    sealed = build_sealed_graph(model).model
    refused, climbed = 0, set[int]()
    for image in images(6, 24, 24):
        said, own = answer(sealed, image), model.decide(image.transpose(2, 0, 1)[None])
        assert np.abs(said["probabilities"] - own.probabilities[0]).max() < 1e-6
        assert said["class"] == own.classes[0]
        assert said["confidence"] == pytest.approx(own.confidence[0], abs=1e-6)
        assert ("distance" in said) == (model.decision.distance is not None)
        if "distance" in said:
            assert said["distance"] == pytest.approx(own.distance[0], rel=1e-4)
        assert ("node" in said) == (model.decision.taxonomy is not None)
        if "node" in said:
            assert said["node"] == own.node[0]
            assert said["node_probability"] == pytest.approx(own.node_probability[0], abs=1e-6)
            climbed.add(int(own.level[0]))
        refused += int(own.classes[0] == -1)
    # each rule is seen to refuse, and to answer
    assert (0 < refused < 6) == (kind not in ("plain", "mirrored", "climbing without a rule"))
    assert climbed == {"climbing": {0, 1}, "climbing in two steps": {-1, 0, 1}}.get(kind, climbed)


@pytest.mark.parametrize("kind", ["plain", "far and mirrored", "climbing in two steps"])
def test_the_batch_form_answers_each_image_as_the_other_does(kind: str) -> None:
    model = classifier(DECISIONS[kind])
    session = session_of("ONNX Runtime", build_batch_graph(model).to_bytes())
    names = [each.name for each in session.get_outputs()]
    batch = images(5, 24, 24)
    said = dict(zip(names, session.run(names, {"images": batch}), strict=True))
    one = build_sealed_graph(model).model
    for number, image in enumerate(batch):
        for name, values in answer(one, image).items():
            if name != "map":
                assert np.allclose(values, said[name][number], atol=1e-6)


def test_the_map_is_what_the_logit_is_the_mean_of() -> None:
    model = classifier(Decision())
    sealed = build_sealed_graph(model)
    module = model.module
    (image,) = images(1, 24, 24)
    said = answer(sealed.model, image)
    logits = said["map"].mean((1, 2)) + module.state_dict()["fc1.bias"].numpy()
    powers = np.exp(logits - logits.max())
    assert np.allclose(powers / powers.sum(), said["probabilities"], atol=1e-5)
    assert sealed.map_place is not None
    assert sealed.map_place.stride == (2.0, 2.0)


def test_a_network_that_does_not_end_in_a_mean_has_no_map() -> None:
    text = "input 1x16x20 classes=3 > conv 4 > flatten > fc"
    sealed = build_sealed_graph(classifier(network=build(text), text=text, preprocess=GREY))
    assert "map" not in sealed.model.outputs
    assert sealed.map_place is None


def test_one_channel_is_made_grey_in_both_forms() -> None:
    text = "input 1x16x20 classes=3 > conv 4 > relu > gap > flatten > fc"
    model = classifier(network=build(text, seed=2), text=text, preprocess=GREY)
    (image,) = images(1, 16, 20)
    own = model.predict_proba(image)[0]
    assert np.allclose(answer(build_sealed_graph(model).model, image)["probabilities"], own)
    batch = session_of("ONNX Runtime", build_batch_graph(model).to_bytes())
    assert np.allclose(batch.run(["probabilities"], {"images": image[None]})[0][0], own, atol=1e-6)


def test_a_torch_module_is_written_in_the_notation_first() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    )
    model = classifier(network=module, text=None)
    (image,) = images(1, 24, 24)
    said = answer(build_sealed_graph(model).model, image)
    assert np.allclose(said["probabilities"], model.predict_proba(image)[0], atol=1e-6)


def test_a_torch_module_that_the_notation_cannot_say_is_refused_in_a_line() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(3 * 24 * 24, 3), nn.Bilinear(3, 3, 3))
    with pytest.raises(ClassifierError, match="cannot be exported"):
        build_sealed_graph(classifier(network=module, text=None))


@pytest.mark.parametrize("kind", ["far and mirrored", "promised"])
def test_both_forms_are_sound_models_of_opset_17(kind: str) -> None:
    model = classifier(DECISIONS[kind])
    for written in (build_sealed_graph(model).model, build_batch_graph(model)):
        read = onnx.load_from_string(written.to_bytes())
        onnx.checker.check_model(read, full_check=True)
        assert [each.version for each in read.opset_import] == [17]
