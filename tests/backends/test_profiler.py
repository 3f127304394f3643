from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from networks_strategy import fitting, networks
from thoroughness import examples, slow_if

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.architecture.layer_table.wiring import wire
from striate.architecture.notation import expand
from striate.backends.profiler import Cut, profile
from striate.backends.torch import build
from striate.errors import SettingError

TEXT = """
keep = add(conv in > bn > relu | identity) > relu
input 3x24x24 classes=5
conv 16 stride=2 > relu > keep > cat(conv 4 | maxpool 3 stride=1 pad=1) > gap > flatten > fc
"""


def test_every_layer_is_timed_both_ways() -> None:
    found = profile(TEXT, batch=4, rounds=3)
    assert [layer.name for layer in found.layers] == [row.name for row in summary(TEXT).layers]
    assert all(layer.forward > 0 for layer in found.layers)
    assert all(layer.backward > 0 for layer in found.layers)
    assert found.sum == pytest.approx(sum(layer.forward + layer.backward for layer in found.layers))
    assert (found.batch, found.rounds, found.precision) == (4, 3, "float32")
    assert found.threads == torch.get_num_threads()
    table = summary(TEXT)
    operations = 2 * 4 * (table.macs + table.backward_macs)
    seconds = found.forward + found.backward
    assert found.utilization.operations == pytest.approx(operations / seconds)
    assert f"that is {found.utilization}" in found.totals


def test_layers_that_pass_no_gradient_have_no_backward_time() -> None:
    found = profile("input 1x8x8 classes=2 > avgpool 2 > flatten > fc", batch=2, rounds=1)
    assert [layer.backward > 0 for layer in found.layers] == [False, False, True]


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_the_cut_network_has_the_gradients_of_the_whole(text: str) -> None:
    """Timing layers by themselves is timing the real work only where the numbers are the same."""
    plan = fitting(text.replace("dropout 0.5", "identity").replace("dropout 0.3", "identity"))
    if plan is None or not summary(plan).parameters:
        return
    module = build(plan).double()
    images = torch.randn(
        3, *plan.input, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    try:
        output = module(images)
    except ValueError:  # bn refuses a single value a channel
        return
    output.backward(torch.ones_like(output))
    expected = {name: value.grad for name, value in module.named_parameters()}
    module.zero_grad()
    Cut(module, wire(plan)).round(images)
    for name, value in module.named_parameters():
        whole = expected[name]
        assert (whole is None) == (value.grad is None), name
        if whole is not None and value.grad is not None:
            torch.testing.assert_close(value.grad, whole, rtol=1e-9, atol=1e-12)


def test_more_work_takes_more_time() -> None:
    text = "input 3x32x32 classes=2 > conv 1x1 8 > relu > conv 7x7 96 > relu > gap > flatten > fc"
    found = profile(text, batch=8, rounds=3)
    by_name = {layer.name: layer for layer in found.layers}
    assert by_name["conv2"].forward > by_name["conv1"].forward
    assert by_name["conv2"].backward > by_name["conv1"].backward


@pytest.mark.parametrize("name", slow_if(["lenet5", "squeezenet1_1", "resnet18"], ["resnet18"]))
def test_the_peak_is_near_what_the_arithmetic_says(name: str) -> None:
    """Above it lie the gradients of maps that are under way, and AdamW's intermediate values."""
    side = 32 if name == "lenet5" else 64
    plan = expand(zoo.text(name), input=(1 if name == "lenet5" else 3, side, side))
    expected = summary(plan).training_memory(8).total
    assert expected <= profile(plan, batch=8, rounds=1).peak_memory <= 1.6 * expected


def test_bf16_is_measured_too_and_said() -> None:
    found = profile(
        "input 1x8x8 classes=2 > conv 4 > relu > flatten > fc", batch=2, precision="bf16"
    )
    assert found.precision == "bf16"
    assert "bf16, cpu" in str(found)


def test_it_shows_itself_with_how_it_was_measured() -> None:
    found = profile("input 1x8x8 classes=2 > conv 4 > flatten > fc", batch=2, rounds=2)
    said = str(found)
    for part in ("forward ms", "conv 3x3 4", "share", "medians of 2 rounds", "2 images each"):
        assert part in said
    assert "of that" in said
    assert list(found.as_json()["layers"][0]) == ["name", "text", "forward", "backward"]  # type: ignore[index]
    assert "<table>" in found._repr_html_()


def test_nothing_of_the_global_state_is_changed() -> None:
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    profile("input 1x8x8 classes=2 > conv 4 > flatten > fc", batch=2, rounds=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"batch": 0}, "give at least 1 of each"),
        ({"rounds": 0}, "give at least 1 of each"),
        ({"precision": "fp8"}, "choose float32, bf16"),
        ({"device": "quantum"}, "device 'quantum' cannot be used"),
        ({"batch": 1}, "bn1 gets one value a channel from a batch of 1"),
    ],
)
def test_what_cannot_be_measured_is_said(arguments: dict[str, object], said: str) -> None:
    text = "input 1x8x8 classes=2 > conv 4 > gap > bn > flatten > fc"
    with pytest.raises(SettingError, match=said):
        profile(text, **arguments)  # type: ignore[arg-type]


def test_a_profile_as_a_dataframe_and_as_bars() -> None:
    pytest.importorskip("pandas")
    found = profile("input 1x8x8 classes=2 > conv 4 > flatten > fc", batch=2, rounds=1)
    assert found.to_pandas()["forward"].tolist() == [layer.forward for layer in found.layers]
    axes = found.plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["conv1", "flatten1", "fc1"]
    forward, backward = axes.containers
    assert [bar.get_width() for bar in forward] == [1000 * each.forward for each in found.layers]
    assert [bar.get_width() for bar in backward] == [1000 * each.backward for each in found.layers]
