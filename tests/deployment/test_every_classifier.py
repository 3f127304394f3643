"""Every kind of classifier that there is, exported for real, proved in two engines, and asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import drawn
import numpy as np
import onnx
import onnx_models
import pytest
import torch
from made_keras import layer, made
from quick_runs import QUICK, TINY
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision_oracle import torchvision

from striate.deployment.exporting import export
from striate.deployment.sealed_opening import open_sealed
from striate.deployment.verification import verify
from striate.events import ignore
from striate.model.classifier import Classifier
from striate.model.importing.from_model_file import import_model_file
from striate.model.loading import load
from striate.model.prediction import Prediction
from striate.training.runs import start_run

HEAD = replace(QUICK, epochs=None, image_size=None, batch_size=None, offline=True)


class Residual(nn.Module):
    """A module of somebody's own: a sum of branches, grouped convolutions, a mean by torch.mean."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.SiLU())
        self.branch = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=4), nn.BatchNorm2d(8))
        self.last = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x = torch.relu(x + self.branch(x))
        said: Tensor = self.last(x.mean((2, 3)))
        return said


def trained(tmp_path: Path, network: Any = TINY, **settings: Any) -> Classifier:
    shapes = drawn.folder(tmp_path / "shapes", n=40, size=(40, 30))
    chosen = replace(QUICK if "pretrained" not in settings else HEAD, **settings)
    run = start_run(shapes, network, out=tmp_path / "run", settings=chosen, callback=ignore)
    return run.model


def of_torch_module(tmp_path: Path) -> Classifier:
    trained(tmp_path, Residual(), epochs=1)
    return load(tmp_path / "run", network=Residual())


def of_timm(tmp_path: Path) -> Classifier:
    torchvision()
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    weights = tmp_path / "small.safetensors"
    save_file(timm.create_model("test_resnet", pretrained=False).state_dict(), weights)
    return trained(tmp_path, None, pretrained="timm:test_resnet", weights=str(weights))


def backbone(tmp_path: Path, model: onnx.ModelProto, **settings: Any) -> Classifier:
    path = onnx_models.saved(model, tmp_path / "backbone.onnx")
    return trained(tmp_path, None, pretrained=str(path), **settings)


def of_transformer(tmp_path: Path) -> Classifier:
    return backbone(tmp_path, onnx_models.vision_transformer())


def of_transformer_mirrored(tmp_path: Path) -> Classifier:
    return backbone(tmp_path, onnx_models.vision_transformer(), tta=True, false_refusals=0.3)


def imported(path: Path) -> Classifier:
    return import_model_file(
        path, classes=["a", "b", "c"], preprocess=None, callback=ignore
    ).classifier


def of_keras(tmp_path: Path) -> Classifier:
    numbers = np.random.default_rng(0)
    layers = [
        layer("Rescaling", scale=1 / 127.5, offset=-1.0),
        layer("Conv2D", filters=4, kernel_size=[3, 3], strides=[2, 2], padding="same",
              activation="relu"),
        layer("Flatten"),
        layer("Dense", units=3, activation="softmax"),
    ]  # fmt: skip
    weights: dict[str, np.ndarray] = {
        "layers/conv2d/vars/0": numbers.normal(size=(3, 3, 3, 4)).astype(np.float32),
        "layers/conv2d/vars/1": numbers.normal(size=4).astype(np.float32),
        "layers/dense/vars/0": numbers.normal(size=(64, 3)).astype(np.float32) / 8,
        "layers/dense/vars/1": numbers.normal(size=3).astype(np.float32),
    }
    path = made(tmp_path / "a.keras", layers, weights=weights)
    return imported(path)


def of_onnx_text(tmp_path: Path) -> Classifier:
    graph = onnx_models.Graph()
    x = graph.node("Conv", "image", graph.drawn(6, 3, 3, 3), kernel_shape=[3, 3])
    x = graph.node("Relu", x)
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x))
    logits = graph.dense(x, 6, 3)
    path = onnx_models.saved(graph.model(logits, ["n", 3], size=20), tmp_path / "a.onnx")
    return imported(path)


def of_grey(tmp_path: Path) -> Classifier:
    return trained(tmp_path, f"input 1x16x20 classes=2 > {TINY}", tta=True, image_size=None)


def of_crop(tmp_path: Path) -> Classifier:
    return trained(tmp_path, fit="crop", tta=True)


KINDS: dict[str, Callable[[Path], Classifier]] = {
    "torch module": of_torch_module,
    "head on timm": of_timm,
    "head on a transformer": of_transformer,
    "the same, mirrored": of_transformer_mirrored,
    "Keras": of_keras,
    "ONNX": of_onnx_text,
    "grey and mirrored": of_grey,
    "cropped and mirrored": of_crop,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_exported_proved_and_answers_the_same(kind: str, tmp_path: Path) -> None:
    model, path = KINDS[kind](tmp_path), tmp_path / "it.onnx"
    export(model, path, progress=False)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    proofs = {proof.runtime.partition(" ")[0]: proof for proof in verify(path).proofs}
    for name in ("onnxruntime", "openvino"):
        assert proofs[name].status == "proved", proofs[name]
    width, height = model.preprocess.width, model.preprocess.height
    whole = drawn.folder(tmp_path / "whole", n=3, size=(width, height), first=50)
    same = compare(path, model, whole, wider=1 if model.preprocess.crop_ratio == 1 else 1000)
    # where an image is resized, a few of its pixels are others by one level of 255
    compare(path, model, drawn.folder(tmp_path / "odd", n=3, size=(57, 33), first=50), wider=1000)
    words = ["predict", str(path), *same]
    done = subprocess.run(
        [sys.executable, "-c", NO_TORCH, *words, "--json"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.count("\n")) == (0, len(same)), done.stderr


NO_TORCH = """
import sys
sys.modules["torch"] = sys.modules["onnx"] = None  # an import of them fails
from striate.cli import application
application(sys.argv[1:])(sys.argv[1:])
"""


def compare(path: Path, model: Classifier, folder: Path, wider: float = 1.0) -> list[str]:
    """The file says what the classifier says; ``wider`` widens the differences allowed."""
    names = sorted(str(file) for file in folder.rglob("*.png"))
    own = list(model.predict_each(names))
    for one, two in zip(open_sealed(path).predict_each(names), own, strict=True):
        assert isinstance(one, Prediction)
        assert isinstance(two, Prediction)
        assert (one.label, one.refused) == (two.label, two.refused)
        shares = [list(each.probabilities.values()) for each in (one, two)]
        assert shares[0] == pytest.approx(shares[1], abs=5e-6 * wider)
        assert (one.distance or 0.0) == pytest.approx(two.distance or 0.0, rel=2e-5 * wider)
    return names
