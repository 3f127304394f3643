"""Which networks of timm are written in the notation: the page's list, by name."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision_oracle
from torch import nn

from striate.backends.fx import from_torch
from striate.backends.torch import build
from striate.errors import NotationError

PAGE = Path(__file__).parents[2] / "docs" / "code.md"
SECTION = PAGE.read_text("utf-8").split("### Which networks of timm come through")[1]
LIST, TABLE = SECTION.split("| not | since |")
WRITTEN = re.findall(r"`([a-z0-9_]+)`[,.]", LIST)
REFUSED = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", TABLE.split("\n\n")[0], re.MULTILINE))
# One of each habit: gates, TensorFlow's padding, channels last, branches in branches, slices.
ALIKE = (
    *("seresnet18", "tf_efficientnet_b0", "mobilenetv3_small_100", "convnext_atto", "vovnet39a"),
    *("cspresnet50", "ghostnet_100", "mixnet_s", "starnet_s1", "inception_next_atto", "vgg11"),
    *("hgnet_tiny", "selecsls42b", "mobileone_s0", "fasternet_t0", "regnety_004"),
)


def model(name: str, device: str) -> Any:
    torchvision_oracle.torchvision()  # whose operators timm's import of it needs
    try:
        timm = importlib.import_module("timm")
    except ImportError:
        pytest.skip("needs timm, an oracle of the tests: pip install '.[test]'")
    with torch.device(device):
        return timm.create_model(name).eval()


def shape_of(module: Any) -> tuple[int, ...]:
    return tuple(module.pretrained_cfg["input_size"])


def test_the_page_lists_76_networks_each_once() -> None:
    assert len({*WRITTEN, *REFUSED}) == len(WRITTEN) + len(REFUSED) == 76
    assert {*ALIKE} <= {*WRITTEN}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_what_the_page_lists_is_written(name: str) -> None:
    module = model(name, "meta")
    traced = from_torch(module, shape_of(module))
    assert traced.unused == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named_with_its_place(name: str) -> None:
    module = model(name, "meta")
    with pytest.raises(NotationError) as caught:
        from_torch(module, shape_of(module))
    said = str(caught.value)
    assert said.startswith(f"{type(module).__name__} cannot be written in the notation")
    assert re.search(r", at '|: what '", said)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALIKE)
def test_the_network_written_gives_the_same_numbers(name: str) -> None:
    module = model(name, "cpu").double()
    generator = torch.Generator().manual_seed(1)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d) and part.running_var is not None:
            part.running_var.uniform_(0.5, 1.5, generator=generator)
    traced = from_torch(module, shape_of(module))
    ours = build(traced.network, seed=None).double().eval()
    ours.load_state_dict(traced.weights(module))
    x = torch.randn(1, *shape_of(module), generator=generator, dtype=torch.float64)
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), module(x), rtol=1e-10, atol=1e-10)
