from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from known_networks import KNOWN, LENET5, NAMES, RESNET18
from networks_strategy import linear_networks, networks
from thoroughness import examples
from torch import Tensor, nn

from striate.architecture.layer_table import summary
from striate.architecture.notation import expand, parse, source
from striate.backends.torch import build
from striate.backends.torch import network as network_modules
from striate.errors import NotationError

RANDOM = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def outputs(module: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Run a module and give what came out at every address."""
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        return lambda _module, _inputs, output: seen.update({name: output.detach()})

    handles = [part.register_forward_hook(keep(name)) for name, part in module.named_modules()]
    with torch.no_grad():
        module(x)
    for handle in handles:
        handle.remove()
    return seen


def work(part: nn.Module, output: Tensor) -> int:
    """Multiply-accumulates of a conv or linear that gave this output, from its own weights."""
    if isinstance(part, nn.Conv2d):
        return part.weight.numel() * output.shape[2] * output.shape[3]
    return part.weight.numel() if isinstance(part, nn.Linear) else 0


def agree(text: str) -> None:
    """The table and the torch module say the same of shapes, parameters, work and order."""
    plan, table = expand(text), summary(text)
    module = build(text).eval()
    seen = outputs(module, torch.randn(1, *plan.input))
    parts = dict(module.named_modules())
    assert seen.keys() - {""} == plan.addresses().keys()
    for address, step in plan.addresses().items():
        assert tuple(seen[address].shape[1:]) == step.output, address
    for row in table.layers:
        assert sum(p.numel() for p in parts[row.name].parameters()) == row.parameters, row.name
        assert work(parts[row.name], seen[row.name]) == row.macs, row.name
    assert tuple(seen[""].shape[1:]) == plan.output
    assert sum(p.numel() for p in module.parameters()) == table.parameters


@settings(RANDOM, max_examples=examples(200))
@given(networks())
def test_random_networks_agree_with_their_table(text: str) -> None:
    agree(text)


@pytest.mark.parametrize("name", ["lenet5", "squeezenet1_1", "resnet18", "googlenet"])
def test_known_networks_agree_with_their_table(name: str) -> None:
    agree(KNOWN[NAMES.index(name)].text)


@settings(RANDOM, max_examples=examples(60))
@given(linear_networks())
def test_the_receptive_field_is_the_extent_of_the_gradient_of_the_input(text: str) -> None:
    plan, table = expand(text), summary(text)
    module = build(text).double().eval()
    for parameter in module.parameters():
        parameter.data.fill_(0.5)  # nothing cancels, so that no gradient vanishes by chance
    x = torch.zeros(1, *plan.input, dtype=torch.float64, requires_grad=True)
    middle = tuple(side // 2 for side in plan.output[1:])
    module(x)[0, :, middle[0], middle[1]].sum().backward()
    assert x.grad is not None
    touched = x.grad[0].sum(0) != 0
    last = table.layers[-1]
    for axis in (0, 1):
        lines = torch.nonzero(touched.any(1 - axis)).flatten()
        start, stride, extent = (
            value if isinstance(value, int) else (value or (0, 0))[axis]
            for value in (last.start, last.stride, last.receptive_field)
        )
        first = start + middle[axis] * stride
        end = first + extent - 1
        assert int(lines[0]) >= first
        assert int(lines[-1]) <= end
        margin = 2 * stride  # nearer to the border, padding stands in for pixels left over
        if first >= margin and end + margin < plan.input[1 + axis]:
            assert (int(lines[0]), int(lines[-1])) == (first, end)


def test_parts_have_the_addresses_of_the_notation() -> None:
    module = build(RESNET18.text, classes=10, input=(3, 32, 32))
    names = list(module.state_dict())
    assert names[0] == "unit1.conv1.weight"
    assert {"next5.conv2.weight", "first1.conv3.weight", "fc1.bias"} <= set(names)
    assert isinstance(module.get_submodule("maxpool1"), nn.MaxPool2d)
    assert module.plan == expand(RESNET18.text, classes=10, input=(3, 32, 32))


def test_the_weights_come_in_the_order_in_which_torchvision_keeps_them() -> None:
    """ResNet-18's first downsampling block: conv1 bn1 conv2 bn2 downsample.0 downsample.1."""
    names = [name for name in build(RESNET18.text, seed=None).state_dict() if "first1" in name]
    weights = [name.split(".")[1] for name in names if name.endswith("weight")]
    assert weights == ["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"]


def test_the_output_of_a_block_can_be_hooked_at_its_address() -> None:
    module = build("b(c) = conv c > relu\nc(c) = b(c) > b(c)\ninput 1x8x8 > b(2) > c(3) > gap")
    seen = outputs(module, torch.randn(2, 1, 8, 8))
    assert seen["b1"].shape == (2, 2, 8, 8)
    assert torch.equal(seen["c1"], seen["c1.relu2"])
    assert list(dict(module.named_modules())) == [
        *("", "b1", "b1.conv1", "b1.relu1"),
        *("c1", "c1.conv1", "c1.relu1", "c1.conv2", "c1.relu2", "gap1"),
    ]


def test_words_compute_what_they_say() -> None:
    x = torch.arange(16.0).reshape(1, 1, 4, 4) - 4

    def run(text: str) -> Tensor:
        with torch.no_grad():
            result: Tensor = build(f"input 1x4x4 > {text}").eval()(x)
        return result

    assert run("maxpool 2").tolist() == [[[[1, 3], [9, 11]]]]
    assert run("avgpool 2").tolist() == [[[[-1.5, 0.5], [6.5, 8.5]]]]
    assert run("sumpool 2").tolist() == [[[[-6, 2], [26, 34]]]]
    # the corner window holds -4 and three padded zeros, which count
    assert run("avgpool 2 pad=1").flatten()[0] == -1.0
    assert run("gap").tolist() == [[[[3.5]]]]
    assert run("avgpool to=1x2").tolist() == [[[[2.5, 4.5]]]]
    assert run("flatten").shape == (1, 16)
    assert run("relu6").flatten().tolist() == [min(6, max(0, v)) for v in range(-4, 12)]
    assert torch.equal(run("leakyrelu 0.1"), torch.where(x > 0, x, 0.1 * x))
    assert torch.equal(run("prelu"), torch.where(x > 0, x, 0.25 * x))
    assert torch.equal(run("add(identity | relu | identity)"), 2 * x + x.clamp(min=0))
    assert torch.equal(run("cat(identity | relu)"), torch.cat([x, x.clamp(min=0)], 1))
    assert torch.allclose(run("lrn 1 alpha=2 beta=0.5 k=3"), x / (3 + 2 * x**2) ** 0.5)
    assert torch.allclose(run("cat(identity | relu) > softmax").sum(1), torch.ones(1, 4, 4))
    assert torch.allclose(run("bn"), x / (1 + 1e-5) ** 0.5)


@pytest.mark.parametrize(("padmode", "corner"), [("zero", 10.0), ("edge", 15.0)])
def test_rule_9_the_padding_is_zero_or_the_repeated_edge(padmode: str, corner: float) -> None:
    """Around the corner 0 1 / 4 5: zeros, or 0 0 1 / 0 0 1 / 4 4 5."""
    module = build(f"input 1x4x4 > conv 1 padmode={padmode} bias=no")
    module.load_state_dict({"conv1.weight": torch.ones(1, 1, 3, 3)})
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert module(x)[0, 0, 0, 0].item() == corner


def test_dropout_and_bn_follow_the_mode() -> None:
    module = build("input 1x4x4 > dropout 0.5 > bn")
    x = torch.randn(8, 1, 4, 4) + 3
    trained = module.train()(x).detach()
    assert abs(float(trained.mean())) < 1e-5
    assert torch.equal(module.eval()(x), module(x))
    assert not torch.equal(module.train()(x), module(x))


@pytest.mark.parametrize("text", [LENET5.text, RESNET18.text], ids=["lenet5", "resnet18"])
def test_memory_layout_and_precision_change_nothing_but_rounding(text: str) -> None:
    shape = (3, 32, 32)
    module = build(text, input=shape, classes=10).eval()
    x = torch.randn(4, *shape)
    with torch.no_grad():
        plain = module(x)
        last = copy.deepcopy(module).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        assert torch.allclose(
            last(x.to(memory_format=torch.channels_last)), plain, rtol=1e-3, atol=1e-4
        )
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = module(x)
    assert torch.allclose(rounded.float(), plain, rtol=0.1, atol=0.1 * float(plain.abs().max()))


def test_a_copy_is_a_network_of_its_own() -> None:
    module = build(LENET5.text)
    twin = copy.deepcopy(module)
    assert twin.plan is module.plan
    twin.load_state_dict({name: torch.zeros_like(v) for name, v in twin.state_dict().items()})
    assert module.state_dict()["fc1.weight"].abs().sum() > 0


def test_text_tree_and_plan_build_the_same() -> None:
    text = "input 3x8x8 classes=3 > conv 4 > relu > gap > flatten > fc"
    built = [build(text), build(parse(text)), build(expand(text)), build(text, seed=0)]
    for first, second in pairwise(module.state_dict() for module in built):
        assert all(torch.equal(first[name], second[name]) for name in first)
    assert build(expand(text), classes=5)(torch.zeros(1, 3, 8, 8)).shape == (1, 5)


def test_a_network_too_large_for_memory_is_refused_before_it_is_made() -> None:
    with pytest.raises(NotationError, match=r"the network has 2,\d+,\d+,\d+ parameters, more"):
        build("input 3x224x224 > flatten > fc 16000")
    assert max(known.parameters for known in KNOWN) < network_modules.MOST_PARAMETERS
    assert len(NAMES) == len(KNOWN)


@pytest.mark.parametrize(
    ("use", "given", "mend"),
    [
        (
            summary,
            nn.Linear(4, 2),
            r"Linear; convert it first: st\.from_torch\(module, input\)\.network",
        ),
        (summary, build("lenet5"), r"Net; its text is str\(module\.plan\.network\)"),
        (
            parse,
            nn.Linear(4, 2),
            r"convert it first: str\(st\.from_torch\(module, input\)\.network\)",
        ),
        (build, build("lenet5"), r"Net; its text is"),
        (build, 7, "a tree or a plan, but got int"),
        (source, expand("lenet5"), r"ExpandedNetwork; its text is str\(plan\.network\)"),
        (source, parse("lenet5"), r"Network; its text is str\(network\)"),
    ],
)
def test_what_is_no_network_is_answered_with_how_to_make_one_of_it(
    use: Callable[[object], object], given: object, mend: str
) -> None:
    with pytest.raises(NotationError, match=mend):
        use(given)
