"""Convolutions as products: the same numbers as by float64, only where they are meant to be."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from striate.backends.torch import convolution_products, winograd
from striate.backends.torch.winograd import weight_gradient

LAST = torch.channels_last
SMALL: list[dict[str, Any]] = [
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": 3, "padding": 1, "stride": 2, "bias": False},
    {"kernel_size": (3, 5), "padding": (0, 2), "stride": (2, 1)},
    {"kernel_size": 3, "padding": 2, "dilation": 2},
    {"kernel_size": 1},
]


def pass_through(layer: nn.Conv2d, x: Tensor, slope: Tensor) -> Iterator[Tensor]:
    """Give the output of a layer, and the gradients of its input and of each parameter."""
    layer.zero_grad()
    x = x.clone().requires_grad_()
    output = layer(x)
    output.backward(slope.to(output.dtype))
    yield output
    for value in (x, *layer.parameters()):
        assert value.grad is not None
        yield value.grad


@pytest.mark.parametrize("how", SMALL, ids=str)
@pytest.mark.parametrize("positions", ["few", "more", "many of few channels"])
def test_products_are_right_to_the_rounding_of_bf16(how: dict[str, Any], positions: str) -> None:
    numbers = torch.Generator().manual_seed(0)
    channels, side = {"few": (256, 8), "more": (96, 9)}.get(positions, (8, 10))
    layer = nn.Conv2d(24, channels, **how)
    layer.to(memory_format=LAST)  # type: ignore[call-overload]
    exact = copy.deepcopy(layer)
    for own in (layer, exact):
        own.load_state_dict({k: v.bfloat16() for k, v in layer.state_dict().items()})
    x = torch.randn(4, 24, side, side, generator=numbers).bfloat16()
    slope = torch.randn(layer(x.float()).shape, generator=numbers).bfloat16().to(memory_format=LAST)
    true = pass_through(exact.double(), x.double(), slope)
    with torch.autocast("cpu", torch.bfloat16):
        theirs = list(pass_through(layer, x.float().to(memory_format=LAST), slope))
        with convolution_products(layer):
            found = list(pass_through(layer, x.float().to(memory_format=LAST), slope))
    assert "Product" in str(found[0].grad_fn)
    for one, other, right in zip(found, theirs, true, strict=True):
        # half a step of bf16 is 0.002 to 0.004; a processor without bf16 rounds more often
        far = max(0.003 * right.norm(), (other - right).norm())
        assert (one - right).norm() <= far
        assert one.is_contiguous(memory_format=LAST) or one.ndim == 1


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 16, 3),  # whose maps have many positions a channel
        nn.Conv2d(64, 256, 3, groups=2),
        nn.Conv2d(8, 256, 3, padding=1, padding_mode="replicate"),
        nn.Conv2d(8, 256, 3, padding="same"),
    ],
    ids=str,
)
def test_other_layers_are_left_to_torch(layer: nn.Conv2d) -> None:
    x = torch.zeros(4, layer.in_channels, 12, 12)
    with convolution_products(layer), torch.autocast("cpu", torch.bfloat16):
        assert "Product" not in str(layer(x).grad_fn)


@pytest.fixture
def avx2(monkeypatch: pytest.MonkeyPatch) -> bool:
    """Let products be chosen as on a processor with AVX2; return whether this is one."""
    own = torch.backends.cpu.get_cpu_capability() == "AVX2"
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    return own


@pytest.mark.parametrize(
    ("rows", "columns", "padding"), [(8, 8, 1), (9, 8, 1), (10, 11, 0), (7, 9, (2, 0))], ids=str
)
def test_winograds_gradient_is_as_near_to_float64_as_oneDNNs(
    rows: int, columns: int, padding: int | tuple[int, int], *, avx2: bool
) -> None:
    numbers = torch.Generator().manual_seed(0)
    layer = nn.Conv2d(104, 96, 3, padding=padding).to(memory_format=LAST)  # type: ignore[call-overload]
    exact = copy.deepcopy(layer).double()
    x = torch.randn(24, 104, rows, columns, generator=numbers).to(memory_format=LAST)
    slope = torch.randn(layer(x).shape, generator=numbers).to(memory_format=LAST)
    true = list(pass_through(exact, x.double(), slope))
    plain = list(pass_through(layer, x, slope))
    with convolution_products(layer):
        found = list(pass_through(layer, x, slope))
    assert "Product" in str(found[0].grad_fn) and "Product" not in str(plain[0].grad_fn)
    assert torch.equal(found[0], plain[0]) and torch.equal(found[1], plain[1])
    ours, theirs = ((each[2] - true[2]).norm() / true[2].norm() for each in (found, plain))
    # with AVX-512 oneDNN adds up in more parts, and is twice as near as with AVX2
    assert ours < (1 if avx2 else 2.5) * theirs < 1e-5
    assert found[2].is_contiguous(memory_format=LAST)
    assert (found[3] - true[3]).norm() < 1e-6 * true[3].norm()


def test_winograds_gradient_adds_up_what_is_computed_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = torch.Generator().manual_seed(0)
    x, slope = (torch.randn(5, 3, 6, 6, generator=numbers) for _ in range(2))
    whole = weight_gradient(slope, x, (1, 1))
    monkeypatch.setattr(winograd, "HELD", 2 * 16 * 9 * 3)  # two images at a time
    torch.testing.assert_close(weight_gradient(slope, x, (1, 1)), whole)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(64, 128, 3),  # of few channels
        nn.Conv2d(128, 128, 5),
        nn.Conv2d(128, 128, 3, stride=2),
        nn.Conv2d(128, 128, 3, dilation=2),
        nn.Conv2d(128, 128, 3, groups=2),
    ],
    ids=str,
)
@pytest.mark.usefixtures("avx2")
def test_other_layers_are_left_to_torch_in_float32(layer: nn.Conv2d) -> None:
    with convolution_products(layer):
        assert "Product" not in str(layer(torch.zeros(8, layer.in_channels, 12, 12)).grad_fn)


def test_a_processor_with_more_than_avx2_is_left_to_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    layer = nn.Conv2d(128, 128, 3, padding=1)
    with convolution_products(layer):
        assert "Product" not in str(layer(torch.zeros(4, 128, 8, 8)).grad_fn)


@pytest.mark.usefixtures("avx2")
def test_few_tiles_are_left_to_torch_in_float32() -> None:
    layer = nn.Conv2d(128, 128, 3, padding=1)
    with convolution_products(layer):
        assert "Product" not in str(layer(torch.zeros(3, 128, 8, 8)).grad_fn)
        assert "Product" in str(layer(torch.zeros(4, 128, 8, 8)).grad_fn)


def test_a_network_is_left_as_it_was_found() -> None:
    layer = nn.Conv2d(8, 256, 3)
    before = dict(vars(layer))
    with pytest.raises(KeyError), convolution_products(layer):
        assert vars(layer) != before
        raise KeyError
    assert vars(layer) == before


def test_a_frozen_layer_gets_no_gradient() -> None:
    layer = nn.Conv2d(8, 256, 3).requires_grad_(False)
    x = torch.ones(2, 8, 4, 4, requires_grad=True)
    with convolution_products(layer), torch.autocast("cpu", torch.bfloat16):
        layer(x).sum().backward()
    assert layer.weight.grad is None and layer.bias is not None and layer.bias.grad is None
    assert x.grad is not None and bool(x.grad.abs().sum() > 0)
