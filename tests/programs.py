"""Networks and programs written from them: random texts, lively weights, running a program."""

from __future__ import annotations

import functools
from typing import Any

import torch
from hypothesis import HealthCheck, Phase, given, settings
from networks_strategy import networks
from thoroughness import examples
from torch import Tensor, nn

from striate.backends.torch import Net, build

# Every word, every option, and what they make of each other.
WORDS = """
input 3x9x12 > conv 5x3 4 stride=2x1 > bn > relu
input 3x9x12 > conv 4 stride=2 dilation=2x1 bias=no > leakyrelu 0.3
input 4x9x9 > conv 6 groups=2 padmode=edge > prelu
input 3x9x8 > conv 4 table=01_12_02_012 > relu > conv 5x3 2 stride=2 table=012_3 bias=no
input 3x9x8 > conv 2 table=0_12 pad=0:1:2:0 padmode=edge > scale 0.4 bias=yes > conv 2 table=1_0
input 3x4x4 classes=4 > flatten > fc 5 fixed=yes > tanh > scale bias=yes > fc bias=no fixed=yes
input 2x9x9 > conv 2x4 3 pad=3x1 padmode=edge stride=2 > relu6
input 2x9x9 > conv 3 pad=valid dilation=3 > sigmoid
input 2x9x9 > conv 3 pad=2 > tanh > conv 1x1 3 pad=1
input 2x8x9 > conv 3 stride=2 pad=end > conv 2x2 3 pad=end > conv 5x3 2 stride=1x2 pad=2:1:0:1
input 4x8x9 > conv 4 stride=2 pad=end padmode=edge groups=2 > conv 3 pad=0:1:2:0 padmode=edge
input 2x8x9 > maxpool 3 stride=2 pad=end > maxpool 2 stride=1 pad=end > maxpool 3 pad=1:0:0:1
input 2x8x9 > maxpool 2 stride=1 pad=0:1:0:1 dilation=2
input 2x8x9 > avgpool 3 stride=2 pad=end > avgpool 2 stride=1 pad=0:1:0:1
input 2x8x9 > avgpool 3 stride=2 pad=end countpad=no > avgpool 2 stride=1 pad=1:0:0:1 countpad=no
input 2x8x9 > avgpool 3 stride=2 pad=1 countpad=no > avgpool 4x3 pad=2x1 ceil=yes countpad=no
input 2x8x9 > sumpool 3 stride=2 pad=end > sumpool 2 stride=1 pad=0:1:0:1
input 2x9x9 > maxpool 3 stride=2 pad=1 ceil=yes
input 2x9x8 > maxpool 2x3 stride=1x2 dilation=2x1 pad=1
input 2x9x9 > maxpool 2 ceil=yes > maxpool 3 stride=2
input 2x9x8 > avgpool 3 stride=2 pad=1
input 2x9x8 > avgpool 3x2 stride=2 pad=1x0 ceil=yes
input 2x9x8 > avgpool 4 ceil=yes
input 2x9x8 > sumpool 3 stride=2 pad=1 ceil=yes
input 2x9x8 > sumpool 2x1
input 2x9x8 > avgpool to=3x4 > avgpool to=3x4
input 2x9x8 > avgpool to=4x3
input 2x3x3 > avgpool to=5x2
input 7x4x4 > lrn 5 alpha=0.1 beta=0.5 k=2 > lrn 4 > softmax
input 2x4x4 > bn eps=0.01 > dropout 0.3 > identity
input 3x4x4 classes=4 > flatten > flatten > bn > fc 5 bias=no > prelu > softmax > fc
input 3x4x4 classes=4 > gap > flatten > fc > sigmoid
input 3x4x4 > cat(identity | conv 2 > relu | add(conv 3 | identity | relu)) > relu
input 3x4x4 > add(identity | identity) > cat(tanh | relu) > add(conv 6 | prelu) > bn > tanh
input 1x2x2 > identity
input 3x4x5 > silu > conv 4 > hardswish > conv 4 > silu > gelu > hardsigmoid > conv 2 > gelu
input 4x5x4 > mul(identity | gap > conv 1x1 2 > relu > conv 1x1 4 > hardsigmoid)
input 4x5x4 > mul(conv 3 | tanh > conv 3)
input 4x5x4 > layernorm > layernorm eps=0.001 > scale > scale 0.5 > droppath 0.2 > slice 1 3
input 4x5x4 > cat(slice 0 1 | slice 1 4 > conv 2)
input 4x5x4 classes=3 > flatten > layernorm > scale 2.0 > droppath 0.1 > fc
input 4x5x4 > mul(identity | conv 4 | gap | relu) > add(mul(relu | sigmoid) | identity) > slice 2 4
"""
# Names that mean something in Python, and blocks that differ in more than numbers.
BLOCKS = """
# A "name" with \\ and quotes '''
class(self, x) = conv self > relu > [conv x]*2
net(name, lambda=2) = class(name, lambda) > bn
load(k, in_channels, stride=1) = conv k in_channels stride=stride > relu
branch1(n) = [conv in+n > relu]*n
network(c) = cat(conv c > relu | conv c*2 dilation=2 | identity | maxpool 3 stride=1 pad=1)
stage(c, n) = [conv c > relu]*n > maxpool 2
input 3x32x32 classes=3
class(4, 5) > class(6, 7) > net(4) > net(8, 3) > load(1x3, 4) > load(3x3, 6, 2) > load(5x1, 7)
branch1(2) > branch1(3) > network(2) > network(3) > stage(4, 2) > stage(5, 1) > stage(6, 1)
cat(load(1x1, 3) > net(2) | add(class(2, 2) | conv 2)) > flatten > fc
"""
TEXTS: list[str] = [*WORDS.strip().split("\n"), BLOCKS]


@functools.cache
def random_texts() -> tuple[str, ...]:
    """Random networks, the same for every test of a session: drawing them takes longest."""
    texts: list[str] = []

    @settings(
        max_examples=examples(200),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(networks(most=5))
    def keep(text: str) -> None:
        texts.append(text)

    keep()
    return tuple(dict.fromkeys(texts))


def lively(text: str, **given: Any) -> Net:
    """Build a network whose every weight, also those of batch normalisation, is random."""
    module = build(text, seed=None, **given).eval()
    generator = torch.Generator().manual_seed(len(text))
    for name, value in module.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=generator)
        elif value.ndim == 1 and value.is_floating_point():
            value.uniform_(-0.5, 1, generator=generator)
        elif value.is_floating_point():
            bound = (3 / value[0].numel()) ** 0.5
            value.uniform_(-bound, bound, generator=generator)
    return module


def image(module: Net) -> Tensor:
    """Two random images that fit a network."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, *module.plan.input, generator=generator)


def run(program: str) -> dict[str, Any]:
    """Run a program; give its names."""
    names: dict[str, Any] = {}
    exec(compile(program, "program", "exec"), names)
    return names


def counted(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
