"""A classifier predicts, is saved and opens again as the same."""

from __future__ import annotations

import copy
import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from striate.backends.torch import build, eval_mode, normalize
from striate.data import find
from striate.data.images import Preprocess
from striate.errors import ClassifierError, ImageError
from striate.model import classifier_file
from striate.model.classifier import BATCH, Classifier
from striate.model.decision import Decision
from striate.model.loading import load
from striate.model.prediction import Prediction, Unreadable

TEXT = "input 3x16x16 classes=3 > conv 8 > bn > relu > maxpool 2 > flatten > dropout 0.5 > fc"
CLASSES = ("zebra", "ant", "bee")  # not in alphabetical order: it must survive
PREPROCESS = Preprocess(3, 16, 16, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.25))


def model(seed: int = 0) -> Classifier:
    seen = {"train": np.array([2**64 - 1, 5], np.uint64), "val": np.array([7], np.uint64)}
    return Classifier(
        build(TEXT, seed=seed),
        TEXT,
        CLASSES,
        PREPROCESS,
        decision=Decision(1.3),
        metrics={"accuracy": 0.5},
        seen=seen,
    )


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    folder = drawn.folder(tmp_path / "photos", n=BATCH, size=(40, 24))
    return sorted(folder.rglob("*.png"))


def test_probabilities_are_the_softmax_of_the_scaled_logits(photos: list[Path]) -> None:
    own = model()
    pixels = PREPROCESS.pixels(photos[0])
    values = (
        torch.from_numpy(pixels[None]).double() / 255
        - torch.tensor(PREPROCESS.mean, dtype=torch.double).view(1, 3, 1, 1)
    ) / torch.tensor(PREPROCESS.std, dtype=torch.double).view(1, 3, 1, 1)
    network = build(TEXT).double().eval()
    with torch.no_grad():
        expected = (network(values) / 1.3).softmax(1)[0]
    answer = own.predict(photos[0])
    assert list(answer.probabilities) == list(CLASSES)
    assert list(answer.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    assert answer.label == CLASSES[int(expected.argmax())]
    assert answer.probability == max(answer.probabilities.values())


def test_scaling_is_what_it_says() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5), np.uint8)
    fitted = Preprocess(3, 4, 5, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))
    mean, std = (np.array(values).reshape(1, 3, 1, 1) for values in (fitted.mean, fitted.std))
    expected = (pixels.astype(np.float64) / 255 - mean) / std
    got = normalize(torch.from_numpy(pixels).float(), fitted)
    assert got.dtype == torch.float32
    assert np.abs(got.numpy() - expected).max() < 1e-6


def test_files_images_arrays_and_bytes_are_answered_alike(photos: list[Path]) -> None:
    own, path = model(), photos[0]
    with Image.open(path) as image:
        answers = [
            own.predict(source).probabilities
            for source in (path, str(path), path.read_bytes(), image.copy(), np.asarray(image))
        ]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("kind", ["int64", "int32", "uint16", "int16", "float32", "float64"])
def test_an_array_is_answered_as_training_takes_it(tmp_path: Path, kind: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype(np.uint8)
    pixels[:, 0, 0], pixels[:, 0, 1] = 0, 255
    np.savez(tmp_path / "x.npz", x=pixels.astype(kind), y=[0, 1, 0, 1])
    found = find(tmp_path / "x.npz")
    own = model()
    for index, values in enumerate(pixels.astype(kind)):
        expected = own.predict(pixels[index]).probabilities
        assert own.predict(values).probabilities == expected
        assert own.predict(np.asarray(found.open(index))).probabilities == expected


def test_an_array_of_another_range_is_refused_with_its_type_and_range() -> None:
    for values in (np.full((8, 8), 300.5), np.full((8, 8), -7), np.full((8, 8), 70_000)):
        with pytest.raises(ImageError, match=f"{values.dtype} with values from"):
            model().predict(values)
    with pytest.raises(ImageError, match="NaN"):
        model().predict(np.full((8, 8), np.nan))


def test_a_network_that_does_not_fit_the_classes_is_one_clear_line() -> None:
    own = replace(model(), classes=("one", "two"))
    with pytest.raises(ClassifierError, match="each of the 2 classes"):
        own.predict(np.zeros((16, 16), np.uint8))


def test_a_image_that_cannot_be_read_keeps_its_place(tmp_path: Path, photos: list[Path]) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image")
    answers = model().predict([photos[0], bad, tmp_path / "gone.png", photos[1]])
    assert [type(answer) for answer in answers] == [Prediction, Unreadable, Unreadable, Prediction]
    assert answers[1].name == str(bad)
    with pytest.raises(ImageError, match="bad.jpg"):
        model().predict(bad)


def test_predictions_are_lazy_and_bounded(photos: list[Path]) -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield photos[0]

    answers = model().predict_each(endless())  # type: ignore[arg-type]
    next(answers)
    assert taken <= 3 * BATCH
    answers.close()  # type: ignore[attr-defined]


def test_it_predicts_the_same_to_the_last_bit_in_a_fresh_process(
    tmp_path: Path, photos: list[Path]
) -> None:
    path = model().save(tmp_path / "model")
    assert path.name == "model.safetensors"
    here = [answer.probabilities for answer in load(path).predict(photos)]  # type: ignore[union-attr]
    script = (
        "import json, sys, torch; torch.set_num_threads(int(sys.argv[1]))\n"
        "from striate.model.loading import load\n"
        "answers = load(sys.argv[2]).predict(sys.argv[3:])\n"
        "print(json.dumps([dict(answer.probabilities) for answer in answers]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(torch.get_num_threads()), path, *photos],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == here


def test_everything_survives_the_file(tmp_path: Path) -> None:
    own = model(seed=3)
    again = load(own.save(tmp_path / "model.safetensors"))
    assert (again.text, again.classes, again.preprocess) == (TEXT, CLASSES, PREPROCESS)
    assert again.temperature == 1.3
    assert again.metrics == {"accuracy": 0.5}
    for name, value in own.module.state_dict().items():
        assert torch.equal(value, again.module.state_dict()[name])
    assert sorted(again.seen["train"].tolist()) == [5, 2**64 - 1]


def test_second_names_of_the_classes_survive_and_a_file_without_them_has_none(
    tmp_path: Path,
) -> None:
    assert load(model().save(tmp_path / "plain.safetensors")).ids == ()
    named = replace(model(), ids=("n01", "n02", "n03"))
    assert load(named.save(tmp_path / "named.safetensors")).ids == ("n01", "n02", "n03")
    wrong = replace(model(), ids=("n01", "n01", "n03"))
    with pytest.raises(ClassifierError, match="the ids in .* expected a different one a class"):
        load(wrong.save(tmp_path / "wrong.safetensors"))


def test_the_document_is_read_in_five_lines_without_striate(tmp_path: Path) -> None:
    path = model().save(tmp_path / "model.safetensors")
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    document = json.loads(header["__metadata__"]["striate"])
    assert document["classes"] == list(CLASSES)
    assert document["network"] == TEXT
    assert document["preprocess"]["mean"] == [0.4, 0.5, 0.6]
    assert document["calibration"]["temperature"] == 1.3


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="there is no file"):
        load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("cut", [0, 5, 100, -1])
def test_a_cut_off_file_is_one_clear_line(tmp_path: Path, cut: int) -> None:
    path = model().save(tmp_path / "model.safetensors")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ClassifierError, match="damaged") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_one_changed_byte_is_found(tmp_path: Path) -> None:
    path = model().save(tmp_path / "model.safetensors")
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ClassifierError, match="digest"):
        load(path)


def test_a_foreign_safetensors_file_is_told_apart(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(2)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ClassifierError, match="not a classifier that Striate saved"):
        load(tmp_path / "foreign.safetensors")


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "model.safetensors")
    with pytest.raises(ClassifierError, match="not a classifier's file"):
        load(tmp_path / "model.safetensors")


def test_a_newer_format_says_which_version_to_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier_file, "FORMAT_VERSION", 9)
    path = model().save(tmp_path / "model.safetensors")
    monkeypatch.undo()
    with pytest.raises(ClassifierError, match="format version 9.*upgrade striate"):
        load(path)


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    other = replace(model(), text=TEXT.replace("conv 8", "conv 9"))
    path = other.save(tmp_path / "model.safetensors")
    with pytest.raises(ClassifierError, match=r"conv1.weight is \(8, 3, 3, 3\)"):
        load(path)


def test_a_torch_module_can_stand_for_a_text(tmp_path: Path, photos: list[Path]) -> None:
    def module() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3))

    own = Classifier(module(), None, CLASSES, PREPROCESS)
    path = own.save(tmp_path / "model.safetensors")
    with pytest.raises(ClassifierError, match="network=module"):
        load(path)
    again = load(path, network=module())
    assert again.predict(photos[0]) == own.predict(photos[0])
    assert again.engine.name == "float32 torch"


def test_images_of_another_shape_are_refused_in_one_line(tmp_path: Path) -> None:
    saved = load(model().save(tmp_path / "model.safetensors"))
    for own in (model(), saved):
        with pytest.raises(
            ClassifierError, match=r"have the shape \(1, 3, 5, 5\); expected \(n, 3,"
        ):
            own.probabilities(np.zeros((1, 3, 5, 5), np.uint8))


def test_looking_at_the_torch_module_changes_nothing_of_who_answers(
    tmp_path: Path, photos: list[Path]
) -> None:
    own = load(model().save(tmp_path / "model.safetensors"))
    pixels = np.stack([PREPROCESS.pixels(path) for path in photos])
    before = own.probabilities(pixels)
    assert np.abs(before - model().probabilities(pixels)).max() < 1e-6
    mine = own.to_torch()
    assert not mine.training
    assert not own.module.training
    with torch.no_grad():
        mine.get_parameter("fc1.bias")[0] += 9.0
    assert own.engine.name == "float32 ONNX Runtime"
    assert np.array_equal(own.probabilities(pixels), before)
    moved = replace(own, network=mine)
    assert moved.engine.name == "float32 torch"
    assert moved.probabilities(pixels)[:, 0].min() > before[:, 0].max()
    assert load(moved.save(tmp_path / "b")).predict(photos[0]).label == "zebra"


def test_the_torch_module_given_away_is_a_copy() -> None:
    own = model()
    own.module.train()
    mine = own.to_torch()
    assert not mine.training
    with torch.no_grad():
        mine.get_parameter("fc1.bias").add_(1.0)
    assert own.module.training
    assert not torch.equal(mine.get_parameter("fc1.bias"), own.module.get_parameter("fc1.bias"))


def test_a_copy_of_one_that_has_answered_answers_too(tmp_path: Path, photos: list[Path]) -> None:
    own = load(model().save(tmp_path / "model.safetensors"))
    answer = own.predict(photos[0])
    assert copy.deepcopy(own).predict(photos[0]) == answer
    assert replace(own, decision=Decision()).predict(photos[0]).probability > answer.probability


PREDICTS = """
import sys
import striate as st
model = st.load(sys.argv[1])
print(repr(model), model.predict(sys.argv[2]), "torch" in sys.modules)
"""


def test_predicting_does_not_load_torch(tmp_path: Path, photos: list[Path]) -> None:
    path = model().save(tmp_path / "model.safetensors")
    done = subprocess.run(
        [sys.executable, "-c", PREDICTS, path, photos[0]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Classifier of 3 classes")
    assert done.stdout.rstrip().endswith("False")


def test_saving_replaces_whole_files_only(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model(seed=1).save(path)
    model(seed=2).save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_modes_are_put_back_after_errors_too() -> None:
    network = nn.Sequential(nn.Dropout(), nn.BatchNorm2d(3).eval())
    network.train()
    network[1].eval()
    with pytest.raises(RuntimeError), eval_mode(network):
        assert not network[0].training
        raise RuntimeError
    assert network.training
    assert network[0].training
    assert not network[1].training


def test_it_shows_itself() -> None:
    assert "3 classes (zebra, ant, bee)" in repr(model())
    card = model()._repr_html_()
    assert "Classifier of" in card
    assert "<details>" in card  # its network, folded
