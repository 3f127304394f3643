"""Torch modules of the user's own: what they may do, and in one line what they may not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from quick_runs import QUICK
from torch import Tensor, nn

from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.events import ignore
from striate.explanation.attribution_methods import explain
from striate.explanation.inspection import inspect
from striate.explanation.page import of_image
from striate.explanation.unit_inspection import UnitSelection, inspect_units
from striate.model.loading import load
from striate.training.distributed.devices import check_module
from striate.training.estimation import estimate_run
from striate.training.runs import resume, start_run

ONCE = replace(QUICK, epochs=1)


def plain(conv: nn.Module | None = None, fc: nn.Module | None = None) -> nn.Sequential:
    conv, fc = conv or nn.Conv2d(3, 8, 3), fc or nn.Linear(8, 2)
    return nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc)


def lazy() -> nn.Sequential:
    torch.manual_seed(3)
    return plain(nn.LazyConv2d(8, 3), nn.LazyLinear(2))


def traced() -> nn.Module:
    made: nn.Module = torch.jit.trace(  # type: ignore[no-untyped-call]
        plain(), torch.zeros(1, 3, 16, 16)
    )
    return made


class Auxiliary(nn.Module):
    """An auxiliary head in training, as GoogLeNet and Inception v3 have."""

    def __init__(self) -> None:
        super().__init__()
        self.body = plain()

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        y = self.body(x)
        return (y, y) if self.training else y


class Cut(nn.Module):
    """A trunk that no gradient comes back through."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.conv, self.fc, self.how = nn.Conv2d(3, 8, 3), nn.Linear(8, 2), how

    def forward(self, x: Tensor) -> Tensor:
        with torch.set_grad_enabled(self.how != "no_grad" and torch.is_grad_enabled()):
            x = torch.relu(self.conv(x))
        if self.how == "detach":
            x = x.detach()
        y: Tensor = self.fc(x.mean((2, 3)))
        return y


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Auxiliary, "gives a tuple in training; expected one tensor (n, 2) in training"),
        (lambda: plain().requires_grad_(False), "every parameter of the torch module is frozen"),
        (lambda: nn.Flatten(), "or it has none, so there is nothing to learn"),
        (lambda: torch.jit.script(plain()), "is scripted or traced by torch.jit"),
        (traced, "is scripted or traced"),
        (
            lambda: plain(fc=nn.Linear(8, 3)),
            "gives (2, 3) for images (2, 3, 16, 16); expected (2, 2)",
        ),
        (lambda: plain(nn.LazyConv2d(8, 30)), "fails on images (2, 3, 16, 16)"),
    ],
    ids=["tuple", "frozen", "empty", "scripted", "traced", "shape", "kernel"],
)
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_what_cannot_be_trained_is_refused_in_one_line_and_leaves_no_folder(
    make: Callable[[], nn.Module], said: str, photos: Path, tmp_path: Path
) -> None:
    module = make()
    for run in (start_run, estimate_run):
        where = {"out": tmp_path / "run"} if run is start_run else {}
        with pytest.raises(SettingError) as refused:
            run(photos, module, settings=ONCE, callback=ignore, **where)
        assert said in str(refused.value)
        assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_lazy_layers_are_trained_resumed_and_opened(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run = start_run(photos, lazy(), out=out, settings=ONCE)
    assert run.model.module.state_dict()["0.weight"].shape == (8, 3, 3, 3)
    again = load(out, network=lazy())
    for name, value in run.model.module.state_dict().items():
        assert torch.equal(value, again.module.state_dict()[name])
    resume(out, epochs=2, network=lazy())


@pytest.mark.slow  # test_workers.py has two processes with a module, whose layers are not lazy
def test_lazy_layers_are_trained_by_two_processes(photos: Path, tmp_path: Path) -> None:
    whole = start_run(photos, lazy(), out=tmp_path / "whole", settings=replace(QUICK, devices=2))
    assert whole.model.module.state_dict()["0.weight"].shape == (8, 3, 3, 3)


def test_to_ask_a_module_changes_nothing_of_it() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Dropout(), nn.Flatten(), nn.LazyLinear(2)
    )
    preprocess = Preprocess(3, 16, 16)
    check_module(module, preprocess, 2)
    before, draws = copy.deepcopy(module.state_dict()), torch.get_rng_state()
    module[1].eval()
    check_module(module, preprocess, 2)
    assert torch.equal(torch.get_rng_state(), draws)
    assert [part.training for part in module] == [True, False, True, True, True]
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize("how", ["no_grad", "detach"])
def test_where_no_gradient_arrives_maps_say_so_and_occlusion_works(
    how: str, photos: Path, tmp_path: Path
) -> None:
    model = start_run(photos, Cut(how), out=tmp_path / "run", settings=ONCE).model
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    for method in ("auto", "grad-cam", "integrated-gradients", "smoothgrad"):
        with pytest.raises(SettingError, match="no gradient arrives here: .* occlusion needs none"):
            explain(model, image, method=method)
    found = explain(model, image, method="occlusion")
    assert np.abs(found.attribution).max() > 0
    whole = inspect(model, image)
    assert [each.method for each in whole.explanations] == ["occlusion"]
    assert all(layer.gradient is None for layer in whole.feature_maps.layers)
    assert any("no gradient arrives here" in each for each in whole.unavailable)
    page = of_image(whole, command="striate explain", files=[("a.npz", "a"), ("a.json", "b")])
    assert "no gradient arrives here" in page
    assert "stands its gradient" not in page
    chosen = UnitSelection(layers=1, units=1, visualize=False)
    units = inspect_units(model, photos, selection=chosen)
    assert any("no gradient arrives here" in each for each in units.unavailable)
