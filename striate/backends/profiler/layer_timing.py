"""Measures: the network layer by layer and as a whole, and the memory of a step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from statistics import median
from typing import Final

import torch
from torch import Tensor, nn

from striate.architecture.layer_table import summary
from striate.architecture.layer_table.memory import PRECISIONS
from striate.architecture.layer_table.wiring import IMAGE, Node, wire
from striate.architecture.notation import ExpandedNetwork, Leaf, Network, expand
from striate.backends.peak import utilization
from striate.backends.profiler.memory import Ledger
from striate.backends.profiler.result import WARM_UP, LayerProfile, Profile
from striate.backends.torch import build
from striate.errors import SettingError

SECONDS: Final = 30.0  # after which no new round is begun


def profile(
    network: str | Network | ExpandedNetwork,
    *,
    batch: int = 32,
    rounds: int = 5,
    device: str = "auto",
    precision: str = "float32",
) -> Profile:
    """Time each layer of a network, forward and backward, on this machine.

    The network is built anew with random weights, in training mode, and fed random images.

    Args:
        network: a text in the notation, its tree, or its plan, with its input.
        batch: images a round.
        rounds: how many are counted; fewer, but three at least, where they take over 30 s.
        device: "auto", or a device of torch: "cpu", "cuda", "mps".
        precision: "float32", or "bf16" for bf16 arithmetic on float32 weights.

    Raises:
        NotationError: the network breaks a rule, or says no input.
        SettingError: the batch or the rounds are below 1, the device or precision is unknown.

    >>> found = profile("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc", batch=2, rounds=3)
    >>> [layer.name for layer in found.layers], found.rounds
    (['conv1', 'relu1', 'flatten1', 'fc1'], 3)
    """
    if batch < 1 or rounds < 1:
        raise SettingError(f"a batch of {batch} and {rounds} rounds; give at least 1 of each")
    if precision not in PRECISIONS:
        raise SettingError(f"precision '{precision}' is unknown; choose {', '.join(PRECISIONS)}")
    plan = expand(network)
    _refuse_single_values(plan, batch)
    where = _device(device)
    module = build(plan).to(where)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(batch, *plan.input, generator=generator).to(where)

    def arithmetic() -> AbstractContextManager[object]:
        return torch.autocast(where.type, torch.bfloat16, enabled=precision == "bf16")

    peak = _peak(module, images, arithmetic)
    cut = Cut(module, wire(plan))
    wholes: list[tuple[float, float]] = []
    layers: list[list[tuple[float, float]]] = []
    begun = time.perf_counter()
    for number in range(WARM_UP + rounds):
        if number > WARM_UP + 2 and time.perf_counter() - begun > SECONDS:
            break
        wholes.append(_whole(module, images, arithmetic))
        with arithmetic():
            layers.append(cut.round(images))
    counted, rows = wholes[WARM_UP:], layers[WARM_UP:]
    forward = median(forward for forward, _ in counted)
    backward = median(backward for _, backward in counted)
    table = summary(plan)
    operations = 2 * batch * (table.macs + table.backward_macs)
    return Profile(
        layers=tuple(
            LayerProfile(
                step.address,
                str(step.layer),
                median(row[place][0] for row in rows),
                median(row[place][1] for row in rows),
            )
            for place, step in enumerate(plan.layers())
        ),
        forward=forward,
        backward=backward,
        peak_memory=peak,
        batch=batch,
        rounds=len(counted),
        device=_named(where),
        threads=torch.get_num_threads(),
        precision=precision,
        torch=torch.__version__,
        utilization=utilization(operations / (forward + backward), where.type, precision),
    )


def _refuse_single_values(plan: ExpandedNetwork, batch: int) -> None:
    """Refuse a single value a channel where statistics of the batch are taken."""
    leaves = (step for step in plan.layers() if isinstance(step, Leaf))
    for step in leaves:
        if step.layer.uses_batch_statistics and batch * math.prod(step.input[1:]) == 1:
            raise SettingError(
                f"{step.address} gets one value a channel from a batch of 1 and finds no variance "
                "in it; take a batch of 2 or more"
            )


class Cut:
    """A network whose layers are run one by one, each with a graph of its own.

    Args:
        module: the network, as `striate.backends.torch.build` makes it.
        nodes: its layers with their sources.
    """

    def __init__(self, module: nn.Module, nodes: Sequence[Node]) -> None:
        self._module = module
        self._nodes = nodes
        self._modules = [module.get_submodule(node.step.address) for node in nodes]

    def round(self, images: Tensor) -> list[tuple[float, float]]:
        """Run forward and backward; the gradients of the weights are those of the whole.

        Args:
            images: (batch, channels, rows, columns).

        Returns:
            The seconds of each layer, forward and backward.
        """
        self._module.zero_grad()
        inputs: list[list[Tensor]] = []
        outputs: list[Tensor] = []
        forward = []
        for node, module in zip(self._nodes, self._modules, strict=True):
            arriving = [self._arriving(source, images, outputs) for source in node.sources]
            begun = _now(images.device)
            outputs.append(module(*arriving))
            forward.append(_now(images.device) - begun)
            inputs.append(arriving)
        return list(zip(forward, self._backward(inputs, outputs), strict=True))

    def _arriving(self, source: int, images: Tensor, outputs: Sequence[Tensor]) -> Tensor:
        """Give what comes from a source, cut off from it, with a gradient of its own if needed."""
        if source == IMAGE:
            return images
        value = outputs[source].detach()
        return value.requires_grad_(outputs[source].requires_grad)

    def _backward(self, inputs: list[list[Tensor]], outputs: list[Tensor]) -> list[float]:
        gradients: dict[int, Tensor] = {len(outputs) - 1: torch.ones_like(outputs[-1])}
        seconds = [0.0] * len(outputs)
        for place in reversed(range(len(outputs))):
            gradient = gradients.pop(place, None)
            if gradient is None or not outputs[place].requires_grad:
                continue
            begun = _now(gradient.device)
            torch.autograd.backward(outputs[place], gradient)
            seconds[place] = _now(gradient.device) - begun
            for source, value in zip(self._nodes[place].sources, inputs[place], strict=True):
                if value.grad is not None:
                    earlier = gradients.get(source)
                    gradients[source] = value.grad if earlier is None else earlier + value.grad
        return seconds


def _whole(
    module: nn.Module, images: Tensor, arithmetic: Callable[[], AbstractContextManager[object]]
) -> tuple[float, float]:
    """Give the seconds of the whole network, forward and backward."""
    module.zero_grad()
    begun = _now(images.device)
    with arithmetic():
        output = module(images)
    between = _now(images.device)
    torch.autograd.backward(output, torch.ones_like(output))
    return between - begun, _now(images.device) - between


def _peak(
    module: nn.Module, images: Tensor, arithmetic: Callable[[], AbstractContextManager[object]]
) -> int:
    """Give the most bytes that tensors hold in two training steps with AdamW.

    The second step has AdamW's moments from the start. What an operation takes and gives back
    within itself is seen on a GPU only.
    """
    device = images.device
    optimiser = torch.optim.AdamW(module.parameters())
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with Ledger() as ledger:
        ledger.note((*module.parameters(), *module.buffers(), images))
        for _ in range(2):
            with arithmetic():
                loss = module(images).float().square().mean()
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else ledger.most


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
        reason = str(error).splitlines()[0]
        raise SettingError(f"device '{name}' cannot be used: {reason}; choose cpu") from None
    return device


def _named(device: torch.device) -> str:
    name = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    return f"{device.type}{name}"


def _now(device: torch.device) -> float:
    """Read the clock when all that was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()
