"""The reference agrees with torch: outputs, statistics and every gradient, word by word and whole.

The two share nothing but the plan: torch's own modules on one side, the formulas on the other.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks_strategy import networks
from reference_oracle import apart, compare, random_state, state_of
from thoroughness import examples, slow_if

import striate
from striate.architecture import words as layers
from striate.architecture.notation import expand
from striate.backends import numpy
from striate.backends.numpy.parameters import leaves
from striate.backends.torch import build
from striate.errors import NotationError, SettingError

CLOSE = 1e-10
PAGE = Path(__file__).parents[2] / "docs" / "reference.md"

# Every word and every option of it, each at least once; the test below counts them.
EVERY = [
    "input 2x7x6 > conv 3",
    "input 2x9x8 > conv 4x3 3 stride=2x1 pad=1x0 dilation=1x2 bias=no",
    "input 4x6x7 > conv 6 groups=2 padmode=edge",
    "input 3x8x7 > conv 5x3 6 stride=3x2 pad=4x2 groups=3 padmode=edge dilation=2x1",
    "input 2x5x5 > conv 2x2 2 pad=valid > conv 1x1 5",
    "input 2x3x2 > conv 1 pad=5 padmode=edge",
    "input 3x6x7 > conv 4 table=01_12_02_012 > conv 2x2 2 table=013_02 bias=no pad=end stride=2",
    "input 3x3x3 > conv 2 table=02_0 padmode=edge > scale 0.4 bias=yes > flatten > scale bias=yes",
    "input 2x3x3 > flatten > fc 5 > fc 4 bias=no > fc 3 fixed=yes > fc 2 bias=no fixed=yes",
    "input 3x5x6 > relu",
    "input 3x5x6 > relu6",
    "input 3x5x6 > leakyrelu > leakyrelu 0.3",
    "input 3x5x6 > prelu > flatten > prelu",
    "input 3x5x6 > sigmoid",
    "input 3x5x6 > tanh",
    "input 3x5x6 > softmax > flatten > softmax",
    "input 2x8x7 > maxpool 2",
    "input 2x8x9 > maxpool 3x2 stride=2x3 pad=1 ceil=yes",
    "input 2x9x8 > maxpool 3 stride=1 pad=same > maxpool 3 pad=1 dilation=2x1",
    "input 2x8x7 > avgpool 2",
    "input 2x8x9 > avgpool 4x3 stride=3x2 pad=2x1 ceil=yes",
    "input 2x5x5 > avgpool 3 stride=2 pad=same",
    "input 2x7x5 > avgpool to=3x4",
    "input 2x2x3 > avgpool to=5x2",
    "input 2x8x7 > sumpool 2",
    "input 2x8x9 > sumpool 4x3 stride=3x2 pad=2x1 ceil=yes",
    "input 2x4x5 > gap",
    "input 2x6x7 > conv 3 stride=2 pad=end > maxpool 2 stride=1 pad=end",
    "input 2x6x7 > avgpool 3 stride=2 pad=1 countpad=no > avgpool 2 stride=1 pad=0:1:1:0",
    "input 7x3x2 > lrn 3",
    "input 7x3x2 > lrn 4 alpha=0.7 beta=0.6 k=2",
    "input 2x3x2 > lrn 9 alpha=0.5",
    "input 3x4x5 > bn > bn eps=0.1 > flatten > bn",
    "input 3x4x5 > dropout 0.4 > flatten > dropout 0.1",
    "input 3x4x5 > identity",
    "input 3x4x5 > silu > hardswish > conv 2 > gelu",
    "input 3x4x5 > layernorm > layernorm eps=0.1 > scale > scale 0.3 > flatten > layernorm > scale",
    "input 3x4x5 > droppath 0.4 > slice 1 3 > flatten > droppath 0.1",
    "input 3x4x5 > mul(identity | gap > conv 1x1 3 > sigmoid) > mul(conv 2 | relu > conv 2)",
    "input 3x4x5 > cat(identity | conv 2 | relu) > cat(conv 1 | cat(identity | tanh))",
    "input 3x4x5 > add(identity | conv 3 | relu) > add(conv 1 | add(conv 1 | conv 1x1 1))",
    "none(n) = [conv 2]*n\ninput 2x3x3 > none(0) > conv 2 > none(0)",
    "b(c) = conv c > bn > relu\nc(c) = add(b(c) | b(c)) > b(c)\n"
    "input 2x4x4 classes=3 > [c(in) > c(in)]*2 > gap > flatten > fc",
]


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("text", EVERY)
def test_every_word_agrees_with_torch(text: str, training: bool) -> None:
    difference = compare(expand(text), training=training, seed=1)
    assert difference.share < CLOSE, difference


def test_hardsigmoid_agrees_with_torch() -> None:
    """Whose slope in float64 is 1/6 as float32 has it: findings/torch-hardsigmoid-float64.sh."""
    plan = expand("input 3x4x5 > hardsigmoid > conv 2 > hardsigmoid")
    for training in (False, True):
        found = compare(plan, training=training, seed=1)
        assert found.share < 5e-8, found


def test_no_word_and_no_option_is_left_out() -> None:
    steps = [step for text in EVERY for step in expand(text).layers()]
    words = {step.layer.word for step in steps} | {"hardsigmoid"}
    known = {word: kind for word, kind in layers.WORDS.items() if not kind.opaque}
    assert words == {*known, *layers.JOINS}
    used = {
        (leaf.layer.word, name)
        for text in EVERY
        for leaf in leaves(expand(text))
        for name in leaf.layer.arguments
        if getattr(leaf.layer, name) != leaf.layer.defaults().get(name)
    }
    assert used == {(w, name) for w, kind in known.items() for name in kind.arguments}


@settings(
    deadline=None,
    max_examples=examples(250),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(networks(), st.booleans(), st.integers(0, 10**6))
def test_random_networks_agree_with_torch(text: str, training: bool, seed: int) -> None:
    plan = expand(text)
    difference = compare(plan, training=training, seed=seed)
    assert difference.share < CLOSE, difference


def test_every_value_and_its_gradient_stand_at_its_address() -> None:
    text = "b(c) = conv c > relu\ninput 1x6x6 classes=2 > add(b(2) | conv 2) > gap > flatten > fc"
    module = build(text).double()
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str) -> None:
        def hook(_: object, __: object, output: torch.Tensor) -> None:
            output.retain_grad()
            seen[name] = output

        module.get_submodule(name).register_forward_hook(hook)

    addresses = list(module.plan.addresses())
    for address in addresses:
        keep(address)
    x = np.random.default_rng(0).normal(size=(2, 1, 6, 6))
    module(torch.from_numpy(x)).sum().backward()
    passed = numpy.forward(text, state_of(module), x)
    gradient = numpy.backward(passed, np.ones((2, 2)))
    assert list(passed.values) == list(gradient.values) == addresses
    for address in addresses:
        assert apart(passed.values[address], seen[address]) < 1e-12
        assert apart(gradient.values[address], seen[address].grad) < 1e-12


def test_a_state_dict_goes_in_as_it_is_and_what_comes_out_goes_back() -> None:
    text = "input 1x6x6 classes=3 > conv 4 > bn > prelu > flatten > fc"
    module = build(text)
    assert list(numpy.shapes(text)) == [
        name for name in module.state_dict() if not name.endswith("num_batches_tracked")
    ]
    passed = numpy.forward(text, module.state_dict(), torch.ones(2, 1, 6, 6))
    expected = module.eval()(torch.ones(2, 1, 6, 6)).detach()
    np.testing.assert_allclose(passed.output, expected, atol=1e-6)
    started = numpy.start(text, seed=3)
    module.load_state_dict({name: torch.from_numpy(values) for name, values in started.items()})
    passed = numpy.forward(text, started, np.ones((2, 1, 6, 6)))
    again = module.double().eval()(torch.ones(2, 1, 6, 6, dtype=torch.float64)).detach()
    np.testing.assert_allclose(passed.output, again, atol=1e-6)


def test_a_pass_changes_nothing_that_it_is_given() -> None:
    text = "input 2x6x6 classes=2 > conv 4 > bn > relu > add(identity | relu) > gap > flatten > fc"
    state = numpy.start(text)
    before = {name: values.copy() for name, values in state.items()}
    x = np.random.default_rng(0).normal(size=(2, 2, 6, 6))
    images = x.copy()
    passed = numpy.forward(text, state, x, training=True)
    values = {address: value.copy() for address, value in passed.values.items()}
    dy = np.ones((2, 2))
    first, second = numpy.backward(passed, dy), numpy.backward(passed, dy)
    assert all(np.array_equal(state[name], before[name]) for name in before)
    assert np.array_equal(x, images)
    assert np.array_equal(dy, np.ones((2, 2)))
    assert all(np.array_equal(passed.values[address], values[address]) for address in values)
    for name, slope in first.parameters.items():
        assert np.array_equal(slope, second.parameters[name])


@pytest.mark.parametrize(
    "name", slow_if(["resnet18", "googlenet", "squeezenet1_1"], ["resnet18", "googlenet"])
)
def test_known_networks_go_through_whole(name: str) -> None:
    difference = compare(expand(name, input=(3, 40, 36)), training=False, seed=0)
    assert difference.share < CLOSE, difference


NET = "input 1x4x4 classes=2 > conv 3 > bn > dropout 0.5 > gap > flatten > fc"


def test_what_does_not_fit_is_said() -> None:
    state, x = numpy.start(NET), np.zeros((2, 1, 4, 4))

    def refused(what: str) -> pytest.RaisesExc[SettingError]:
        return pytest.raises(SettingError, match=what)

    with refused(r"the images have shape \(1, 4, 4\); expected \(batch, channel, row, column\)"):
        numpy.forward(NET, state, x[0])
    with refused(r"with \(1, 4, 4\) behind the batch"):
        numpy.forward(NET, state, np.zeros((2, 3, 4, 4)))
    with refused("the images have shape"):
        numpy.forward(NET, state, x[:0])
    with refused("the images cannot be read as an array of numbers"):
        numpy.forward(NET, state, [["a"]])
    with refused("the parameters lack conv1.weight, conv1.bias, bn1.weight and 5 more"):
        numpy.forward(NET, {}, x)
    with refused(r"conv1.bias has shape \(4,\); expected \(3,\)"):
        numpy.forward(NET, {**state, "conv1.bias": np.zeros(4)}, x)
    with refused("the network has no conv2.weight; expected only conv1.weight, "):
        numpy.forward(NET, {**state, "conv2.weight": x}, x)
    with refused("conv1.bias cannot be read as an array of numbers"):
        numpy.forward(NET, {**state, "conv1.bias": torch.zeros(3, requires_grad=True)}, x)
    with refused(r"the mask of dropout1 has shape \(1,\); expected \(2, 3, 4, 4\)"):
        numpy.forward(NET, state, x, training=True, masks={"dropout1": np.ones(1)})
    with refused("a mask is given for dropout2; expected one for a dropout .* dropout1"):
        numpy.forward(NET, state, x, masks={"dropout2": np.ones(1)})
    passed = numpy.forward(NET, state, x)
    with refused(r"the gradient has shape \(2,\); expected that of the output, \(2, 2\)"):
        numpy.backward(passed, [1.0, 1.0])
    with pytest.raises(NotationError, match="does not say what goes in"):
        numpy.forward("conv 3", state, x)


def test_a_single_number_a_channel_has_no_variance() -> None:
    """torch refuses it too."""
    text = "input 3x2x2 > gap > bn"
    module = build(text).double().train()
    random_state(module, np.random.default_rng(0))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        module(torch.zeros(1, 3, 2, 2, dtype=torch.float64))
    with pytest.raises(SettingError, match="bn1 got a single number a channel"):
        numpy.forward(text, state_of(module), np.zeros((1, 3, 2, 2)), training=True)
    numpy.forward(text, state_of(module), np.zeros((1, 3, 2, 2)))


def test_results_say_what_they_are() -> None:
    passed = numpy.forward(NET, numpy.start(NET), np.zeros((2, 1, 4, 4)))
    assert repr(passed) == "Passed(output (2, 2), 6 values by address)"
    gradient = numpy.backward(passed, np.zeros((2, 2)))
    assert repr(gradient) == "Gradient(input (2, 1, 4, 4), 6 parameters by name)"


def test_every_function_of_the_page_is_there_and_every_word_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    told = re.findall(r"`([\w.]+)\.(\w+)`", page.split("## Where each idea is")[1])
    assert len(told) > 20
    for module, name in told:
        assert hasattr(importlib.import_module(f"striate.{module}"), name), name
    open_words = {kind for kind in layers.WORDS.values() if not kind.opaque}
    kinds = {*open_words, *layers.JOINS.values()}
    assert {kind.__name__ for kind in kinds} - {name for _, name in told} == set()


def test_the_page_shows_a_word_as_it_is() -> None:
    shown = re.findall(r"^```python\n(def .*?)^```", PAGE.read_text("utf-8"), re.S | re.M)
    assert len(shown) == 1
    lines = [line.strip() for line in inspect.getsource(layers.Sigmoid.numpy_pass).splitlines()]
    assert [line for line in shown[0].splitlines() if line.strip() not in lines] == []


def test_its_names_are_public() -> None:
    assert striate.backends.numpy is numpy
    python = (PAGE.parent / "python.md").read_text("utf-8")
    without = [name for name in numpy.__all__ if f"numpy.{name}" not in python]
    assert without == []
