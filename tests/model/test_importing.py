"""Known networks with real trained weights become classifiers that answer as they should."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pytest
import torch
import torchvision_oracle
from PIL import Image
from torch import nn

from striate.backends.torch import normalize
from striate.data.images import Preprocess
from striate.errors import SettingError, WeightsError
from striate.evaluation.classifier_evaluation import evaluate
from striate.events import Event, Note
from striate.model.classifier import Classifier
from striate.model.importing import PreprocessChanges, import_classifier, import_with_fit
from striate.model.loading import load
from striate.model.weights import find_official

Shared = Callable[[str], Path]
LENET = (
    "conv 5x5 10 pad=valid > maxpool 2 > relu > conv 5x5 20 pad=valid > maxpool 2 > relu "
    "> flatten > fc 50 > relu > dropout 0.5 > fc"
)
SMALL = "input 3x8x8 > conv 4 > relu > gap > flatten > fc"
DIGITS = [str(digit) for digit in range(10)]


def imported(model: Classifier) -> dict[str, Any]:
    """What the classifier's file says of its import."""
    found: dict[str, Any] = json.loads(json.dumps(model.training["imported"]))
    return found


def small(folder: Path, classes: int = 2) -> Path:
    torch.manual_seed(0)
    path = folder / "small.pth"
    theirs = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, classes))
    torch.save({"state_dict": {f"module.{n}": v for n, v in theirs.state_dict().items()}}, path)
    return path


def imagenet(shared: Shared, name: str, **changes: Unpack[PreprocessChanges]) -> Classifier:
    index = shared("weights/imagenet_class_index.json")
    return import_classifier(name, shared(f"weights/{name}.pth"), classes=index, preprocess=changes)


# ---------------------------------------------------------------- real weights, real images


def test_squeezenet_tells_a_thousand_classes_apart_as_it_should(shared: Shared) -> None:
    """Its top-1 of 58.8 % was taken on other images: it lies in the interval of ours."""
    model = imagenet(
        shared, "squeezenet1_1", crop_ratio=1.0
    )  # the images are squashed to 224 already
    result = evaluate(model, shared("data/ilsvrc_boxes"))
    assert result.n == 200
    assert len(result.classes) == 1000
    assert result.accuracy_low < 0.588 < result.accuracy_high
    assert result.top5 is not None
    assert result.top5_low is not None
    assert result.top5_high is not None
    published = find_official("squeezenet1_1").top5
    assert published is not None
    assert result.top5_low < published / 100 < result.top5_high
    assert "10 of 10 classes matched by id (n01440764 is tench)" in result.notes


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2"])
def test_answers_are_those_of_torchvision_s_network_with_the_same_weights(
    shared: Shared, name: str
) -> None:
    model = imagenet(shared, name)
    theirs = torchvision_oracle.model(name).eval()
    theirs.load_state_dict(torch.load(shared(f"weights/{name}.pth"), weights_only=True))
    folders = sorted(shared("data/ilsvrc_boxes").glob("n*"))
    pixels = np.stack([model.preprocess.pixels(sorted(f.iterdir())[0]) for f in folders])
    values = normalize(torch.from_numpy(pixels).float(), model.preprocess)
    with torch.no_grad():
        expected = theirs(values).softmax(1).numpy()
    ours = model.probabilities(pixels)
    assert np.abs(ours - expected).max() < 1e-4
    right = [model.ids[row.argmax()] == f.name for row, f in zip(ours, folders, strict=True)]
    assert sum(right) >= 4


def test_mobilenet_s_interval_holds_the_published_accuracy(shared: Shared, tmp_path: Path) -> None:
    for folder in shared("data/ilsvrc_boxes").glob("n*"):  # eight of each class: the test is quick
        (tmp_path / folder.name).mkdir()
        for path in sorted(folder.iterdir())[:8]:
            (tmp_path / folder.name / path.name).symlink_to(path)
    result = evaluate(imagenet(shared, "mobilenet_v2", crop_ratio=1.0), tmp_path)
    assert result.n == 80
    published = find_official("mobilenet_v2").top1
    assert published is not None
    assert result.accuracy_low < published / 100 < result.accuracy_high


def test_a_lenet_saved_on_a_graphics_card_tells_digits_as_it_should(shared: Shared) -> None:
    model = import_classifier(
        f"input 1x28x28 > {LENET}", shared("weights/lenet_mnist_model.pth"), classes=DIGITS
    )
    assert (model.preprocess.mean, model.preprocess.std) == ((0.0,), (1.0,))
    result = evaluate(model, shared("data/mnist"))
    assert result.n == 10_000
    assert round(result.accuracy, 3) == 0.976


# ---------------------------------------------------------------- what is recorded, what is said


def test_everything_is_recorded_and_survives_the_file(shared: Shared, tmp_path: Path) -> None:
    model = imagenet(shared, "squeezenet1_1")
    again = load(model.save(tmp_path / "a.safetensors"))
    assert again.ids[0] == "n01440764"
    assert again.preprocess == find_official("squeezenet1_1").preprocess
    assert again.text is not None
    assert again.text.endswith("gap > flatten")
    record = imported(again)
    assert record["weights"] == "squeezenet1_1.pth"
    assert record["sha256"].startswith("9828352e")
    assert record["matched"] == "by the names of torchvision's squeezenet1_1"
    assert any("assumed as it has 1,000 classes" in note for note in record["notes"])


def test_the_prefix_the_nesting_and_the_guess_are_told(tmp_path: Path) -> None:
    events: list[Event] = []
    made = import_with_fit(SMALL, small(tmp_path), classes=["ant", "bee"], callback=events.append)
    said = [event.text for event in events if isinstance(event, Note)]
    assert tuple(said) == made.notes
    assert said[0] == "the weights were taken from 'state_dict' of the file"
    assert said[1] == "'module.' was taken out of 4 of 4 names"
    assert said[2] == "4 tensors by their order"
    assert "values from 0 to 1, as nothing is known" in said[3]
    assert made.classifier.classes == ("ant", "bee")
    assert made.classifier.preprocess == Preprocess(3, 8, 8)


def test_the_classes_decide_how_many_outputs_a_known_network_has(tmp_path: Path) -> None:
    theirs = torchvision_oracle.model("squeezenet1_1", num_classes=3)
    path = tmp_path / "three.pth"
    torch.save(theirs.state_dict(), path)
    model = import_classifier("squeezenet1_1", path, classes=["a", "b", "c"])
    assert model.predict(np.zeros((9, 9, 3), np.uint8)).label in model.classes
    assert "nothing is known" in str(imported(model)["notes"])


def test_settings_of_the_preprocessing_override_the_usual(tmp_path: Path, shared: Shared) -> None:
    bent = imagenet(shared, "squeezenet1_1", fit="squash", mean=(0.5, 0.5, 0.5))
    assert (bent.preprocess.fit, bent.preprocess.crop_ratio) == ("squash", 1.0)
    assert bent.preprocess.mean == (0.5, 0.5, 0.5)
    assert bent.preprocess.std == (0.229, 0.224, 0.225)
    assert "but for fit, mean, crop_ratio" in imported(bent)["notes"][-1]
    larger = imagenet(shared, "squeezenet1_1", channels=3, height=256, width=256)
    assert larger.preprocess.shape == (3, 256, 256)
    assert larger.preprocess.crop_ratio == 256 / 224
    own = Preprocess(3, 8, 8, "squash")
    assert import_classifier(
        SMALL, small(tmp_path), classes=["a", "b"], preprocess=own
    ).preprocess == own  # fmt: skip


def test_a_image_is_answered_alike_by_a_network_that_came_as_float16(tmp_path: Path) -> None:
    full = torch.load(small(tmp_path), weights_only=True)["state_dict"]
    half = tmp_path / "half.pth"
    torch.save({name: value.half() for name, value in full.items()}, half)
    models = [
        import_classifier(SMALL, path, classes=["a", "b"]) for path in (small(tmp_path), half)
    ]
    image = Image.fromarray(np.full((8, 8, 3), 77, np.uint8))
    first, second = (model.predict(image).probability for model in models)
    assert first == pytest.approx(second, abs=1e-2)


# ---------------------------------------------------------------- what does not do


def test_a_wrong_number_of_names_is_said_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"has 3 names, and the weights in 'small.pth' tell 2"):
        import_classifier(SMALL, small(tmp_path), classes=["a", "b", "c"])
    with pytest.raises(SettingError, match=r"has 2 names, .* tell 1,000 classes apart"):
        import_classifier("resnet18", classes=["a", "b"], offline=True)


def test_official_weights_need_a_known_network() -> None:
    with pytest.raises(WeightsError, match="'imagenet' stands for .* 'conv 8 > gap' is a text"):
        import_classifier("conv 8 > gap", classes=["a"])
    with pytest.raises(WeightsError, match="no official weights for 'lenet5'"):
        import_classifier("lenet5", classes=DIGITS)


def test_what_does_not_fit_comes_with_its_table(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="do not fit the network") as caught:
        import_classifier(SMALL.replace("conv 4", "conv 5"), small(tmp_path), classes=["a", "b"])
    assert "conv1.weight" in caught.value.table
    assert "4x3x3x3" in caught.value.table


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"men": (0.5,)}, "no setting 'men'"),
        ({"mean": (0.5,)}, "expected 3 values each"),
        ({"height": 8}, "expected all three"),
        ({"crop_ratio": 1.1}, "only a crop"),
    ],
)
def test_preprocessing_that_makes_no_sense_is_one_clear_line(
    tmp_path: Path, changes: PreprocessChanges, said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        import_classifier(SMALL, small(tmp_path), classes=["a", "b"], preprocess=changes)
