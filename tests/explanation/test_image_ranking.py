"""The top images of units, beside what a plain loop finds; and the patches they saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from striate.backends.torch import build
from striate.data import find
from striate.data.images import Preprocess
from striate.errors import DataError, NotationError, SettingError
from striate.events import Event, Progress
from striate.explanation.hooks import record
from striate.explanation.image_ranking import top_activations
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.receptive_field_table import ReceptiveFieldTable
from striate.explanation.receptive_fields import Rectangle, field_by_nan
from striate.explanation.unit_patches import crop_patches
from striate.model.classifier import Classifier
from striate.model.importing import import_classifier

TEXT = (
    "unit(c) = conv c > bn > relu\n"
    "input 3x16x24 classes=2 > unit(6) > maxpool 2 > cat(conv 1x1 4 | unit(3)) > gap > flatten > fc"
)
FITTING = Preprocess(3, 16, 24, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.2))


class Foreign(nn.Module):
    """A module of one's own with a shared ReLU that works in place."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 5, 3, stride=2, padding=1)
        self.second = nn.Conv2d(5, 4, 3)
        self.bend = nn.ReLU(inplace=True)
        self.last = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.bend(self.second(self.bend(self.first(x))))
        return self.last(x.mean((2, 3)))  # type: ignore[no-any-return]


def of_text() -> Classifier:
    return Classifier(build(TEXT, seed=3), TEXT, ("disc", "square"), FITTING)


def foreign() -> Classifier:
    torch.manual_seed(1)
    return Classifier(Foreign(), None, ("disc", "square"), FITTING)


@pytest.mark.parametrize("model", [of_text(), foreign()], ids=["text", "foreign"])
def test_they_are_those_that_a_plain_loop_finds(model: Classifier, photos: Path) -> None:
    found = top_activations(model, photos, n_images=4)
    collection = find(photos)
    assert found.names == collection.names
    maxima: dict[str, list[np.ndarray]] = {layer.name: [] for layer in found.layers}
    for index in range(len(collection.names)):
        subject = PreprocessedImage.read(model, collection.open(index))
        passed = record(model.module, subject.tensor)
        for address, own in maxima.items():
            own.append(passed[address].output[0].amax((1, 2)).numpy())
    assert len(found.layers) >= 2
    for layer in found.layers:
        every = np.stack(maxima[layer.name])
        wanted = -np.sort(-every, axis=0)[:4].T
        assert np.allclose(layer.top.activations, wanted, atol=1e-4), layer.name
        taken = np.take_along_axis(every.T, layer.top.indices, axis=1)
        assert np.allclose(taken, wanted, atol=1e-4)
        assert np.allclose(layer.bottom.activations, np.sort(every, axis=0)[:3].T, atol=1e-4)
        assert np.allclose(layer.middle.activations, np.sort(every, axis=0)[18:21].T, atol=1e-4)
        assert np.allclose(layer.mean_activation, np.maximum(every, 0).mean(0), atol=1e-4)
        assert np.allclose(layer.active_share, (every > 0).mean(0))
        for label in (0, 1):
            part = np.maximum(every[collection.labels == label], 0).mean(0)
            assert np.allclose(layer.class_means[:, label], part, atol=1e-4)
    assert model.module.training  # left as it was


def test_selectivity_is_1_for_one_class_alone_and_0_for_all_alike(photos: Path) -> None:
    """A unit that sums red answers to red discs alone; one that sums all answers to both."""
    text = "input 3x20x30 classes=2 > conv 1x1 3 > relu > gap > flatten > fc"
    module = build(text)
    with torch.no_grad():
        module.get_parameter("conv1.weight").copy_(
            torch.tensor([[8.0, -8.0, -8.0], [-8.0, -8.0, 8.0], [0.0, 0.0, 0.0]])[:, :, None, None]
        )
        module.get_parameter("conv1.bias").copy_(torch.tensor([0.0, 0.0, 1.0]))
    model = Classifier(module, text, ("disc", "square"), Preprocess(3, 20, 30))
    found = top_activations(model, photos)
    layer = found["relu1"]
    assert found.classes == ("disc", "square")
    assert layer.selectivity[0] == pytest.approx(1.0)
    assert layer.selectivity[2] == pytest.approx(0.0)
    assert [found.classes[place] for place, _ in layer.top_classes(0)] == ["disc"]
    assert [found.classes[place] for place, _ in layer.top_classes(1)] == ["square"]
    assert {found.names[each].split("/")[0] for each in layer.top.indices[0]} == {"disc"}


@pytest.mark.parametrize("model", [of_text(), foreign()], ids=["text", "foreign"])
def test_a_patch_holds_the_place_where_the_unit_answers_most(
    model: Classifier, photos: Path
) -> None:
    found = top_activations(model, photos, n_images=3)
    units = [(layer.name, unit) for layer in found.layers for unit in (0, 2)]
    cut = crop_patches(model, found, units)
    assert list(cut) == units
    for (address, unit), own in cut.items():
        layer = found[address]
        assert len(own) == 3
        for rank, patch in enumerate(own):
            assert patch.name == found.names[layer.top.indices[unit, rank]]
            assert patch.activation == pytest.approx(layer.top.activations[unit, rank], abs=1e-4)
            subject = PreprocessedImage.read(model, photos / patch.name)
            maps = record(model.module, subject.tensor)[address].output[0, unit]
            assert maps[patch.row, patch.column] == maps.max()
            assert patch.label == patch.name.split("/")[0]
            field = field_by_nan(
                model.module,
                subject.tensor,
                address,
                unit=unit,
                row=patch.row,
                column=patch.column,
            )
            inner = patch.receptive_field.clip(16, 24)
            assert inner.top <= field.top and field.bottom <= inner.bottom
            assert inner.left <= field.left and field.right <= inner.right


def test_a_patch_is_the_image_itself_where_the_field_lies(tmp_path: Path) -> None:
    """One bright pixel: the patch of a 3x3 convolution is the 3x3 pixels around it."""
    for number, name in enumerate(("a", "b")):
        (tmp_path / name).mkdir()
        pixels = np.zeros((12, 12), np.uint8)
        pixels[3 + 5 * number, 4] = 200
        Image.fromarray(pixels).save(tmp_path / name / "one.png")
    text = "input 1x12x12 classes=2 > conv 1 > relu > gap > flatten > fc"
    module = build(text)
    with torch.no_grad():
        kernel = torch.zeros(1, 1, 3, 3)
        kernel[0, 0, 1, 1] = 1
        module.get_parameter("conv1.weight").copy_(kernel)
    model = Classifier(module, text, ("a", "b"), Preprocess(1, 12, 12))
    found = top_activations(model, tmp_path)
    first, second = sorted(
        crop_patches(model, found, [("relu1", 0)])["relu1", 0], key=lambda patch: patch.name
    )
    assert (first.row, first.column, second.row) == (3, 4, 8)
    assert first.receptive_field == Rectangle(2, 3, 5, 6)
    assert first.pixels[:, :, 0].tolist() == [[0, 0, 0], [0, 200, 0], [0, 0, 0]]


def test_fields_of_any_module_are_remembered_row_by_row() -> None:
    model = foreign()
    fields = ReceptiveFieldTable(model)
    values = torch.zeros(1, 3, 16, 24)
    for row, column in ((0, 0), (3, 4), (5, 9)):
        assert fields.rectangle("second", 1, row, column) == field_by_nan(
            model.module, values, "second", row=row, column=column
        )
    assert fields.rectangle("bend#2", 0, 2, 3) == fields.rectangle("second", 0, 2, 3)


def test_progress_and_what_is_not_there(photos: Path, tmp_path: Path) -> None:
    model = of_text()
    told: list[Event] = []
    top_activations(model, photos, layers=["maxpool1"], callback=told.append)
    last = [each for each in told if isinstance(each, Progress)][-1]
    assert (last.stage, last.done, last.total) == ("looking at units", 40, 40)
    with pytest.raises(NotationError, match="conv9"):
        top_activations(model, photos, layers=["conv9"])
    with pytest.raises(SettingError, match="'fc1' gives 2 features and no maps"):
        top_activations(model, photos, layers=["fc1"])
    with pytest.raises(SettingError, match="0 images of each unit; expected 1 or more"):
        top_activations(model, photos, n_images=0)
    with pytest.raises(SettingError, match="'conv1' was not looked at"):
        _ = top_activations(model, photos, layers=["maxpool1"])["conv1"]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="can be read"):
        top_activations(model, tmp_path)


def test_a_bad_file_is_named_and_left_out(photos: Path, tmp_path: Path) -> None:
    for file in sorted(photos.glob("*/*0[0-4].png")):
        (tmp_path / file.parent.name).mkdir(exist_ok=True)
        (tmp_path / file.parent.name / file.name).write_bytes(file.read_bytes())
    (tmp_path / "disc" / "bad.png").write_bytes(b"no image")
    found = top_activations(of_text(), tmp_path)
    assert len(found.names) == len(list(photos.glob("*/*0[0-4].png")))
    assert any("disc/bad.png" in note for note in found.notes)
    assert found.as_json()["n"] == len(found.names)


def test_ids_of_classes_are_shown_by_their_names(shared: Callable[[str], Path]) -> None:
    model = import_classifier(
        "squeezenet1_1",
        weights=shared("weights/squeezenet1_1.pth"),
        classes=shared("weights/imagenet_class_index.json"),
    )
    found = top_activations(model, shared("data/ilsvrc_boxes"), layers=["relu2"])
    assert "English_springer" in found.classes
    springer = model.classes.index("English_springer")
    place, _ = found["relu2"].top_classes(springer)[0]
    assert found.classes[place] == "English_springer"
    assert found["relu2"].selectivity[springer] > 0.5


def test_of_a_field_larger_than_the_image_nothing_beyond_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    pixels = np.random.default_rng(0).integers(0, 100, (12, 12), dtype=np.uint8)
    for name in ("a", "b"):
        Image.fromarray(pixels).save(tmp_path / name / "one.png")
    text = "input 1x12x12 classes=2 > conv 13x13 1 > gap > flatten > fc"
    model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 12, 12))
    found = top_activations(model, tmp_path, n_images=1)
    (patch,) = crop_patches(model, found, [("conv1", 0)])["conv1", 0]
    assert patch.receptive_field.height == 13
    inner = patch.receptive_field.clip(12, 12)
    seen = pixels[inner.top : inner.bottom, inner.left : inner.right]
    assert np.array_equal(patch.pixels[:, :, 0], seen)  # nothing grey beyond it
