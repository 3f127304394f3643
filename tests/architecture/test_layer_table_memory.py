"""What training keeps, beside what torch keeps: its saved tensors are the oracle."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from networks_strategy import fitting, networks
from thoroughness import slow_if
from torch import Tensor

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.architecture.notation import ExpandedNetwork, expand
from striate.backends.torch import build
from striate.errors import SettingError


def saved_bytes(plan: ExpandedNetwork, batch: int, *, bf16: bool = False) -> int:
    """Bytes that torch keeps between forward and backward, the parameters themselves aside."""
    module = build(plan)
    own = {p.untyped_storage().data_ptr() for p in (*module.parameters(), *module.buffers())}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        bare = tensor.detach()  # a node that kept what leads back to it would never be freed
        return kept.setdefault(bare.untyped_storage().data_ptr(), bare)

    values = torch.randn(batch, *plan.input, generator=torch.Generator().manual_seed(0))
    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=bf16),
    ):
        output = module(values)
    assert output.grad_fn is not None
    return sum(
        tensor.untyped_storage().nbytes() for pointer, tensor in kept.items() if pointer not in own
    )


@pytest.mark.parametrize(
    ("name", "side", "batch"),
    [
        ("lenet5", 32, 4),
        pytest.param("alexnet", 224, 2, marks=pytest.mark.slow),
        pytest.param("vgg11", 224, 1, marks=pytest.mark.slow),
        ("squeezenet1_1", 224, 1),
        ("resnet18", 224, 1),
        ("mobilenet_v2", 96, 2),
        ("densenet121", 64, 2),
        ("googlenet2014", 96, 2),
        ("inception_v3", 155, 2),
    ],
)
def test_what_training_keeps_is_what_torch_keeps(name: str, side: int, batch: int) -> None:
    channels = 1 if name == "lenet5" else 3
    plan = expand(zoo.text(name), input=(channels, side, side))
    assert summary(plan).training_memory(batch).activations == saved_bytes(plan, batch)


@pytest.mark.parametrize("norm", ["layernorm", "bn"])
def test_flatten_copies_nothing_behind_a_norm(norm: str) -> None:
    plan = expand(f"input 2x5x7 classes=3 > conv 4 > {norm} > maxpool 2 > relu > flatten > fc")
    assert summary(plan).training_memory(2).activations == saved_bytes(plan, 2)


@pytest.mark.parametrize(
    "body",
    [
        "slice 1 3 > conv 4 > relu",
        "cat(slice 0 1 > conv 2 | slice 2 5 > conv 3)",
        "conv 4 > relu > avgpool 3/1 pad=end countpad=no",
        "conv 4 > relu > avgpool 3x2 stride=2 pad=1:0:0:1 countpad=no > conv 2",
    ],
)
def test_slices_of_the_image_and_means_over_what_is_there(body: str) -> None:
    plan = expand(f"input 5x8x9 classes=3 > {body} > flatten > fc")
    assert summary(plan).training_memory(2).activations == saved_bytes(plan, 2)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_it_is_so_for_any_network(text: str) -> None:
    plan = fitting(text)
    assert plan is not None
    table = summary(plan)
    if table.parameters:
        assert table.training_memory(2).activations == saved_bytes(plan, 2)


@pytest.mark.parametrize(
    "name", slow_if(["lenet5", "vgg11", "resnet18", "mobilenet_v2", "googlenet"])
)
def test_with_bf16_it_is_what_autocast_keeps(name: str) -> None:
    side = 32 if name == "lenet5" else 64
    plan = expand(zoo.text(name), input=(1 if name == "lenet5" else 3, side, side))
    table = summary(plan)
    memory = table.training_memory(2, precision="bf16")
    copies = memory.weights - 4 * table.parameters
    assert memory.activations + copies == saved_bytes(plan, 2, bf16=True)


def test_a_training_step_holds_weights_gradients_and_moments() -> None:
    plan = expand(zoo.text("lenet5"))
    module = build(plan)
    optimiser = torch.optim.AdamW(module.parameters())
    module(torch.zeros(3, *plan.input)).sum().backward()
    optimiser.step()
    memory = summary(plan).training_memory(3)
    assert memory.weights == sum(p.nbytes for p in module.parameters())
    assert memory.gradients == sum(p.grad.nbytes for p in module.parameters() if p.grad is not None)
    moments = [
        value for state in optimiser.state.values() for value in state.values() if value.dim() > 0
    ]
    assert memory.moments == sum(value.nbytes for value in moments)
    parts = (memory.weights, memory.gradients, memory.moments, memory.activations)
    assert memory.total == sum(parts)


def test_the_memory_of_a_batch_that_cannot_be_is_refused() -> None:
    table = summary("input 1x8x8 classes=2 > flatten > fc")
    with pytest.raises(SettingError, match="a batch of 0 has no image"):
        table.training_memory(0)
    with pytest.raises(SettingError, match="choose float32 or bf16"):
        table.training_memory(1, precision="fp8")
