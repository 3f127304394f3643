"""Check-ups measure what torch says and change nothing; faults are named, and only these."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.events import Epoch
from striate.training.health import (
    Bend,
    CheckUp,
    Layer,
    Normalisation,
    Sample,
    Values,
    check_up,
    diagnose,
)
from striate.training.health.diagnosis import Chance
from striate.training.health.probe import told_by_colours

TEXT = "input 1x8x8 classes=3 > conv 4 > bn > relu > conv 5 > tanh > maxpool 2 > flatten > fc"
SCALED = Preprocess(1, 8, 8, mean=(0.5,), std=(0.29,))


def sample(n: int = 12) -> Sample:
    draw = np.random.default_rng(0)
    return Sample(
        draw.integers(0, 256, (n, 1, 8, 8), np.uint8),
        np.arange(n) % 3,
        draw.integers(0, 256, (n, 1, 8, 8), np.uint8),
    )


def stepped(
    module: nn.Module, *, rate: float = 0.01, steps: int = 3
) -> tuple[torch.optim.AdamW, list[torch.Tensor]]:
    """Take some steps; give the optimizer and the weights before the last one."""
    optimizer = torch.optim.AdamW(module.parameters(), lr=rate, weight_decay=0.0)
    values = torch.randn(8, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    before: list[torch.Tensor] = []
    for _ in range(steps):
        before = [each.detach().clone() for each in module.parameters()]
        optimizer.zero_grad()
        functional.cross_entropy(module(values), torch.arange(8) % 3).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    optimizer.zero_grad()
    return optimizer, before


def test_gradients_weights_and_steps_are_those_of_torch() -> None:
    module = build(TEXT, seed=1)
    optimizer, before = stepped(module)
    found = check_up(module, optimizer, sample(), preprocess=SCALED, epoch=2, rate=0.01)
    assert [layer.address for layer in found.layers] == ["conv1", "conv2", "fc1"]
    moved = {
        name: (now.detach() - old).norm().item()
        for (name, now), old in zip(module.named_parameters(), before, strict=True)
    }
    values = (torch.from_numpy(sample().train).float() / 255 - 0.5) / 0.29
    module.eval()
    loss = functional.cross_entropy(module(values), torch.from_numpy(sample().labels))
    loss.backward()  # type: ignore[no-untyped-call]
    assert found.loss == pytest.approx(loss.item(), rel=1e-5)
    for layer in found.layers:
        weight = module.get_parameter(f"{layer.address}.weight")
        assert weight.grad is not None
        assert layer.gradient == pytest.approx(weight.grad.norm().item(), rel=1e-4)
        assert layer.weight == pytest.approx(weight.norm().item(), rel=1e-5)
        wanted = moved[f"{layer.address}.weight"] / weight.norm().item()
        assert layer.update == pytest.approx(wanted, rel=1e-3)


def test_units_at_rest_and_normalisation_are_those_of_the_sample() -> None:
    module = build(TEXT, seed=1)
    with torch.no_grad():
        module.get_parameter("bn1.bias")[:2] = -50.0
        module.get_parameter("conv2.bias").fill_(9.0)
        module.get_buffer("bn1.running_mean").fill_(0.5)
        module.get_buffer("bn1.running_var").fill_(4.0)
    optimizer = torch.optim.AdamW(module.parameters())
    found = check_up(module, optimizer, sample(), preprocess=SCALED, epoch=1, rate=0.0)
    assert [(bend.after, bend.kind) for bend in found.bends] == [
        ("conv1", "relu"),
        ("conv2", "tanh"),
    ]
    assert found.bends[0].dead == 0.5
    assert found.bends[1].saturated > 0.9
    values = (torch.from_numpy(sample().train).float() / 255 - 0.5) / 0.29
    assert found.train.mean == pytest.approx(values.mean().item(), abs=1e-5)
    assert found.train.std == pytest.approx(values.std().item(), abs=1e-5)
    into = module.get_submodule("conv1")(values).detach()
    shift = ((into.mean((0, 2, 3)) - 0.5).abs() / math.sqrt(4 + 1e-5)).median().item()
    spread = (into.var((0, 2, 3), correction=0) / 4).median().item()
    (norm,) = found.norms
    assert (norm.shift, norm.spread) == pytest.approx((shift, spread), rel=1e-3)
    assert norm.learning and not norm.initial


def test_a_check_up_changes_nothing_after_an_error_neither() -> None:
    module = build(TEXT, seed=1)
    optimizer, _ = stepped(module)
    module.train()
    module.get_submodule("bn1").eval()
    state = copy.deepcopy(module.state_dict())
    moments = copy.deepcopy(optimizer.state_dict())
    drawn = torch.get_rng_state()
    modes = [part.training for part in module.modules()]
    check_up(module, optimizer, sample(), preprocess=SCALED, epoch=1, rate=0.1)
    wrong = Sample(np.zeros((4, 2, 8, 8), np.uint8), np.zeros(4, np.int64), sample().val)
    with pytest.raises(RuntimeError):
        check_up(module, optimizer, wrong, preprocess=SCALED, epoch=1, rate=0.1)
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(now, state[name]) for name, now in module.state_dict().items())
    assert all(each.grad is None for each in module.parameters())
    assert torch.equal(torch.get_rng_state(), drawn)
    after = optimizer.state_dict()["state"]
    for number, slots in moments["state"].items():
        assert all(torch.equal(slots[name], after[number][name]) for name in slots)
    assert not any(part._forward_hooks for part in module.modules())


def test_activation_functions_called_without_a_module_are_heard() -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.last = nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x) - 100
            return self.last(functional.relu(x).mean((2, 3)).sigmoid())  # type: ignore[no-any-return]

    module = Plain()
    optimizer = torch.optim.AdamW(module.parameters())
    found = check_up(module, optimizer, sample(), preprocess=SCALED, epoch=0, rate=0.0)
    assert [(bend.kind, bend.dead) for bend in found.bends] == [("relu", 1.0), ("sigmoid", 0.0)]
    assert CheckUp.from_json(found.as_json()) == found


def epochs(right: list[float], *, loss: float = 2.0, rate: float = 0.01) -> list[Epoch]:
    return [
        Epoch(number + 1, len(right), loss, 0.3, loss, share, rate, 100.0, 1.0, 0.0, True)
        for number, share in enumerate(right)
    ]


def layers(update: float, weight: float = 1.0) -> tuple[Layer, ...]:
    return tuple(Layer(name, 1.0, weight, update) for name in ("conv1", "conv2", "fc1"))


def checkup(epoch: int, **more: object) -> CheckUp:
    usual: dict[str, object] = {
        "epoch": epoch,
        "layers": layers(0.001),
        "bends": (Bend("conv1", "relu", 0.1, 0.0),),
        "norms": (Normalisation("bn1", 0.1, 1.1, False, True),),
        "train": Values(0.0, 1.0),
        "val": Values(0.1, 0.9),
        "loss": 1.0,
        "accuracy": 0.9,
        "images": 48,
        "seconds": 0.01,
    }
    return CheckUp(**(usual | more))  # type: ignore[arg-type]


TEN = Chance.of([40] * 10)
GOOD, BAD = [0.5, 0.8, 0.9, 0.95], [0.1, 0.09, 0.11, 0.1]


@pytest.mark.parametrize(
    ("first", "last", "right", "named"),
    [
        ({}, {}, GOOD, ()),
        ({}, {"layers": layers(0.05)}, GOOD, ()),
        ({}, {"layers": layers(0.05)}, BAD, ("learning rate",)),
        ({}, {"layers": layers(0.2)}, GOOD, ("learning rate",)),
        ({"layers": layers(0.0)}, {"layers": layers(0.01, 8.0)}, BAD, ("learning rate",)),
        ({}, {"layers": layers(0.01), "bends": (Bend("conv1", "relu", 0.9, 0.0),)}, GOOD,
         ("learning rate",)),
        ({}, {"bends": (Bend("conv1", "relu", 0.7, 0.0),)}, GOOD, ()),
        ({}, {"bends": (Bend("conv1", "relu", 1.0, 0.0),)}, BAD, ("dead units",)),
        ({"bends": (Bend("conv1", "relu", 0.8, 0.0),)},
         {"bends": (Bend("conv1", "relu", 0.7, 0.0),)}, GOOD, ("dead units",)),
        ({}, {"bends": (Bend("fc1", "tanh", 0.0, 0.9),)}, BAD, ("saturation",)),
        ({}, {"norms": (Normalisation("bn1", 0.4, 1.5, True, False),)}, GOOD, ("normalisation",)),
        ({}, {"norms": (Normalisation("bn1", 0.4, 9.0, False, False),)}, GOOD, ()),
        ({}, {"train": Values(0.0, 0.004)}, GOOD, ("preprocessing",)),
        ({}, {"train": Values(110.0, 70.0), "val": Values(110.0, 70.0)}, BAD, ("preprocessing",)),
        ({}, {"val": Values(-1.5, 0.9)}, GOOD, ("preprocessing",)),
        ({}, {"val": Values(0.0, 0.3)}, GOOD, ("preprocessing",)),
        ({}, {"accuracy": 0.9}, BAD, ("labels",)),
        ({}, {"accuracy": 0.1}, BAD, ("labels",)),
        ({}, {"accuracy": 0.9}, BAD[:2], ()),
        ({}, {"accuracy": 0.9, "layers": layers(0.2), "val": Values(-3.0, 0.2)}, BAD,
         ("preprocessing",)),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_sign_and_what_follows_from_it_is_not(
    first: dict[str, object], last: dict[str, object], right: list[float], named: tuple[str, ...]
) -> None:
    found = diagnose([checkup(0, **first), checkup(len(right), **last)], epochs(right), TEN)
    assert tuple(each.name for each in found) == named
    for each in found:
        assert each.words and each.cure and str(each).startswith(each.name)


def test_a_rate_too_high_needs_neither_records_of_epochs_nor_weights_that_grew() -> None:
    (found,) = diagnose([checkup(0), checkup(1, layers=layers(0.2))], (), TEN, over=False)
    assert "times as large" not in found.words
    (grown,) = diagnose([checkup(0), checkup(4, layers=layers(0.2, 3.0))], epochs(BAD), TEN)
    assert "they are 3 times as large as they were" in grown.words


def test_averages_that_are_meant_to_stay_are_no_fault() -> None:
    stale = checkup(4, norms=(Normalisation("bn1", 0.4, 9.0, True, False),))
    assert diagnose([checkup(0), stale], epochs(GOOD), TEN)[0].name == "normalisation"
    assert not diagnose([checkup(0), stale], epochs(GOOD), TEN, held=True)


def test_few_images_accuse_no_labels() -> None:
    few = Chance.of([20, 20])
    many = Chance.of([1000, 1000])
    right = [0.5, 0.5, 0.52, 0.5]
    seen = [checkup(0), checkup(4, accuracy=0.5)]
    assert not diagnose(seen, epochs(right, loss=0.69), few)
    assert diagnose(seen, epochs(right, loss=0.69), many)[0].name == "labels"
    assert not diagnose(seen, epochs(right, loss=0.69), many, over=False)


def test_where_classes_are_drawn_alike_chance_is_that_of_the_drawn() -> None:
    rare = [840, 160]
    drawn = Chance.of(rare, taught=[1, 1])
    seen = [checkup(0), checkup(4, accuracy=0.5)]
    right = [0.75, 0.7, 0.72, 0.75]  # below 84 %, as the rare class is answered as often
    assert diagnose(seen, epochs(right, loss=0.69), Chance.of(rare))[0].name == "labels"
    assert not diagnose(seen, epochs(right, loss=0.6), drawn)
    assert not diagnose(seen, epochs([0.42] * 4, loss=0.73), Chance.of([16, 3], taught=[1, 1]))
    (doubt,) = diagnose(seen, epochs([0.5, 0.5, 0.48, 0.5], loss=0.69), drawn)
    assert "ends at 0.69, where guessing gives 0.693" in doubt.words
    assert "49.0 % of the validation images are correct, on average over" in doubt.words


def test_chance_is_that_of_the_classes() -> None:
    even = Chance.of([30, 30, 30])
    assert even.commonest == pytest.approx(1 / 3)
    assert even.images == 90
    assert even.entropy == pytest.approx(math.log(3))
    assert not even.beaten(0.45) and even.beaten(0.49)
    assert Chance.of([9, 1]).entropy == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))


@pytest.mark.parametrize("side", [5, 8, 30])
def test_colours_tell_what_has_to_do_with_them_and_nothing_else(side: int) -> None:
    draw = np.random.default_rng(3)
    labels = draw.integers(0, 2, 600)
    pixels = draw.integers(0, 200, (600, 3, side, side))
    pixels[:, 0, : side // 2] += 50 * labels[:, None, None]
    right, n = told_by_colours(pixels.astype(np.uint8), labels)
    assert n == 300 and right > 0.9
    shuffled, _ = told_by_colours(pixels.astype(np.uint8), draw.permutation(labels))
    assert abs(shuffled - 0.5) < 0.12
