"""What the page writes beside a number is what torch computes in float64 from the module's own
weights and the layer's own input.

The terms and sums are read out of the page's text and calculated anew by torch.nn.functional; no
part of Striate's arithmetic takes part. Every number must be right to the last digit shown.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from live_studio import Live, live_studio
from torch import Tensor, nn
from torch.nn import functional

from striate.architecture import zoo
from striate.architecture.aspects.torch_modules import TableConv2d
from striate.backends.torch import build
from striate.backends.torch.network import Joining
from striate.data.images import Preprocess
from striate.model.classifier import Classifier

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NETWORKS = {
    "strided": "input 3x15x13 classes=4 > conv 5x3 6 stride=2x1 > bn > relu > "
    "maxpool 3 stride=2 pad=1 > flatten > fc",
    "dilated": "input 3x16x16 classes=4 > conv 3x3 6 dilation=2x3 pad=2x3 > silu > "
    "avgpool 2 > flatten > fc 8 > sigmoid > fc",
    "grouped": "input 3x12x12 classes=4 > conv 6 > relu > conv 3x3 6 groups=3 bias=no > bn > "
    "relu6 > gap > flatten > fc",
    "sided": "input 3x11x14 classes=4 > conv 4x3 5 pad=0:1:2:1 stride=2 > leakyrelu > "
    "maxpool 2 > flatten > fc > softmax",
    "joined": "input 3x10x10 classes=4 > cat(conv 4 > bn | conv 1x1 3) > relu > "
    "add(conv 7 | identity) > mul(identity | gap > conv 1x1 7 > sigmoid) > gap > flatten > fc",
}
FEW, CELLS = 4, 20


@dataclass(frozen=True)
class Heard:
    """What went into a layer, in float64, and the layer."""

    module: nn.Module
    inputs: tuple[Tensor, ...]
    output: Tensor


def stirred(text: str) -> Classifier:
    """A network with weights, biases and statistics that are not 0 and 1."""
    module = build(text, seed=3).requires_grad_(False)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith("running_var"):
                value.copy_(0.5 + torch.rand(value.shape, generator=generator))
            elif value.is_floating_point() and value.ndim == 1:
                value.copy_(torch.randn(value.shape, generator=generator) * 0.5)
    channels, rows, columns = module.plan.input
    names = tuple(f"class {number}" for number in range(module.plan.output[0]))
    usual = Preprocess(channels, rows, columns, mean=(0.4,) * channels, std=(0.3,) * channels)
    return Classifier(module, None, names, usual)


def listen_to(model: Classifier, image: np.ndarray) -> dict[str, Heard]:
    """Let an image through the network by torch alone, and hear every layer."""
    module = model.module.eval()
    own = model.preprocess
    pixels = torch.from_numpy(own.pixels(image)[None]).float()
    mean, std = (torch.tensor(each).view(1, -1, 1, 1) * 255 for each in (own.mean, own.std))
    heard: dict[str, Heard] = {}
    handles = []
    for name, part in module.named_modules():
        if name and not list(part.children()):

            def hear(part: nn.Module, given: Any, output: Any, name: str = name) -> None:
                inputs = tuple(each.detach().double() for each in given)
                heard[name] = Heard(part, inputs, output.detach().double())

            handles.append(part.register_forward_hook(hear))
    with torch.no_grad():
        module((pixels - mean) / std)
    for handle in handles:
        handle.remove()
    return heard


def number(text: str) -> float:
    """Read a number as the page writes it."""
    return float(text.replace("\u2212", "-").replace("+", ""))


def agrees(text: str, exact: float, slack: float = 0.0) -> bool:
    """Whether a text shows a number to its last digit (four are significant)."""
    shown = number(text)
    if shown == 0:
        return abs(exact) <= 1e-300 + slack
    digit = 10.0 ** (np.floor(np.log10(abs(shown))) - 3)
    return bool(abs(shown - exact) <= 0.5 * digit * (1 + 1e-9) + slack)


READ = r"""() => {
  const texts = (all) => [...(all ?? [])].map((each) => each.textContent.trim());
  const cells = (table) => [...table.rows].map((row) => texts(row.cells));
  return [...document.querySelectorAll(".stage")].map((stage) => ({
    layer: stage.dataset.layer,
    title: stage.querySelector("h3").firstChild.textContent,
    value: stage.querySelector("h3 output").textContent,
    cards: [...stage.querySelectorAll(".card")].map((card) => ({
      unit: Number(card.dataset.unit),
      tables: [...card.querySelectorAll("table")].map(cells),
      sum: card.querySelector(".times > output").textContent,
    })),
    list: [...stage.querySelectorAll(".listed.terms tbody tr")].map((row) => texts(row.cells)),
    lines: texts(stage.querySelectorAll(".line")),
    parts: texts(stage.querySelectorAll(".line .of > span")),
    results: texts(stage.querySelectorAll(".line b, .times > output")),
    total: texts(stage.querySelectorAll(".total .of > span, .total > b")),
    sign: texts(stage.querySelector(".total")?.childNodes),
    failed: stage.querySelector(".check.error") !== null,
  }));
}"""


@pytest.fixture(scope="module")
def models() -> dict[str, Classifier]:
    return {name: stirred(text) for name, text in NETWORKS.items()}


@pytest.fixture(scope="module")
def live(models: dict[str, Classifier], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_studio(tmp_path_factory.mktemp("studio"), modules=models) as found:
        yield found


def open_place(page: Page, place: str, first: str) -> None:
    """Go to a place and wait until the sums are there."""
    if page.url == "about:blank":
        page.goto(f"{first}#{place}")
    else:
        page.evaluate(
            "(place) => { document.querySelector('.sum > div').replaceChildren(); "
            "location.hash = place; }",
            place,
        )
    page.wait_for_selector(".stage, .sum .error", timeout=60_000)


def read_cell(page: Page, live: Live, network: str, name: str, place: tuple[int, ...]) -> Any:
    unit, *position = place
    at = "".join(f"&{w}={n}" for w, n in zip(("row", "column"), position, strict=False))
    open_place(
        page,
        f"room=inside&network={network}&image=drawn/house&layer={name}&unit={unit}{at}",
        live.address,
    )
    while page.locator(".stage .more").count():
        page.locator(".stage .more").first.click()
    return page.evaluate(READ)


def check_stage(stage: Any, heard: dict[str, Heard], place: tuple[int, ...]) -> None:
    """Hold what a stage shows against torch."""
    one = heard[stage["layer"]]
    with torch.no_grad():
        exact = float(recompute(one)[(0, *place)])
    assert not stage["failed"], stage["title"]
    assert agrees(stage["value"], exact, 1e-12 * abs(exact)), (stage["title"], exact)
    if isinstance(one.module, nn.Conv2d):
        check_convolution(stage, one, place, exact)
    elif isinstance(one.module, nn.Linear):
        check_connection(stage, one, place[0], exact)
    elif isinstance(one.module, nn.BatchNorm2d):
        check_normalisation(stage, one, place, exact)
    else:
        check_rest(stage, one, place, exact)


def recompute(one: Heard) -> Tensor:
    """Compute a whole layer in float64 by torch.nn.functional, from its own weights."""
    layer, given = one.module, one.inputs
    if isinstance(layer, nn.Conv2d):
        return functional.conv2d(
            padded(layer, given[0]),
            kernels(layer).double(),
            None if layer.bias is None else layer.bias.double(),
            layer.stride,
            0,
            layer.dilation,
            layer.groups,
        )
    if isinstance(layer, nn.Linear):
        bias = None if layer.bias is None else layer.bias.double()
        return functional.linear(given[0], layer.weight.double(), bias)
    if isinstance(layer, nn.BatchNorm2d):
        assert layer.running_mean is not None and layer.running_var is not None
        return functional.batch_norm(
            given[0],
            layer.running_mean.double(),
            layer.running_var.double(),
            layer.weight.double(),
            layer.bias.double(),
            eps=layer.eps,
        )
    return copy.deepcopy(layer).double()(*given)  # type: ignore[no-any-return]


def kernels(layer: nn.Conv2d) -> Tensor:
    """Return the kernels (leaving, arriving, rows, columns), zeros where a table links nothing."""
    return layer.kernels() if isinstance(layer, TableConv2d) else layer.weight


def padded(layer: nn.Conv2d, given: Tensor) -> Tensor:
    """Pad as the layer does, by zeros; one side more than the other where it says so."""
    given = functional.pad(given, getattr(layer, "around", (0, 0, 0, 0)))
    down, across = (int(each) for each in layer.padding)
    return functional.pad(given, (across, across, down, down))


def check_convolution(stage: Any, one: Heard, place: tuple[int, ...], exact: float) -> None:
    layer = one.module
    assert isinstance(layer, nn.Conv2d)
    unit, row, column = place
    given = padded(layer, one.inputs[0])[0]
    (high, wide), (down, across) = layer.kernel_size, layer.dilation
    top, left = row * layer.stride[0], column * layer.stride[1]
    patches = given[:, top : top + high * down : down, left : left + wide * across : across]
    patches = patches[:, :high, :wide]
    per = layer.in_channels // layer.groups
    first = unit // (layer.out_channels // layer.groups) * per
    shown = {card["unit"]: card for card in stage["cards"]}
    weight = kernels(layer).detach()
    assert sorted(shown) == list(range(first, first + per)), stage
    for channel, card in shown.items():
        patch, kernel = patches[channel], weight[unit, channel - first].double()
        for table, values in zip(card["tables"], (patch, kernel), strict=True):
            assert len(table) == high and all(len(each) == wide for each in table)
            for texts, numbers in zip(table, values.tolist(), strict=True):
                assert all(agrees(t, x) for t, x in zip(texts, numbers, strict=True)), stage
        assert agrees(card["sum"], float((patch * kernel).sum()), 1e-14)
    bias = 0.0 if layer.bias is None else float(layer.bias[unit].double())
    check_total(stage, exact, bias)


def check_total(stage: Any, exact: float, bias: float) -> None:
    texts = stage["total"]
    slack = 1e-13 * (1 + abs(exact) + abs(bias))
    assert agrees(texts[0], exact - bias, slack)
    assert agrees(texts[-1], exact, slack)
    if bias:
        sign = -1 if "\u2212" in stage["sign"] else 1
        assert agrees(texts[1], sign * bias)
    else:
        assert len(texts) == 2


def check_connection(stage: Any, one: Heard, unit: int, exact: float) -> None:
    layer = one.module
    assert isinstance(layer, nn.Linear)
    given, weights = one.inputs[0][0], layer.weight[unit].double()
    assert sorted(int(row[0]) for row in stage["list"]) == list(range(layer.in_features))
    for at, value, weight, product in stage["list"]:
        feature = int(at)
        assert agrees(value, float(given[feature]))
        assert agrees(weight, float(weights[feature]))
        assert agrees(product, float(given[feature] * weights[feature]), 1e-18)
    check_total(stage, exact, 0.0 if layer.bias is None else float(layer.bias[unit].double()))


def check_normalisation(stage: Any, one: Heard, place: tuple[int, ...], exact: float) -> None:
    layer = one.module
    assert isinstance(layer, nn.BatchNorm2d)
    assert layer.running_mean is not None and layer.running_var is not None
    held = (layer.running_mean, layer.running_var, None, layer.weight, layer.bias)
    values = [layer.eps if each is None else float(each[place[0]].double()) for each in held]
    assert all(agrees(t, x, 1e-12) for t, x in zip(stage["parts"], values, strict=True)), stage
    (given,) = re.findall(r"^\((\S+) ", stage["lines"][0])
    assert agrees(given, float(one.inputs[0][(0, *place)]))
    assert agrees(stage["results"][-1], exact, 1e-12)


def check_rest(stage: Any, one: Heard, place: tuple[int, ...], exact: float) -> None:
    """Pools, activations and joins: what stands under the window or came from each branch."""
    assert agrees(stage["results"][-1], exact, 1e-12 * (1 + abs(exact))), stage
    if isinstance(one.module, nn.MaxPool2d):
        pool, (unit, row, column) = one.module, place
        texts = [text for card in stage["cards"] for line in card["tables"][0] for text in line]
        size, stride, pad = (
            (each, each) if isinstance(each, int) else each
            for each in (pool.kernel_size, pool.stride, pool.padding)
        )
        sides = (pad[1], pad[1] + size[1], pad[0], pad[0] + size[0])
        filled = functional.pad(one.inputs[0][0, unit], sides, value=-torch.inf)
        top, left = row * stride[0], column * stride[1]
        window = filled[top : top + size[0], left : left + size[1]].flatten()
        inside = window[~torch.isinf(window)].tolist()
        assert all(agrees(t, x) for t, x in zip(texts, inside, strict=True))
    elif isinstance(one.module, Joining) and str(one.module.joint) == "add":
        values = [float(each[(0, *place)]) for each in one.inputs]
        assert all(agrees(t, x) for t, x in zip(stage["parts"], values, strict=True))
    elif found := re.match(r"\w[\w ]*\((\S+)\) = ", stage["lines"][0]):
        assert agrees(found[1], float(one.inputs[0][(0, *place)]))


def random_places(
    heard: dict[str, Heard], count: int, seed: int
) -> list[tuple[str, tuple[int, ...]]]:
    """Draw numbers: first one of each kind of layer, then any."""
    draw = random.Random(seed)
    names = sorted(heard, key=lambda name: draw.random())
    kinds: dict[str, str] = {}
    for name in names:
        kinds.setdefault(type(heard[name].module).__name__, name)
    order = [*kinds.values(), *(draw.choice(names) for _ in range(count))][:count]
    places = [
        (name, tuple(draw.randrange(side) for side in heard[name].output.shape[1:]))
        for name in order
    ]
    return list(dict.fromkeys(places))


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        *((name, FEW) for name in NETWORKS),
        *(pytest.param(name, CELLS, marks=pytest.mark.slow) for name in NETWORKS),
    ],
)
def test_terms_and_sums_on_the_page_are_torchs(
    live: Live, browser: Browser, models: dict[str, Classifier], name: str, cells: int
) -> None:
    from striate.studio_app.images import DRAWN

    heard = listen_to(models[name], DRAWN["house"]())
    page = browser.new_page()
    hosts: set[str] = set()
    faults: list[str] = []
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.on("pageerror", lambda error: faults.append(str(error)))
    for layer, place in random_places(heard, cells, seed=cells + len(name)):
        stages = read_cell(page, live, f"module/{name}", layer, place)
        assert stages and stages[0]["layer"] == layer
        for stage in stages:
            check_stage(stage, heard, place)
    page.close()
    assert hosts == {live.host}
    assert faults == []


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo.names())
def test_terms_and_sums_of_the_zoo_are_torchs(browser: Browser, tmp_path: Any, name: str) -> None:
    from striate.studio_app.images import DRAWN

    model = stirred(zoo.text(name))
    heard = listen_to(model, DRAWN["house"]())
    page = browser.new_page()
    with live_studio(tmp_path, modules={name: model}) as live:
        for layer, place in random_places(heard, CELLS, seed=len(name)):
            for stage in read_cell(page, live, f"module/{name}", layer, place):
                check_stage(stage, heard, place)
    page.close()
