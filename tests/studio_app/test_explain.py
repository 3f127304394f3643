"""The room Explain answers with what torch computes of the painted image, and stops when asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.explanation.attribution_methods import METHODS, explain
from striate.explanation.retouching import Stroke, retouch
from striate.explanation.score_decomposition import decompose_score
from striate.model.classifier import Classifier
from striate.serving.confined_paths import ConfinedFolders
from striate.studio_app.question import Superseded
from striate.studio_app.rooms import KINDS, read_question
from striate.studio_app.studio import Studio

TEXTS = {
    "cam": "input 3x16x16 classes=4 > conv 6 > relu > maxpool 2 > conv 5 > relu > gap > "
    "flatten > fc",
    "flat": "input 3x16x16 classes=4 > conv 6 > relu > maxpool 4 > flatten > fc 9 > relu > fc",
    "plain": "input 3x16x16 classes=4 > flatten > fc",
    "smooth": "input 3x16x16 classes=4 > conv 6 > tanh > gap > flatten > fc",
}


class Detached(torch.nn.Module):
    """Gives the slopes of a network to nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = build(TEXTS["cam"], seed=4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answered: torch.Tensor = self.inner(x).detach()
        return answered


DAB = {"paint": "color", "radius": 4.3, "points": [[5, 5], [8, 9]], "color": [200, 30, 90]}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    usual = Preprocess(3, 16, 16, mean=(0.5,) * 3, std=(0.25,) * 3)
    names = ("a", "b", "c", "<img src=x>")
    models = {
        name: Classifier(build(text, seed=4), None, names, usual) for name, text in TEXTS.items()
    }
    models["detached"] = Classifier(Detached(), None, names, usual)
    return Studio.of(ConfinedFolders([]), tmp_path_factory.mktemp("studio"), models)


def ask(
    studio: Studio, kind: str, tell: Callable[[str, float], None] | None = None, **said: Any
) -> Any:
    usual = {"network": "module/cam", "image": "drawn/house", "id": 1, "kind": kind}
    if kind != "classes":
        usual |= {"strokes": [], "target": -1, "against": -1}
    if kind == "heat":
        usual |= {"methods": ["grad-cam"], "apart": False}
    question = read_question(json.dumps({**usual, **said}))
    return KINDS[kind].answer(studio, question, tell or (lambda what, share: None))


def painted(studio: Studio, network: str) -> tuple[Classifier, Any, torch.Tensor]:
    """The classifier, the image with the dab, and what goes in, made by hand."""
    scene = studio.scenes.open(network, "drawn/house")
    own = scene.network.classifier
    stroke = Stroke("color", 4.3, ((5.0, 5.0), (8.0, 9.0)), (200, 30, 90))
    pixels = retouch(scene.image, [stroke])
    x = (torch.from_numpy(pixels[None]).double() / 255 - 0.5) / 0.25
    return own, pixels, x


def test_the_methods_that_fit_are_offered_and_the_others_say_why(studio: Studio) -> None:
    assert "cam" in ask(studio, "classes").said["fits"]
    flat = ask(studio, "classes", network="module/flat").said
    assert "cam" not in flat["fits"] and "mean over positions" in flat["refused"]["cam"]
    plain = ask(studio, "classes", network="module/plain").said
    assert plain["fits"][:2] == ["occlusion", "integrated-gradients"]
    assert "no layer of the network gives a map" in plain["refused"]["grad-cam"]
    assert set(METHODS) == {*plain["fits"], *plain["refused"]}


@pytest.mark.parametrize("network", [*TEXTS, "detached"])
def test_what_is_offered_can_be_done_and_what_is_not_cannot(studio: Studio, network: str) -> None:
    where: dict[str, Any] = {"network": f"module/{network}"}
    found = ask(studio, "classes", **where).said
    model = studio.networks.open(where["network"]).classifier
    pixels = ask(studio, "classes", **where).arrays["pixels"]
    assert bool(found["refused"]) == (network != "cam")
    for method in found["fits"]:
        ask(studio, "slow", what="map", method=method, **where)
    for method in set(found["refused"]) - {"cam"}:  # which here comes with the slopes of others
        with pytest.raises(SettingError):
            explain(model, pixels, method=method)
    quick = [method for method in found["fits"] if method in found["quick"]]
    (row,) = ask(studio, "heat", methods=quick, **where).said["rows"] or [[]]
    assert [each["method"] for each in row] == quick


@pytest.mark.parametrize("network", ["module/cam", "module/flat"])
def test_answer_maps_and_split_are_torch_s_of_the_painted_image(
    studio: Studio, network: str
) -> None:
    found = ask(
        studio, "heat", network=network, strokes=[DAB], target=2, against=0, methods=["hires-cam"]
    )
    own, pixels, x = painted(studio, network)
    whole = ask(studio, "classes", network=network).arrays["pixels"].copy()
    top, left, bottom, right = found.said["box"]
    assert 0 < top < bottom < 16 and 0 < left < right < 16
    whole[top:bottom, left:right] = found.arrays["painted"]
    np.testing.assert_array_equal(whole, pixels.transpose(1, 2, 0))
    module = build(TEXTS[network.partition("/")[2]], seed=4).double().eval()
    layer = "relu2" if network == "module/cam" else "maxpool1"
    kept: dict[str, torch.Tensor] = {}
    module.get_submodule(layer).register_forward_hook(
        lambda part, given, output: kept.update(maps=output) or output.retain_grad()
    )
    logits = module(x)[0]
    np.testing.assert_allclose(found.arrays["logits"], logits.detach().numpy(), atol=1e-5)
    odds = logits.softmax(0).detach().numpy()
    np.testing.assert_allclose(found.arrays["probabilities"], odds, atol=1e-5)
    (logits[2] - logits[0]).backward()
    gradient = kept["maps"].grad
    assert gradient is not None
    parts = (kept["maps"] * gradient).detach()[0]
    split = found.said["split"]
    assert split["layer"] == layer and split["exact"]
    assert split["sum"] == pytest.approx(parts.sum().item(), abs=1e-5)
    assert split["score"] == pytest.approx((logits[2] - logits[0]).item(), abs=1e-5)
    unit, value = split["highest"][0]
    assert value == pytest.approx(parts.sum((1, 2)).max().item(), abs=1e-5)
    assert unit == parts.sum((1, 2)).argmax().item()
    told = found.said["rows"][0][0]
    cells = parts.sum(0)
    assert told["low"] == pytest.approx(cells.min().item(), abs=1e-5)
    assert told["high"] == pytest.approx(cells.max().item(), abs=1e-5)


def test_maps_of_one_pass_are_those_of_explain(studio: Studio) -> None:
    methods = ["cam", "grad-cam", "hires-cam", "grad-cam++", "layer-cam"]
    found = ask(studio, "heat", methods=methods, target=1, against=3, apart=True)
    assert found.said["box"] == [0, 0, 0, 0]  # nothing is painted
    shown = ask(studio, "classes").arrays
    scene = studio.scenes.open("module/cam", "drawn/house")
    own = scene.network.classifier
    for at, (target, against) in enumerate([(1, 3), (1, None), (3, None)]):
        for method in methods:
            alone = explain(own, scene.image, target=target, against=against, method=method)
            cells = found.arrays[f"map.{at}.{method}"]
            laid = shown["down"] @ cells @ shown["across"].T
            np.testing.assert_allclose(laid, alone.map, rtol=1e-5, atol=1e-6)
    split = decompose_score(own, scene.image, target=1, against=3)
    assert found.said["split"]["remainder"] == pytest.approx(split.remainder, abs=1e-6)
    assert found.said["rows"][0][0]["target"] == "b rather than <img src=x>"


def test_without_a_layer_with_positions_there_is_an_answer_all_the_same(studio: Studio) -> None:
    found = ask(studio, "heat", network="module/plain")
    assert found.said["rows"] == [] and found.said["split"] is None
    assert found.arrays["probabilities"].sum() == pytest.approx(1)
    slow = ask(studio, "slow", network="module/plain", what="map", method="occlusion")
    assert slow.arrays["map"].shape == (16, 16)


def test_maps_that_take_longer_are_of_the_painted_image(studio: Studio) -> None:
    own, pixels, _ = painted(studio, "module/cam")
    found = ask(studio, "slow", what="map", method="occlusion", strokes=[DAB], target=1)
    alone = explain(own, pixels.transpose(1, 2, 0), target=1, method="occlusion")
    np.testing.assert_allclose(found.arrays["map"], alone.map, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_the_randomisation_test_and_both_curves(studio: Studio) -> None:
    from striate.explanation.parameter_randomization import randomize_parameters

    found = ask(studio, "slow", what="trust", method="gradient", target=2).said
    scene = studio.scenes.open("module/cam", "drawn/house")
    own = scene.network.classifier
    expected = randomize_parameters(
        own, scene.image, lambda other: explain(other, scene.image, target=2, method="gradient").map
    )
    assert found["words"] == expected.words and found["passed"] == expected.passed
    curves = ask(studio, "slow", what="curves", method="grad-cam", target=2)
    assert curves.said["deletion"]["baseline"] == "mean"  # a blur leaves all of 16 pixels a side
    deleted = curves.arrays["deletion.map"]
    assert len(deleted) == 17 and curves.arrays["deletion.fractions"][-1] == 1
    assert curves.arrays["insertion.map"][-1] == pytest.approx(deleted[0], abs=1e-6)


def test_work_that_nobody_waits_for_stops_and_leaves_the_network_as_it_was(studio: Studio) -> None:
    told = []

    def tell(what: str, share: float) -> None:
        told.append(what)
        raise Superseded

    with pytest.raises(Superseded):
        ask(studio, "slow", tell, what="map", method="occlusion")
    assert told == ["1"]
    spare = studio.networks.open("module/cam").spare.module
    assert not any(each._forward_pre_hooks for each in spare.modules())
    assert ask(studio, "slow", what="nothing", method="").said == {}
    assert "map" in ask(studio, "slow", what="map", method="occlusion").arrays


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"target": 9}, "class 9: expected 0 to 3"),
        ({"target": 1, "against": 1}, "against itself"),
        ({"strokes": [{**DAB, "radius": 0}]}, "cannot be read"),
        ({"strokes": [{**DAB, "points": []}]}, "cannot be read"),
        ({"strokes": [{**DAB, "paint": "fire"}]}, "cannot be read"),
    ],
)
def test_a_mistake_is_told_in_a_line(studio: Studio, said: Any, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        ask(studio, "heat", **said)
