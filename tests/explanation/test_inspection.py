"""One image inside a network, and a network over a folder, as data and as pages."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision_oracle
from explained_words import unexplained
from PIL import Image
from torch import nn

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.events import Event, Progress
from striate.explanation.contribution_path import trace_contributions
from striate.explanation.inspection import inspect
from striate.explanation.inspection_settings import InspectionSettings
from striate.explanation.page import of_folder, of_image
from striate.explanation.page.overlays import draw_overlay
from striate.explanation.unit_inspection import UnitSelection, inspect_units
from striate.model.classifier import Classifier
from striate.model.decision import Decision, Promise, Taxonomy
from striate.model.loading import load
from striate.training.result import TrainingResult

FILES = [("a.npz", "arrays"), ("a.json", "numbers")]
Done = tuple[TrainingResult, list[Event]]


def image(photos: Path) -> Path:
    return sorted(photos.glob("square/*.png"))[0]


@pytest.mark.parametrize("folder", ["up/a", "c"])
def test_the_page_says_what_the_classifier_answers(tmp_path: Path, folder: str) -> None:
    text = "input 3x16x16 classes=3 > conv 4 > relu > gap > flatten > fc"
    classes = ("up/a", "up/b", "c")
    tree, usual = Taxonomy.from_names(classes), Preprocess(3, 16, 16)
    file = tmp_path / folder / "it.png"
    file.parent.mkdir(parents=True)
    Image.fromarray(np.eye(16, dtype=np.uint8) * 255).save(file)
    titles = {}
    for name, least in {"class": 0.0, "node": None, "nothing": None}.items():
        above = ((0.0, 0.0),) if name == "node" else ((None, None),)
        rule = Decision(promise=Promise(0.9, 0.9, False, (least,) * 3, 10, above), taxonomy=tree)
        network = build(text, seed=1)
        with torch.no_grad():
            network.state_dict()["fc1.bias"].copy_(
                torch.tensor([9.0, 8.0, 0.0])
            )  # up/a, and surely below "up"
        model = Classifier(network, text, classes, usual, rule)
        found = inspect(model, file, settings=InspectionSettings(quick=True))
        said = model.predict(file)
        assert found.answer.words == said.words and found.as_json()["answer"]["node"] == said.node
        assert found.truth == folder
        shown = re.sub(r"<[^>]+>|\s+", " ", of_image(found, command="", files=FILES))
        shown = re.sub(r"\s+", " ", shown.replace("\N{NO-BREAK SPACE}", " "))
        titles[name] = shown
        assert ("one of them is wrong" in shown) == (folder == "c" and name != "nothing")
        if said.label is None:
            assert said.words.replace("'", "&#39;") in shown
    assert "What made it say up/a" in titles["class"]
    assert "What speaks for up/a" in titles["node"] and "What speaks for up/a" in titles["nothing"]
    assert "The answer climbs: up (" in titles["node"]
    assert ("which lies below that node" in titles["node"]) == (folder == "up/a")


def test_the_parts_of_an_inspection_agree_with_each_other(done: Done, photos: Path) -> None:
    model = load(done[0].folder)
    found = inspect(model, image(photos), target="square", against="disc")
    assert not found.unavailable
    odds = model.predict(image(photos)).probabilities
    for name, value in zip(found.classes, found.probabilities, strict=True):
        assert value == pytest.approx(odds[name], abs=1e-5)
    first = found.explanations[0]
    assert first.method == "cam"
    assert first.score == pytest.approx(found.logits[found.classes.index("square")], abs=1e-5)
    assert first.attribution.mean() + first.facts["bias"] == pytest.approx(first.score, abs=1e-4)
    every = {each.method for each in found.explanations} | {
        m for same in found.proportional for m in same
    }
    assert len(every) == 8
    assert (
        found.score_decomposition is not None
        and found.evaluation is not None
        and found.path is not None
    )
    difference = found.logits[found.classes.index("square")] - found.logits[0]
    assert found.score_decomposition.score == pytest.approx(difference, abs=1e-5)
    assert found.path.steps[0].arithmetic.value == pytest.approx(first.score, abs=1e-4)
    assert found.arithmetic is not None and found.arithmetic.agrees
    assert found.feature_maps[found.block_outputs[-1]].values.shape[1:] == first.attribution.shape
    assert [each.layer for each in found.receptive_fields][0] == found.block_outputs[0]
    arrays = found.arrays()
    assert np.array_equal(arrays["explanation cam"], first.attribution)
    assert set(arrays) >= {"pixels", "logits", "maps relu1", "gradients relu1", "filters conv1"}
    assert json.loads(json.dumps(found.as_json()))["explanations"][0]["method"] == "cam"


def test_its_page_is_whole_and_asks_nothing_of_the_network(done: Done, photos: Path) -> None:
    found = inspect(load(done[0].folder), image(photos))
    page = of_image(found, command="striate explain M <P>", files=FILES)
    headings = re.findall(r"<h2 id=[^>]*>([^<]*)</h2>", page)
    assert len(headings) == 11
    assert [line[:5] for line in headings[1:4]] == ["Can t", "What ", "Why s"]
    assert not re.search(r"https?://(?!www\.w3\.org/)", page)
    assert "<script" not in page
    assert "M &lt;P&gt;" in page
    assert page.count("<img") + page.count("<image") > 30
    assert page.count('id="photo"') == 1 and page.count('<use href="#photo"/>') >= 8
    assert "What made it say <bdi>" in page
    assert "and so does the folder" in page or "one of them is wrong" in page
    # the verdict stands before the first section, beside the map
    assert page.index("of 4 checks") < page.index("<section") or "all 4 checks" in page
    assert unexplained(page) == []
    assert "NOT the same" not in page
    plain = re.sub(r"</?a\b[^>]*>", "", page)
    assert re.search(r"the difference of the two logits is .* The places of\s+relu2 add", plain)


def test_a_map_leads_to_its_unit_and_a_unit_to_its_sum(done: Done, photos: Path) -> None:
    found = inspect(load(done[0].folder), image(photos), settings=InspectionSettings(quick=True))
    page = of_image(found, command="c", files=FILES)
    ids = set(re.findall(r' id="([^"]+)"', page))
    links = re.findall(r'href="#(unit-\d+|sum-\d+)"', page)
    assert set(links) <= ids
    assert len(found.receptive_fields) >= 2
    for at, seen in enumerate(found.receptive_fields):
        strip = page.partition(f"<b>{seen.layer}</b> ")[2]
        assert strip.index(f'<a href="#unit-{at}">{seen.unit}</a>') < strip.index("</figure>")
        assert page.index(f'href="#sum-{at}"') < page.index(f'id="sum-{at}"')
        total = found.unit_sums[at]
        assert total is not None and total.agrees
        assert total.steps[-1].value == pytest.approx(seen.activation, abs=1e-5)


def test_the_folder_s_word_stands_beside_the_network_s(done: Done, photos: Path) -> None:
    found = inspect(load(done[0].folder), image(photos), settings=InspectionSettings(quick=True))
    assert found.truth == "square" and found.as_json()["truth"] == "square"
    says = found.top_classes(1)[0][0]
    for truth in found.classes:
        page = of_image(replace(found, truth=truth), command="c", files=FILES)
        assert ("and so does the folder" in page) == (truth == says)
        assert ("one of them is wrong" in page) == (truth != says)
    other = next(name for name in found.classes if name != says)
    asked = inspect(
        load(done[0].folder),
        image(photos),
        target=other,
        settings=InspectionSettings(quick=True),
    )
    page = of_image(replace(asked, truth=""), command="c", files=FILES)
    assert f"What speaks for <bdi>{other}</bdi>" in page and "the folder <bdi>" not in page


def test_what_the_crop_cuts_away_is_veiled_and_said() -> None:
    text = "input 3x16x16 classes=2 > conv 4 > relu > gap > flatten > fc"
    cropping = Preprocess(3, 16, 16, fit="crop")
    model = Classifier(build(text), text, ("a", "b"), cropping)
    noise = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    found = inspect(model, noise, settings=InspectionSettings(quick=True))
    drawn = draw_overlay(found.explanations[0])
    assert list(drawn.box) == [10, 0, 20, 20]
    assert drawn.cut_share == pytest.approx(0.5)
    page = of_image(found, command="c", files=FILES)
    assert "50.0\xa0% of the image, is cut away" in page and 'class="cut"' in page
    whole = inspect(model, noise[:, :20], settings=InspectionSettings(quick=True))
    page = of_image(whole, command="c", files=FILES)
    assert "is cut away" not in page and 'class="cut"' not in page


def test_the_quick_one_leaves_out_what_takes_seconds(done: Done, photos: Path) -> None:
    found = inspect(load(done[0].folder), image(photos), settings=InspectionSettings(quick=True))
    assert found.evaluation is None
    assert not {"occlusion", "integrated-gradients"} & {each.method for each in found.explanations}
    page = of_image(found, command="c", files=FILES)
    assert "Can the map be trusted?" not in page
    assert "leaves out whether the map can be trusted, the maps by <a" in page
    assert "can be trusted" in found.as_json()["left_out"][0]


def test_what_a_foreign_module_hides_is_named() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, padding=1)
            self.out = nn.Conv2d(4, 2, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.out(self.conv(x).tanh()).amax((2, 3)) * 2  # type: ignore[no-any-return]

    torch.manual_seed(0)
    model = Classifier(Odd(), None, ("a", "b"), Preprocess(3, 12, 12))
    noise = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    found = inspect(model, noise)
    assert found.path is None and found.arithmetic is None
    assert any(
        each.startswith("the path to a pixel: the logits come out of no layer")
        for each in found.unavailable
    )
    assert any(each.startswith("cam: ") for each in found.unavailable)
    page = of_image(found, command="c", files=FILES)
    assert "What could not be shown" in page and "come out of no layer" in page


@pytest.mark.slow
def test_a_walk_through_torchvision_s_vgg_comes_down_to_the_pixels() -> None:
    """It works in place and flattens by itself; still every step adds up to the number above."""
    module = torchvision_oracle.model("vgg11", num_classes=3)
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.05)
    model = Classifier(module, None, ("a", "b", "c"), Preprocess(3, 64, 64))
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    found = trace_contributions(model, noise)
    assert found.pixel is not None or found.stopped.endswith("padding")
    addresses = [one.arithmetic.layer for one in found.steps]
    assert addresses[0] == "classifier.6" and addresses[-1] == "features.0"
    for one, after in zip(found.steps, found.steps[1:], strict=False):
        assert one.arithmetic.agrees
        assert one.arithmetic.terms.value[one.term] == pytest.approx(
            after.arithmetic.network_value, abs=1e-6
        )


def test_a_stop_keeps_the_images_that_were_made(done: Done, photos: Path) -> None:
    before = signal.getsignal(signal.SIGINT)

    def stop(event: object) -> None:
        if isinstance(event, Progress) and (event.stage, event.done) == (stage, 1):
            signal.raise_signal(signal.SIGINT)

    stage = "making images for units"
    selection = UnitSelection(layers=2, units=2)
    found = inspect_units(load(done[0].folder), photos, selection=selection, callback=stop)
    made = [one.visualization for level in found.layers for one in level.units]
    assert [each is not None for each in made] == [True, False, False, False]
    assert found.shortcuts is None
    (said,) = found.unavailable
    assert said == (
        "images for 3 of 4 units, where the classifier looks and its shortcuts: stopped by Ctrl-C"
    )
    page = of_folder(found, model="m", data="photos", parameters=7, command="c", files=FILES)
    assert "stopped by Ctrl-C" in page
    assert signal.getsignal(signal.SIGINT) is before


def test_the_method_that_is_asked_for_comes_first_and_is_tested(done: Done, photos: Path) -> None:
    settings = InspectionSettings(method="guided-backprop")
    found = inspect(load(done[0].folder), image(photos), settings=settings)
    assert found.explanations[0].method == "guided-backprop"
    assert "grad-cam" in {name for each in found.proportional for name in each} | {
        each.method for each in found.explanations
    }
    assert found.evaluation is not None
    assert "randomisation" in found.evaluation.checks
    assert [each.method for each in found.views] == ["gradient", "deconvolution", "guided-backprop"]
    page = of_image(found, command="c", files=FILES)
    assert "What comes back to the image" in page and "Cosine of the two classes" in page
    words = re.sub(r"<[^>]*>", "", page)
    assert "as it is known to" in words or "though it is known to fail it" in words
    assert "weights drawn\nanew from the last layer up to" in words
    assert unexplained(page) == []
    with pytest.raises(SettingError, match="method 'guided': expected auto, cam, grad-cam"):
        InspectionSettings(method="guided")


def test_a_network_over_a_folder(done: Done, photos: Path) -> None:
    model = load(done[0].folder)
    found = inspect_units(model, photos, selection=UnitSelection(layers=2, units=2, visualize=True))
    assert [level.name for level in found.layers] == ["relu1", "relu2"]
    assert [level.n_units for level in found.layers] == [8, 16]
    for level in found.layers:
        units = [one.unit for one in level.units]
        assert len(set(units)) == len(units) == 2
        for one in level.units:
            assert len(one.top) == 9
            assert one.top[0].activation >= one.middle[0].activation >= one.bottom[0].activation
            assert one.visualization is not None and one.visualization.images.shape == (
                1,
                16,
                16,
                3,
            )
    assert found.shortcuts is not None
    arrays = found.arrays()
    assert arrays["top relu1"].shape == (8, 9)
    told = json.loads(json.dumps(found.as_json()))
    assert told["layers"][0]["units"][0]["top"][0]["image"] in found.activations.names
    page = of_folder(found, model="shapes", data="photos", parameters=7, command="c", files=FILES)
    headings = re.findall(r"<h2 id=[^>]*>([^<]*)</h2>", page)
    assert headings[:3] == ["From edges to objects", "Where it looks", "Dead units"]
    assert "made for it: " in page
    assert "What this network looks for" in page and unexplained(page) == []
    assert {one.classes[0][0] for one in found.class_units} <= {"disc", "square"}
    last = found.activations.layers[-1]
    for one in found.class_units:
        kind = found.activations.classes.index(one.classes[0][0])
        own = last.class_means.argmax(1) == kind
        assert one.selectivity == pytest.approx(
            last.selectivity[own & (last.active_share >= 0.02)].max()
        )
    assert page.count("<img") >= 2 * 2 * (9 + 3 + 3 + 1)
