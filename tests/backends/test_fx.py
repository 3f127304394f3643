from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision_oracle
from programs import TEXTS, image, lively, random_texts
from thoroughness import slow_if
from torch import Tensor, nn
from traced_modules import Called, carried, computing, refusal, text_of

from striate.architecture.notation import ExpandedNetwork, Join
from striate.backends.codegen import to_code
from striate.backends.fx import from_torch
from striate.backends.torch import build
from striate.errors import NotationError

# Images as small as the networks take them.
SIDES = {"alexnet": 64, "vgg11": 32, "googlenet": 70, "inception_v3": 107}
KNOWN = "squeezenet1_1 resnet18 mobilenet_v2 googlenet"
OTHERS = (  # of the same parts: residual blocks, branches, groups
    "alexnet vgg11 vgg11_bn resnet50 resnext50_32x4d inception_v3 densenet121"
)


@pytest.mark.parametrize("name", slow_if([*KNOWN.split(), *OTHERS.split()], OTHERS.split()))
def test_networks_of_torchvision_come_back_with_the_same_numbers(name: str) -> None:
    heads = name in ("googlenet", "inception_v3")
    settings = {"aux_logits": False} if heads else {}
    with torch.device("meta"):
        module = torchvision_oracle.model(name, **settings)
    side = SIDES.get(name, 64)
    traced = from_torch(module, (3, side, side))
    ours = lively(str(traced.network))
    state = ours.state_dict()
    # theirs shares our memory, so that even the large ones are there only once
    module.load_state_dict({k: state[n] for k, n in traced.names.items()}, assign=True)
    x = image(ours)[:1]
    with torch.no_grad():
        assert torch.equal(ours(x), module.eval()(x.clone()))
    assert traced.unused == ()
    assert list(traced.names) != list(traced.names.values())
    assert traced.network.classes == 1000


def layers(plan: ExpandedNetwork) -> list[object]:
    """What each layer of a plan does, however it is written."""
    return [
        (
            step.layer.word,
            None if isinstance(step, Join) else step.layer.window_on(step.input),
            getattr(step.layer, "bias", None),
            getattr(step.layer, "ceil", None),
            step.input,
            step.output,
            0 if isinstance(step, Join) else step.layer.parameters(step.input),
        )
        for step in plan.layers()
    ]


def test_our_own_modules_come_back_layer_by_layer() -> None:
    for text in [*TEXTS, *random_texts()]:
        ours = lively(text)
        traced = from_torch(ours, ours.plan.input)
        back = build(traced.network, seed=None).eval()
        assert layers(back.plan) == layers(ours.plan), text
        assert traced.unused == ()
        back.load_state_dict(traced.weights(ours))
        x = image(ours)
        with torch.no_grad():
            torch.testing.assert_close(back(x), ours(x), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("side", [8, 9])
def test_a_pool_padded_by_more_than_half_a_window_comes_back(side: int) -> None:
    pool = "maxpool 4 dilation=2 stride=1 pad=end"
    ours = lively(f"input 2x{side}x{side} classes=3 > conv 4 > {pool} > flatten > fc")
    back = build(from_torch(ours, ours.plan.input).network, seed=None)
    assert layers(back.plan) == layers(ours.plan)


def test_a_program_written_from_a_network_comes_back() -> None:
    names: dict[str, type[nn.Module]] = {}
    exec(to_code("resnet18", "torch", input=(3, 33, 33), classes=7), names)
    traced = carried(names["Net"](), (3, 33, 33))
    assert (
        layers(build(traced.network).plan)[0]
        == layers(build("resnet18", input=(3, 33, 33)).plan)[0]
    )
    assert traced.names["fc1.weight"] == "fc1.weight"


class Functional(nn.Module):
    """Layers as modules, the rest as functions in every spelling."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 4, 3, padding="same")
        self.b = nn.Conv2d(4, 4, (3, 1), padding=(1, 0), padding_mode="replicate")
        self.norm = nn.BatchNorm2d(4, eps=1e-3)
        self.out = nn.Linear(8, 5)

    def forward(self, x: Tensor, scale: float | None = None) -> Tensor:
        if scale is not None:
            x = x * scale
        x = F.relu(self.a(x))
        y = torch.relu(self.norm(self.b(x)))
        x = x + y.sigmoid()
        x = torch.cat((F.max_pool2d(x, 2), F.avg_pool2d(x, 2, ceil_mode=True).tanh()), dim=1)
        x = F.leaky_relu(F.local_response_norm(x, 3, k=2.0), 0.2)
        x = F.dropout(x, 0.3, self.training)
        x = F.adaptive_avg_pool2d(x, (1, None)).mean([2, 3], keepdim=True)
        return F.softmax(self.out(x.view(x.size(0), -1)), dim=1)


def test_functions_are_words_too() -> None:
    assert text_of(Functional()) == (
        "conv 3x3 4 > relu > add(identity | conv 3x1 4 padmode=edge > bn eps=0.001 > relu > "
        "sigmoid) > cat(maxpool 2 | avgpool 2 ceil=yes > tanh) > lrn 3 k=2.0 > leakyrelu 0.2 > "
        "dropout 0.3 > avgpool to=1x4 > gap > flatten > fc > softmax"
    )


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: nn.Conv2d(3, 4, 3, 2, 1, bias=False), "conv 3x3 4 stride=2 bias=no"),
        (lambda: nn.Conv2d(3, 6, 2, padding=1, dilation=2, groups=3), "conv 2x2 6 dilation=2 gr"),
        (lambda: nn.Sequential(nn.MaxPool2d(3, 2, 1, ceil_mode=True)), "maxpool 3 stride=2 pad=1"),
        (lambda: nn.AvgPool2d(2, divisor_override=1), "sumpool 2"),
        (lambda: nn.AvgPool2d(2, count_include_pad=False), "avgpool 2"),
        (lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False), "avgpool 3 stride=1 pad=1 count"),
        (lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 3, 2)), "conv 3x3 4 s"),
        (lambda: nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 4, 3)), "conv 3x3 4"),
        (lambda: nn.Sequential(nn.ReplicationPad2d(1), nn.Conv2d(3, 4, 3)), "conv 3x3 4 padmode"),
        (lambda: nn.Sequential(nn.ReLU(), nn.ZeroPad2d(1), nn.MaxPool2d(3, 2)), "relu > maxpool 3"),
        (lambda: nn.Sequential(nn.ZeroPad2d((1, 0, 0, 2)), nn.AvgPool2d(3)), "avgpool 3 pad=0:2:1"),
        (lambda: nn.Sequential(nn.Hardtanh(0, 6), nn.PReLU(3)), "relu6 > prelu"),
        (lambda: nn.Sequential(nn.ReLU6(), nn.AdaptiveAvgPool2d(1)), "relu6 > gap"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 7, bias=False)), "flatten > fc bias=n"),
        (lambda: nn.Sequential(nn.Conv2d(3, 9, 1), nn.MaxPool2d(8), nn.Flatten()), "conv 1x1 cla"),
    ],
)  # fmt: skip
def test_modules_are_words(make: type[nn.Module], text: str) -> None:
    assert text_of(make()).startswith(text)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_same_around_an_even_window_is_end() -> None:
    assert text_of(nn.Conv2d(3, 4, 2, padding="same")) == "conv 2x2 4 pad=end"


class InPlace(Called):
    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)
        kept = x
        y = F.relu(x, inplace=True)  # changes what is kept as well
        y = self.b(y)
        y += kept
        return y.relu_()


def test_what_changes_in_place_is_followed() -> None:
    parts = {"a": nn.Conv2d(3, 4, 1), "b": nn.Conv2d(4, 4, 1)}
    assert text_of(InPlace(**parts)) == ("conv 1x1 4 > relu > add(conv 1x1 4 | identity) > relu")


class Views(Called):
    def forward(self, x: Tensor) -> Tensor:
        flat = torch.flatten(x, 1)
        x.relu_()  # flat lies in the same memory
        return self.a(flat)


class Dense(Called):
    """Keeps a list and joins all of it before each layer."""

    def forward(self, x: Tensor) -> Tensor:
        found = [x]
        for part in (self.a, self.b, self.c):
            found.append(part(torch.cat(found, 1)))
        return torch.cat(found, 1)


def test_lists_of_maps_become_joins_one_after_the_other() -> None:
    parts = {"a": nn.Conv2d(3, 2, 3, padding=1), "b": nn.Conv2d(5, 2, 3, padding=1)}
    module = Dense(**parts, c=nn.Conv2d(7, 2, 3, padding=1))
    assert text_of(module) == "[cat(identity | conv 3x3 2)]*3"


class Sums(Called):
    def forward(self, x: Tensor) -> Tensor:
        return self.a(x) + x + self.b(self.a2(x)) + x


def test_sums_of_several_are_one() -> None:
    parts = {name: nn.Conv2d(3, 3, 1) for name in ("a", "a2", "b")}
    text = text_of(Sums(**parts))
    assert text == "add(conv 1x1 3 | identity | [conv 1x1 3]*2 | identity)"


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda m, x: sum([m.a(x), x, m.b(x)]), "add(conv 1x1 3 | identity | conv 1x1 3)"),
        (lambda m, x: m.a(x).mean(dim=(-2, -1)), "conv 1x1 classes > gap > flatten"),
        (lambda m, x: F.avg_pool2d(m.a(x), x.size()[2:]), "conv 1x1 3 > avgpool 8"),
        (lambda m, x: m.a(x).reshape(-1, 192), "conv 1x1 3 > flatten"),
        (lambda m, x: flattened(m.a(x)), "conv 1x1 3 > flatten"),
        (lambda m, x: x.flatten(start_dim=1).relu(), "flatten > relu"),
        (lambda m, x: torch.concat([x, m.a(x)], dim=-3), "cat(identity | conv 1x1 3)"),
        (lambda m, x: x.contiguous().view(x.shape[0], 3, 8, 8).add(x), "add(identity | identity)"),
        (lambda m, x: torch.cat([x], 1) + m.a(x), "add(identity | conv 1x1 3)"),
        (lambda m, x: x[:, 1:] + m.a(x)[:, :2], "add(slice 1 3 | conv 1x1 3 > slice 0 2)"),
        (lambda m, x: torch.cat(x.split([1, 2], 1)[::-1], 1), "cat(slice 1 3 | slice 0 1)"),
        (lambda m, x: m.a(x) * x.mean((2, 3), keepdim=True), "mul(conv 1x1 3 | gap)"),
        (lambda m, x: x.relu().mul_(m.a(x).sigmoid()), "mul(relu | conv 1x1 3 > sigmoid)"),
        (lambda m, x: sized(m, x), "relu > conv 1x1 3"),
        (lambda m, x: chained(m, x), "conv 1x1 3 > cat(relu | identity | conv 1x1 3)"),
        (lambda m, x: m.b(a := m.a(x)) + (a + x),
         "add(conv 1x1 3 > add(conv 1x1 3 | identity) | identity)"),
        (lambda m, x: F.conv2d(F.pad(x, (0, 1, 0, 1)), m.a.weight, m.a.bias, 2),
         "conv 1x1 3 stride=2 pad=0:1:0:1"),
        (lambda m, x: m.a(F.silu(F.gelu(F.hardswish(F.hardsigmoid(x))))),
         "hardsigmoid > hardswish > gelu > silu > conv 1x1 3"),
        (lambda m, x: m.a(F.pad(F.pad(x, (1, 0)), (1, 2, 0, 1))), "conv 1x1 3 pad=0:1:2:2"),
        (lambda m, x: F.max_pool2d(F.pad(m.a(x), (0, 1, 0, 1), value=-torch.inf), 3, 2),
         "conv 1x1 3 > maxpool 3 stride=2 pad=0:1:0:1"),
    ],
)  # fmt: skip
def test_other_spellings_are_words_too(function: Callable[..., object], text: str) -> None:
    parts = {name: nn.Conv2d(3, 3, 1) for name in ("a", "b")}
    assert text_of(computing(function, **parts)) == text


def sized(m: Called, x: Tensor) -> Tensor:
    """Code that checks what it is given before it does anything."""
    assert isinstance(x, Tensor)
    assert x.ndim == x.dim() == 4 and x.dtype == torch.float32
    _, channels, rows, columns = x.shape
    if x.shape[0] == 0 or rows % 2 or channels != 3 or (rows, columns) < (2, 2):
        raise ValueError("odd sizes")
    checks: Any = torch
    checks._assert(x.size(-1) == 8, "8 columns")
    return m.a(x.relu())


def chained(m: Called, x: Tensor) -> Tensor:
    a = m.a(x)
    return torch.cat([a.relu(), a, m.b(a)], 1)


def flattened(x: Tensor) -> Tensor:
    batch, channels, rows, columns = x.shape
    return x.view(batch, channels * rows * columns)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (nn.ConvTranspose2d(3, 4, 2), "at '0': there is no word for ConvTranspose2d"),
        (nn.GELU("tanh"), "approximate='tanh' has no word; gelu is exact"),
        (nn.GroupNorm(1, 3), "there is no word for GroupNorm"),
        (nn.AdaptiveMaxPool2d(1), "there is no word for AdaptiveMaxPool2d"),
        (nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), "padding_mode='reflect' has no w"),
        (nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), "padding_mode='circular' has no"),
        (nn.Sequential(nn.ZeroPad2d(1), nn.MaxPool2d(3)), "padding by zero before a maxpool may"),
        (nn.Sequential(nn.ZeroPad2d(1), nn.ReLU()), "padding by itself has no word; it belongs"),
        (nn.ZeroPad2d(1), "padding by itself has no word; it belongs to the conv or"),
        (nn.Sequential(nn.ZeroPad2d(-1), nn.Conv2d(3, 4, 3)), "cuts pixels off, which has no wor"),
        (nn.Sequential(nn.ConstantPad2d(1, 2.0), nn.Conv2d(3, 4, 3)), "padding with 2.0 has no wo"),
        (nn.AvgPool2d(2, divisor_override=3), "divisor_override=3 has no word"),
        (nn.MaxPool2d(2, return_indices=True), "return_indices=True has no word"),
        (nn.BatchNorm2d(3, affine=False), "affine=False has no word"),
        (nn.BatchNorm2d(3, track_running_stats=False), "track_running_stats=False has no word"),
        (nn.PReLU(), "it has 1 slope for 3 channels; prelu has one a channel"),
        (nn.Softmax(dim=2), "softmax over axis 2 has no word"),
        (nn.Hardtanh(), "values cut to -1.0..1.0 have no word; relu6 cuts to 0..6"),
        (nn.Flatten(2), "flatten from axis 2 to -1 has no word"),
        (nn.Flatten(0), "flatten from axis 0 to -1 has no word"),
        (nn.Linear(8, 4), "was made for 8 channels or features, but 3 arrive"),
        (nn.Linear(3, 4), "fc takes features in one row, but maps of 3x8x8 arrive; put flatten"),
        (nn.Conv2d(1, 4, 3), "was made for 1 channels or features, but 3 arrive"),
        (nn.Conv2d(3, 4, 9), "a 9x9 window does not fit in 8x8"),
        (nn.Dropout(1.0), "a dropout of 1.0 leaves nothing"),
        (nn.Sequential(), "Sequential gives back what goes in; it has no layer"),
        (nn.MultiheadAttention(8, 2), "MultiheadAttention"),
        (nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 1)), "worked out anew"),
    ],
)  # fmt: skip
def test_what_has_no_word_is_refused_with_its_place(module: nn.Module, said: str) -> None:
    assert said in refusal(module)


CONV = nn.Conv2d(3, 3, 1)
OTHER = nn.Conv2d(3, 3, 1)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda m, x: x * 2, "mul multiplies tensors, but here are 2 values (a tensor, int)"),
        (lambda m, x: m.a.weight, "gives a tensor of its own"),
        (lambda m, x: x + 1, "add sums tensors, but here are 2 values (a tensor, int)"),
        (lambda m, x: torch.add(x, m.a(x), alpha=2), "alpha has no word"),
        (lambda m, x: torch.cat([x, x], 2), "cat joins channels, dim=1, but here it is dim=2"),
        (lambda m, x: torch.cat([x, m.a(x)]), "but here it is dim=0"),
        (lambda m, x: m.a(x) if x.sum() > 0 else x, "cannot be followed"),
        (lambda m, x: m.a(x) if x[0, 0, 0, 0] > 0 else x, "cannot be followed"),
        (lambda m, x: [m.a(x), x], "gives 2 values (a tensor, a tensor)"),
        (lambda m, x: {"out": m.a(x)}, "gives a dict; a network of the notation gives one tensor"),
        (lambda m, x: None, "gives nothing; a network"),
        (lambda m, x: m.a(m.a(x)), "its weights are used in another place too"),
        (lambda m, x: m.a(x).view(-1, 12), "a change of shape has no word but flatten"),
        (lambda m, x: m.a(x).mean(1), "a mean over axes 1 has no word"),
        (lambda m, x: m.a(x).transpose(2, 3), "there is no word for transpose"),
        (lambda m, x: x[:, :, :2], "there is no word for getitem but of channels: x[:, 0:8]"),
        (lambda m, x: x[:, ::2], "there is no word for getitem but of channels: x[:, 0:8]"),
        (lambda m, x: x.chunk(2, 2)[0], "a split of axis 2 has no word; slice takes channels"),
        (lambda m, x: m.a(x) * m.a.weight, "a product with a tensor of the module's own of 3x3x"),
        (lambda m, x: x.permute(0, 2, 3, 1), "the channels of what comes out stand last"),
        (lambda m, x: m.a(x.permute(0, 2, 3, 1)), "channels stand last here, but conv 1x1 3 takes"),
        (lambda m, x: x.permute(0, 3, 1, 2), "there is no word for permute to [0, 3, 1, 2]"),
        (lambda m, x: x.view(x.shape[0] * 3, 64), "the size of the batch takes part in a calcu"),
        (lambda m, x: m.a(x) + m.a.weight, "add sums tensors, but here are"),
        (lambda m, x: F.conv2d(x, m.a.weight), "there is no word for conv2d"),
        (lambda m, x: F.softmax(m.a(x), -1), "softmax over axis -1 has no word"),
        (lambda m, x: m.a(x) + m.b(x).mean((2, 3)), "add needs branches of one shape"),
        (lambda m, x: torch.zeros(1, 3, 8, 8), "gives"),
    ],
)  # fmt: skip
def test_code_that_has_no_word_is_refused(function: Callable[..., object], said: str) -> None:
    assert said in refusal(computing(function, a=CONV, b=OTHER))


def test_branches_that_cross_are_refused() -> None:
    def crossing(m: Called, x: Tensor) -> Tensor:
        a = m.a(x)
        return m.b(a + m.c(x)) + a

    parts = {"a": CONV, "b": OTHER, "c": nn.Conv2d(3, 3, 1)}
    said = refusal(computing(crossing, **parts))
    assert "what 'a' gives goes into branches that meet in different places" in said


def test_what_shares_memory_with_a_changed_value_is_refused() -> None:
    said = refusal(Views(a=nn.Linear(192, 4)))
    assert "whose memory was changed in place since" in said


def test_a_second_input_is_refused() -> None:
    class Two(nn.Module):
        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return x + y

    assert "takes 'y' besides its first argument" in refusal(Two())


def test_hooks_are_refused_and_the_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.5))
    module[1].eval()
    modes = [part.training for part in module.modules()]
    from_torch(module, (3, 8, 8))
    assert [part.training for part in module.modules()] == modes
    handle = module[0].register_forward_hook(lambda *_: None)
    assert "it has a hook" in refusal(module)
    handle.remove()
    refusal(nn.Sequential(nn.CELU()))
    assert [part.training for part in module.modules()] == modes


def test_weights_that_nothing_depends_on_are_named() -> None:
    module = computing(lambda m, x: m.a(x), a=CONV, b=OTHER)
    traced = from_torch(module, (3, 8, 8))
    assert traced.unused == ("b.weight", "b.bias")
    assert traced.names == {"a.weight": "conv1.weight", "a.bias": "conv1.bias"}


def test_the_place_is_a_line_of_the_user_s_code() -> None:
    assert "'function(self, x)' (test_tracing.py, line" not in refusal(
        computing(lambda m, x: x - x)
    )
    assert "test_tracing.py, line" in refusal(computing(lambda m, x: x - x))


@pytest.mark.parametrize("shape", [(8, 8), (3, 0, 8), (3, 8, 8, 1)])
def test_an_input_that_is_none_is_refused(shape: tuple[int, ...]) -> None:
    assert "input is channels x rows x columns" in refusal(CONV, shape)


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(NotationError, match=r"from_torch takes a torch.nn.Module, but got str"):
        from_torch("conv 8", (3, 8, 8))  # type: ignore[arg-type]
