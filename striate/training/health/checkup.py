"""A check-up of a network between two epochs: it looks at a few images and changes nothing.

The weights, their gradients, the averages of batch normalisation, the modes, the optimizer and the
generators of random numbers are left as they are, so training ends with the same bits with it and
without.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from striate.backends.precision import CHANNELS_FIRST, Precision
from striate.backends.torch import BATCH_NORMS, eval_mode, normalize
from striate.data.images import Preprocess
from striate.errors import TrainingError
from striate.training.health.figures import Bend, CheckUp, Layer, Normalisation, Values

FLAT = 0.01  # how near to its ends a sigmoid or tanh counts as saturated
KINDS = {
    "relu": (functional.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_),
    "relu6": (functional.relu6, functional.hardtanh),
    "leakyrelu": (functional.leaky_relu,),
    "sigmoid": (functional.sigmoid, torch.sigmoid, Tensor.sigmoid),
    "tanh": (functional.tanh, torch.tanh, Tensor.tanh),
}
NAMES = {function: kind for kind, functions in KINDS.items() for function in functions}
WEIGHTED = (nn.Conv2d, nn.Linear)


@dataclass(frozen=True, eq=False)
class Sample:
    """Some images of each part, decoded; the same at every check-up of a run.

    Attributes:
        train: uint8 (n, channels, height, width), training images as they are.
        labels: int64 (n,), their classes.
        val: uint8, validation images.
    """

    train: np.ndarray
    labels: np.ndarray
    val: np.ndarray


def check_up(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    sample: Sample,
    *,
    preprocess: Preprocess,
    epoch: int,
    rate: float,
    precision: Precision = CHANNELS_FIRST,
) -> CheckUp:
    """Measure a network between two epochs.

    Args:
        module: the network in training.
        optimizer: Adam or AdamW, whose last step is worked out from what it remembers; of others
            the updates are 0.
        sample: the images to look at.
        preprocess: whose mean and std scale them.
        epoch: that is over.
        rate: the learning rate of its last step.
        precision: the number format and memory layout of training.

    >>> from striate.backends.torch import build
    >>> module = build("input 1x4x4 classes=2 > conv 3 > relu > gap > flatten > fc", seed=1)
    >>> noise = np.random.default_rng(0).integers(0, 256, (6, 1, 4, 4), np.uint8)
    >>> sample, adam = Sample(noise, np.array([0, 1] * 3), noise), torch.optim.AdamW
    >>> found = check_up(module, adam(module.parameters()), sample,
    ...                  preprocess=Preprocess(1, 4, 4), epoch=1, rate=0.1)
    >>> [layer.address for layer in found.layers], found.bends[0].after, found.images
    (['conv1', 'fc1'], 'conv1', 6)
    """
    begun = time.perf_counter()
    device = next(module.parameters()).device
    watching, other = _Watching(module), _Watching(module)
    trained = [
        (name, part.weight)
        for name, part in module.named_modules()
        if isinstance(part, WEIGHTED) and part.weight.requires_grad
    ]
    labels = torch.from_numpy(sample.labels).to(device)

    def low() -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16, enabled=precision.name == "bf16")

    def logits_of(pixels: np.ndarray) -> Tensor:
        values = normalize(torch.from_numpy(pixels).float().to(device), preprocess)
        said = module(values.contiguous(memory_format=precision.memory_format))
        if not isinstance(said, Tensor):
            raise TrainingError(f"the network gives {type(said).__name__}; expected one tensor")
        return said.float()

    with eval_mode(module):
        with low(), watching:
            logits = logits_of(sample.train)
        loss = functional.cross_entropy(logits, labels)
        slopes = torch.autograd.grad(loss, [weight for _, weight in trained], allow_unused=True)
        with low(), torch.no_grad(), other:
            logits_of(sample.val)
    return CheckUp(
        epoch=epoch,
        layers=tuple(
            Layer(
                address=name,
                gradient=0.0 if slope is None else _norm(slope),
                weight=_norm(weight.detach()),
                update=_update(optimizer, weight, rate),
            )
            for (name, weight), slope in zip(trained, slopes, strict=True)
        ),
        bends=tuple(watching.bends),
        norms=tuple(watching.norms),
        train=watching.first,
        val=other.first,
        loss=float(loss.detach()),
        accuracy=float((logits.detach().argmax(1) == labels).float().mean()),
        images=len(sample.train),
        seconds=time.perf_counter() - begun,
    )


class _Watching(TorchFunctionMode):
    """Hears layers with weights and batch normalisations, and every activation function called."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.bends: list[Bend] = []
        self.norms: list[Normalisation] = []
        self.first = Values(0.0, 0.0)
        self._module = module
        self._last = ""
        self._handles: list[Any] = []
        self._learning = {
            name: part.training and part.momentum != 0
            for name, part in module.named_modules()
            if isinstance(part, BATCH_NORMS)
        }

    def __enter__(self) -> _Watching:
        for name, part in self._module.named_modules():
            if isinstance(part, WEIGHTED):
                self._handles.append(part.register_forward_hook(self._weighted(name)))
            elif name in self._learning and part.running_mean is not None:
                self._handles.append(part.register_forward_hook(self._norm(name)))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        for handle in self._handles:
            handle.remove()

    def __torch_function__(
        self, function: Any, types: Any, given: Any = (), named: Any = None
    ) -> Any:
        output = function(*given, **(named or {}))
        kind = NAMES.get(function)
        if kind is not None and isinstance(output, Tensor) and output.ndim >= 2:
            with torch.no_grad():
                self.bends.append(_bend(self._last, kind, output.detach().float()))
        return output

    def _weighted(self, name: str) -> Callable[..., None]:
        def hear(part: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
            if not self._last:
                values = given[0].detach().float()
                self.first = Values(float(values.mean()), float(values.std()))
            self._last = name

        return hear

    def _norm(self, name: str) -> Callable[..., None]:
        def hear(part: Any, given: tuple[Tensor, ...], output: Tensor) -> None:
            values = given[0].detach().float()
            axes = [axis for axis in range(values.ndim) if axis != 1]
            var, mean = torch.var_mean(values, axes, correction=0)
            kept, own = part.running_var.float() + part.eps, part.running_mean.float()
            self.norms.append(
                Normalisation(
                    address=name,
                    shift=float(((mean - own).abs() / kept.sqrt()).median()),
                    spread=float(((var + part.eps) / kept).median()),
                    initial=bool((own == 0).all() and (part.running_var == 1).all()),
                    learning=self._learning[name],
                )
            )

        return hear


def _bend(after: str, kind: str, output: Tensor) -> Bend:
    """Say how much of an activation function's output is at rest."""
    flat = output.transpose(0, 1).flatten(1)
    dead, saturated = 0.0, 0.0
    if kind in ("relu", "relu6"):
        dead = float((flat.amax(1) <= 0).float().mean())
    if kind == "relu6":
        saturated = float((flat >= 6).float().mean())
    elif kind == "sigmoid":
        saturated = float(((flat < FLAT) | (flat > 1 - FLAT)).float().mean())
    elif kind == "tanh":
        saturated = float((flat.abs() > 1 - FLAT).float().mean())
    return Bend(after, kind, dead, saturated)


def _norm(values: Tensor) -> float:
    return float(values.float().norm())


def _update(optimizer: torch.optim.Optimizer, weight: Tensor, rate: float) -> float:
    """Work out how far the last step of Adam moved a weight, as a share of its norm.

    The step is rate x m / (sqrt(v) + eps), both moments without their bias to 0: Kingma and Ba
    2014, https://arxiv.org/abs/1412.6980, algorithm 1.
    """
    kept = optimizer.state.get(weight, {})
    if "exp_avg" not in kept:
        return 0.0
    group = next(
        each for each in optimizer.param_groups if any(one is weight for one in each["params"])
    )
    one, two = group["betas"]
    steps = float(kept["step"])
    moment = kept["exp_avg"] / (1 - one**steps)
    size = (kept["exp_avg_sq"] / (1 - two**steps)).sqrt() + group["eps"]
    moved = rate * group.get("share", 1.0) * moment / size
    return _norm(moved) / max(_norm(weight.detach()), 1e-12)
