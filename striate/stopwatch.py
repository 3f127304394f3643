"""How long each layer takes, forward and backward, and how much memory a step, on this machine.

A round runs the network layer by layer, each cut from the others, so that a layer's forward and
backward pass can be timed by itself, in their order and on real values. Beside it the whole
network is run as always; the sum of the layers against that says what cutting costs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import torch
from torch import Tensor, nn

from striate.anatomy.memory import PRECISIONS
from striate.anatomy.wiring import PICTURE, Node, wire
from striate.errors import SettingError
from striate.layers import Bn
from striate.network import build
from striate.notation import Network, Plan, expand
from striate.tables import Table

WARM_UP: Final = 2  # rounds that are not counted
SECONDS: Final = 30.0  # after which no new round is begun


@dataclass(frozen=True)
class LayerTime:
    """How long one layer takes for a batch.

    Attributes:
        name: its address.
        text: the word with its values.
        forward: seconds, the median of the rounds.
        backward: seconds, the median of the rounds; 0 where no gradient passes.
    """

    name: str
    text: str
    forward: float
    backward: float


@dataclass(frozen=True)
class Timing:
    """How long a network takes for a batch, layer by layer and as a whole.

    Attributes:
        layers: every layer, in the order of running.
        forward: seconds of the whole network's forward pass, the median of the rounds.
        backward: seconds of its backward pass.
        peak_memory: bytes by which two training steps with AdamW raised what the process holds,
            or, on a GPU, the most that they held there; None where the system does not say.
        batch: pictures a round.
        rounds: how many were counted.
        device: what computed: "cpu", "cuda (NVIDIA H200)".
        threads: of the CPU.
        precision: "float32" or "bf16".
        torch: its version.
    """

    layers: tuple[LayerTime, ...]
    forward: float
    backward: float
    peak_memory: int | None
    batch: int
    rounds: int
    device: str
    threads: int
    precision: str
    torch: str

    @property
    def sum(self) -> float:
        """Seconds of all layers, forward and backward."""
        return sum(layer.forward + layer.backward for layer in self.layers)

    def as_json(self) -> dict[str, object]:
        """Give it as plain values."""
        layers = [vars(layer) for layer in self.layers]
        return {**vars(self), "layers": layers, "sum": self.sum}

    def table(self) -> Table:
        """Give a row a layer: milliseconds, and its share of the sum."""
        rows = tuple(
            (
                layer.name,
                layer.text,
                f"{1000 * layer.forward:.2f}",
                f"{1000 * layer.backward:.2f}" if layer.backward else "",
                f"{(layer.forward + layer.backward) / self.sum:.1%}",
            )
            for layer in self.layers
        )
        header = ("layer", "what it is", "forward ms", "backward ms", "share")
        return Table(header, rows, set(header[2:]))

    @property
    def totals(self) -> str:
        """Say how long the whole takes, and how it was measured."""
        whole = self.forward + self.backward
        memory = (
            "the memory of a step is not known on this system"
            if self.peak_memory is None
            else f"two training steps with AdamW took {self.peak_memory / 1e6:,.0f} MB of memory"
        )
        return (
            f"the whole network: {1000 * self.forward:.2f} ms forward, "
            f"{1000 * self.backward:.2f} ms backward ({self.backward / self.forward:.2f} times as "
            f"long), {self.batch / whole:,.0f} pictures a second; the layers by themselves sum to "
            f"{self.sum / whole:.0%} of that\n{memory}\n"
            f"medians of {self.rounds} rounds after {WARM_UP} to warm up, {self.batch} pictures "
            f"each, {self.precision}, {self.device}, {self.threads} CPU threads, torch {self.torch}"
        )

    def __str__(self) -> str:
        return f"{self.table()}\n\n{self.totals}"

    def _repr_html_(self) -> str:
        return f"{self.table().html()}<p>{self.totals}</p>"


def measure(
    network: str | Network | Plan,
    *,
    batch: int = 32,
    rounds: int = 5,
    device: str = "auto",
    precision: str = "float32",
) -> Timing:
    """Time each layer of a network, forward and backward, on this machine.

    The network is built anew with random weights, in training mode, and fed random pictures.

    Args:
        network: a text in the notation, its tree, or its plan, with its input.
        batch: pictures a round.
        rounds: how many are counted; fewer, but three at least, where they take over 30 s.
        device: "auto", or a device of torch: "cpu", "cuda", "mps".
        precision: "float32", or "bf16" for bf16 arithmetic on float32 weights.

    Raises:
        NotationError: the network breaks a rule, or says no input.
        SettingError: the batch or the rounds are below 1, the device or precision is unknown.

    >>> timing = measure("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc", batch=2, rounds=3)
    >>> [layer.name for layer in timing.layers], timing.rounds
    (['conv1', 'relu1', 'flatten1', 'fc1'], 3)
    """
    if batch < 1 or rounds < 1:
        raise SettingError(f"a batch of {batch} and {rounds} rounds; give at least 1 of each")
    if precision not in PRECISIONS:
        raise SettingError(f"precision '{precision}' is unknown; choose {', '.join(PRECISIONS)}")
    plan = network if isinstance(network, Plan) else expand(network)
    _refuse_single_values(plan, batch)
    where = _device(device)
    held = _held(where)
    module = build(plan).to(where)
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(batch, *plan.input, generator=generator).to(where)

    def arithmetic() -> AbstractContextManager[object]:
        return torch.autocast(where.type, torch.bfloat16, enabled=precision == "bf16")

    peak = _peak(module, pictures, arithmetic, held)
    cut = Cut(module, wire(plan))
    wholes: list[tuple[float, float]] = []
    layers: list[list[tuple[float, float]]] = []
    begun = time.perf_counter()
    for number in range(WARM_UP + rounds):
        if number > WARM_UP + 2 and time.perf_counter() - begun > SECONDS:
            break
        wholes.append(_whole(module, pictures, arithmetic))
        with arithmetic():
            layers.append(cut.round(pictures))
    counted, rows = wholes[WARM_UP:], layers[WARM_UP:]
    return Timing(
        layers=tuple(
            LayerTime(
                step.address,
                str(step.layer),
                median(row[place][0] for row in rows),
                median(row[place][1] for row in rows),
            )
            for place, step in enumerate(plan.layers())
        ),
        forward=median(forward for forward, _ in counted),
        backward=median(backward for _, backward in counted),
        peak_memory=peak,
        batch=batch,
        rounds=len(counted),
        device=_named(where),
        threads=torch.get_num_threads(),
        precision=precision,
        torch=torch.__version__,
    )


def _refuse_single_values(plan: Plan, batch: int) -> None:
    """See that bn gets more than one value a channel, of which alone it finds no variance."""
    for step in plan.layers():
        if isinstance(step.layer, Bn) and batch * math.prod(step.input[1:]) == 1:
            raise SettingError(
                f"{step.address} gets one value a channel from a batch of 1 and finds no variance "
                "in it; take a batch of 2 or more"
            )


class Cut:
    """A network whose layers are run one by one, each with a graph of its own.

    Args:
        module: the network, as `striate.network.build` makes it.
        nodes: its layers with their sources.
    """

    def __init__(self, module: nn.Module, nodes: Sequence[Node]) -> None:
        self._module = module
        self._nodes = nodes
        self._modules = [module.get_submodule(node.step.address) for node in nodes]

    def round(self, pictures: Tensor) -> list[tuple[float, float]]:
        """Run forward and backward; the gradients of the weights are those of the whole.

        Args:
            pictures: (batch, channels, rows, columns).

        Returns:
            The seconds of each layer, forward and backward.
        """
        self._module.zero_grad()
        inputs: list[list[Tensor]] = []
        outputs: list[Tensor] = []
        forward = []
        for node, module in zip(self._nodes, self._modules, strict=True):
            arriving = [self._arriving(source, pictures, outputs) for source in node.sources]
            begun = _now(pictures.device)
            outputs.append(module(*arriving))
            forward.append(_now(pictures.device) - begun)
            inputs.append(arriving)
        return list(zip(forward, self._backward(inputs, outputs), strict=True))

    def _arriving(self, source: int, pictures: Tensor, outputs: Sequence[Tensor]) -> Tensor:
        """Give what comes from a source, cut off from it, with a gradient of its own if needed."""
        if source == PICTURE:
            return pictures
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
            outputs[place].backward(gradient)
            seconds[place] = _now(gradient.device) - begun
            for source, value in zip(self._nodes[place].sources, inputs[place], strict=True):
                if value.grad is not None:
                    earlier = gradients.get(source)
                    gradients[source] = value.grad if earlier is None else earlier + value.grad
        return seconds


def _whole(
    module: nn.Module, pictures: Tensor, arithmetic: Callable[[], AbstractContextManager[object]]
) -> tuple[float, float]:
    """Give the seconds of the whole network, forward and backward."""
    module.zero_grad()
    begun = _now(pictures.device)
    with arithmetic():
        output = module(pictures)
    between = _now(pictures.device)
    output.backward(torch.ones_like(output))
    return between - begun, _now(pictures.device) - between


def _peak(
    module: nn.Module,
    pictures: Tensor,
    arithmetic: Callable[[], AbstractContextManager[object]],
    held: int | None,
) -> int | None:
    """Give the memory that two training steps need: the second has AdamW's moments from the start.

    Args:
        module: the network.
        pictures: a batch.
        arithmetic: the precision.
        held: bytes in use before the network was there.
    """
    optimiser = torch.optim.AdamW(module.parameters())
    for _ in range(2):
        with arithmetic():
            loss = module(pictures).float().square().mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)  # type: ignore[no-untyped-call]
        optimiser.step()
    if pictures.device.type == "cuda":
        return torch.cuda.max_memory_allocated(pictures.device)
    most = _status("VmHWM")
    return None if held is None or most is None else most - held


def _held(device: torch.device) -> int | None:
    """Give the bytes in use now, and let the system count its peak from here on."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return 0
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # see man 5 proc
    except OSError:  # no Linux, or one that does not allow it
        return None
    return _status("VmRSS")


def _status(name: str) -> int | None:
    """Read bytes from Linux's account of this process."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = [line.split()[1] for line in lines.splitlines() if line.startswith(f"{name}:")]
    return int(found[0]) * 1024 if found else None


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
