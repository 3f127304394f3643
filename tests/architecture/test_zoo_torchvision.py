"""The networks of the zoo against torchvision's: the same weights in, the same numbers out.

Weights are carried by order of the state dicts. torchvision's modules are made without memory
of their own and share ours, so that even VGG-16 is there only once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import test_zoo_today as today
import torch
import torchvision_oracle
from thoroughness import slow_if
from torch import Tensor, nn

from striate.architecture import zoo
from striate.architecture.layer_table import Row, summary
from striate.backends.torch import Net, build

# The side of the images: small, and odd where that is a harder test of the pooling.
SIDES = {
    "alexnet": 64,
    "vgg11": 32,
    "vgg16": 32,
    "googlenet": 70,
    "inception_v3": 107,
    "resnet18": 45,
    "resnet50": 45,
    "resnet101": 45,
    "resnet152": 45,
    "densenet121": 70,
    "squeezenet1_1": 70,
    "mobilenet_v2": 33,
}
WORDS = {nn.Conv2d: "conv", nn.MaxPool2d: "maxpool", nn.BatchNorm2d: "bn", nn.ReLU: "relu"}


def torchvision_model(name: str) -> nn.Module:
    """torchvision's network, without memory for its weights and without auxiliary heads."""
    heads = name in ("googlenet", "inception_v3")
    settings = {"aux_logits": False, "transform_input": False} if heads else {}
    with torch.device("meta"):
        return torchvision_oracle.model(name, **settings)


def ours_and_theirs(name: str, dtype: torch.dtype = torch.float32) -> tuple[Net, nn.Module]:
    """Both networks with the same weights; those of batch normalisation are random too."""
    side = SIDES[name]
    ours = build(name, input=(3, side, side), seed=1).to(dtype)
    generator = torch.Generator().manual_seed(2)
    for part in ours.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            for values, low, high in (
                (part.weight.data, 0.5, 1.5),
                (part.bias.data, -0.2, 0.2),
                (part.running_mean, -0.2, 0.2),
                (part.running_var, 0.5, 1.5),
            ):
                values.uniform_(low, high, generator=generator)
    theirs = torchvision_model(name)
    state = list(ours.state_dict().values())
    names, empty = zip(*theirs.state_dict().items(), strict=True)
    assert [value.shape for value in state] == [value.shape for value in empty]
    shared = [value.clone() if value.ndim < 2 else value for value in state]
    theirs.load_state_dict(dict(zip(names, shared, strict=True)), assign=True)
    return ours, theirs


def images(name: str, n: int = 2, dtype: torch.dtype = torch.float32) -> Tensor:
    """Random images (n, 3, side, side)."""
    side = SIDES[name]
    return torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(3), dtype=dtype)


def test_every_network_that_torchvision_has_is_checked() -> None:
    without = {
        "lenet1989",
        "lenet5",
        "lenet5_1998",
        "zfnet",
        "alexnet2012",
        "googlenet2014",
        "tiny_vgg",
        "compact",
    }
    without |= {"efficientnet_lite0"}  # timm has it: test_zoo_timm.py
    without |= set(today.NETWORKS)
    assert set(zoo.names()) == SIDES.keys() | without


@pytest.mark.parametrize("name", slow_if(SIDES))
def test_the_same_weights_give_torchvision_s_numbers(name: str) -> None:
    ours, theirs = ours_and_theirs(name)
    x = images(name)
    with torch.inference_mode():
        expected = theirs.eval()(x)
        given = ours.eval()(x)
    assert expected.std() > 0.05  # the numbers say something
    torch.testing.assert_close(given, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", slow_if(["resnet18", "mobilenet_v2"], ["resnet18"]))
def test_learning_gives_torchvision_s_gradients_and_running_statistics(name: str) -> None:
    results = []
    for module in ours_and_theirs(name, torch.float64):
        for value in module.parameters():
            value.requires_grad_()
            value.grad = None
        torch.manual_seed(4)  # of dropout
        out = module.train()(images(name, 3, torch.float64))
        nn.functional.cross_entropy(out, torch.tensor([1, 2, 3])).backward()  # type: ignore[no-untyped-call]
        gradients = [value.grad for value in module.parameters()]
        results.append((out.detach(), gradients, list(module.buffers())))
        module.zero_grad()
    ours, theirs = results
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SIDES)
def test_every_layer_of_the_reference_sees_what_it_says(
    name: str, shared: Callable[[str], Path]
) -> None:
    """A layer there has torchvision's name; it is ours of its kind with the same number."""
    reference = json.loads(shared("reference/networks.json").read_text("utf-8"))["models"][name]
    rows = summary(name).layers
    places = numbered(torchvision_model(name))
    for theirs, figures in reference["rf"].items():
        row = before_pooling(rows) if theirs == "pre:avgpool" else find(rows, *places[theirs])
        start = row.start if isinstance(row.start, int) else 0
        found = {"rf": row.receptive_field, "stride": row.stride, "pad": -start}
        assert found == figures, f"{theirs}, which is our {row.name}"


def numbered(module: nn.Module) -> dict[str, tuple[str, int]]:
    """Say which word each of torchvision's layers is, and which number it has among its kind.

    The one ReLU of a residual block of ResNet-50 is called three times; the last time counts.
    """
    counts: Counter[str] = Counter()
    places = {}
    for path, part in module.named_modules():
        word = WORDS.get(type(part))
        if word is not None:
            counts[word] += 3 if word == "relu" and path.startswith("layer") else 1
            places[path] = (word, counts[word])
    return places


def find(rows: tuple[Row, ...], word: str, number: int) -> Row:
    return [row for row in rows if row.kind == word][number - 1]


def before_pooling(rows: tuple[Row, ...]) -> Row:
    return [row for row in rows if row.stride is not None][-1]
