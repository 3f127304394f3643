"""Bodies of timm: the same numbers as timm's own, its preprocessing, clear refusals."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import drawn
import pytest
import torch
from quick_runs import record
from safetensors.torch import save_file
from torchvision_oracle import torchvision

from striate.backends.torch import build
from striate.errors import NotationError, SettingError, WeightsError
from striate.events import Note, ignore
from striate.features.backbone import open_backbone
from striate.features.timm_models import read_preprocess
from striate.model.loading import load
from striate.model.weights import fit, read
from striate.settings import Settings
from striate.training.runs import start_run

SMALL = "test_resnet"  # which timm has for tests: 0.5 million weights, 160x160 pixels
HEAD = Settings(pretrained=f"timm:{SMALL}", precision="float32", threads=1)


@pytest.fixture(scope="module")
def timm() -> Any:
    torchvision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("timm")
        except ImportError:
            pytest.skip("needs timm: pip install '.[timm]'")


@pytest.fixture(scope="module")
def module(timm: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    made: torch.nn.Module = timm.create_model(SMALL, pretrained=False).eval()
    for part in made.modules():
        if isinstance(part, torch.nn.BatchNorm2d) and part.running_var is not None:
            part.running_var.uniform_(0.5, 2)
    return made


@pytest.fixture(scope="module")
def weights(module: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_file(module.state_dict(), path)
    return str(path)


def test_a_body_says_what_timm_says_before_its_classes(
    module: torch.nn.Module, weights: str
) -> None:
    backbone = open_backbone(replace(HEAD, weights=weights), say=lambda text: None, callback=ignore)
    images = torch.randn(2, *backbone.preprocess.shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        maps = module.forward_features(images)  # type: ignore[operator]
        theirs = module.forward_head(maps, pre_logits=True)  # type: ignore[operator]
        torch.testing.assert_close(backbone.module()(images).flatten(1), theirs)


def test_a_run_takes_its_preprocessing_and_needs_no_timm_afterwards(
    weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))
    photos = drawn.folder(tmp_path / "photos", n=8, size=(96, 96))
    told: list[str] = []
    out = tmp_path / "run"
    settings = replace(HEAD, weights=weights, offline=True)
    run = start_run(
        photos,
        out=out,
        settings=settings,
        callback=lambda event: told.append(event.text) if isinstance(event, Note) else None,
    )
    model = load(out)
    assert record(out).request.settings.pretrained == f"timm:{SMALL}"
    assert model.text is not None
    assert model.text.endswith("fc")
    assert model.preprocess.shape == (3, 160, 160)
    assert model.preprocess.mean == (0.5, 0.5, 0.5)
    assert model.preprocess.crop_ratio == 168 / 160
    assert run.evaluation.n == 4
    assert any("timm's test_resnet with the weights of small.safetensors" in text for text in told)


def test_what_timm_prepares_otherwise_is_said() -> None:
    told: list[str] = []
    published = {
        "input_size": (3, 240, 240), "crop_pct": 1.0, "interpolation": "bicubic",
        "mean": (0.1, 0.2, 0.3), "std": (0.4, 0.5, 0.6), "crop_mode": "border",
    }  # fmt: skip
    found = read_preprocess(published, told.append)
    assert found.fit == "squash"
    assert found.std == (0.4, 0.5, 0.6)
    assert [text.split("; ")[0] for text in told] == [
        "its images were fitted by 'border'",
        "its images were resized by bicubic interpolation",
    ]


def refused(name: str, kind: type[Exception], words: str, **more: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        open_backbone(
            Settings(pretrained=name, offline=True, **more),  # type: ignore[arg-type]
            say=lambda text: None,
            callback=ignore,
        )
    assert "\n" not in str(caught.value)


def test_what_cannot_serve_is_refused_in_one_line(
    timm: Any, weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    refused("timm:resnet81", SettingError, "did you mean 'timm:resnet18'")
    refused("timm:resnet18.nothing", SettingError, "timm cannot make")
    refused("timm:resnet10t", WeightsError, "not those of timm's resnet10t", weights=weights)
    path = tmp_path / "attention.safetensors"
    save_file(timm.create_model("test_vit").state_dict(), path)
    refused(
        "timm:test_vit", NotationError, "VisionTransformer cannot be written", weights=str(path)
    )


def test_weights_that_are_not_there_are_told_without_a_connection(
    timm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = importlib.import_module("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    refused("timm:resnet18", WeightsError, "--offline forbids")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("mobilenetv2_100", "mobilenet_v2"),
        ("efficientnet_b0", "efficientnet_b0"),
        ("regnety_004", "regnet_y_400mf"),
        ("convnext_tiny", "convnext_tiny"),
    ],
)
def test_its_safetensors_fill_the_known_network(
    timm: Any, tmp_path: Path, name: str, known: str
) -> None:
    """Sorted by names, among which are layers of one shape whose numbers do not tell the order."""
    torch.manual_seed(0)
    theirs = timm.create_model(name, pretrained=False).eval()
    for value in theirs.state_dict().values():
        if value.is_floating_point() and value.ndim == 1:
            value.uniform_(0.5, 1.5)
    save_file(theirs.state_dict(), tmp_path / "m.safetensors")
    ours = build(known, seed=None, input=(3, 64, 64)).eval()
    found = fit(read(tmp_path / "m.safetensors"), ours)
    assert found.way == f"by the names of timm's {name}"
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert (ours(x) - theirs(x)).abs().max() <= 1e-6 * theirs(x).abs().max()


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("mobilenetv3_large_100", "mobilenet_v3_large"),
        ("mobilenetv3_small_100", "mobilenet_v3_small"),
    ],
)
def test_another_epsilon_than_the_known_network_s_is_told(timm: Any, name: str, known: str) -> None:
    theirs = timm.create_model(name, pretrained=False)
    with pytest.raises(WeightsError, match=f"epsilon 1e-05 .* 0.001: .*take timm:{name}"):
        fit(theirs.state_dict(), build(known, seed=None, input=(3, 64, 64)))
