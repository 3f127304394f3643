"""The gradient of a class in the image, and two ways back that change it at every activation.

gradient         as it is. Simonyan, Vedaldi and Zisserman 2013, https://arxiv.org/abs/1312.6034
deconvolution    back through a relu goes what is above 0, whatever went forward. Zeiler and Fergus
                 2013, https://arxiv.org/abs/1311.2901
guided-backprop  both: what is above 0, times the slope. Springenberg et al. 2014, section 3.4,
                 https://arxiv.org/abs/1412.6806

The papers know relu alone. The rule holds here for every word that has a slope below zero, relu and
its kin, where the slope is the word's own derivative: it is changed in the step itself, whatever
else the same numbers go into, and whether a module or a function takes it. Other activations pass
the gradient as it is, and are named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from striate.architecture.aspects.activation import Activation
from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.aspects.word import Layer, Reader, Words
from striate.architecture.words import WORDS, Prelu
from striate.errors import SettingError
from striate.explanation.hooks import Recording, check_gradient, gradients_of, record
from striate.explanation.target import Target

BACKWARD_METHODS: Final = ("gradient", "deconvolution", "guided-backprop")
CHANGED: Final = BACKWARD_METHODS[1:]

# Activations of torch that are no words; their names, not their slopes, are what is known of them.
FOREIGN: Final = (
    *(functional.elu, functional.selu, functional.celu, functional.mish, functional.softplus),
    *(functional.rrelu, functional.threshold, functional.logsigmoid, functional.softsign),
    *(functional.tanhshrink, functional.hardshrink, functional.softshrink, functional.glu),
)


@dataclass(frozen=True, eq=False)
class BackwardPass:
    """What came back to the image.

    Attributes:
        image: float32 (channels, rows, columns), with its signs.
        least: the same for the class that is least probable.
        least_index: which class that is.
        changed: the words whose way back was changed.
        unchanged: the activations that passed the gradient as it is.
    """

    image: Tensor
    least: Tensor
    least_index: int
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def map(self) -> Tensor:
        """Its size, added over the channels: float32 (rows, columns), never below 0."""
        return self.image.abs().sum(0)

    @property
    def cosine(self) -> float:
        """How alike both are: 1 where the map does not depend on the class."""
        flat = self.image.flatten(), self.least.flatten()
        return float(functional.cosine_similarity(*flat, dim=0))

    @property
    def words(self) -> str:
        """What was done to which activations."""
        if not self.changed:
            return "the gradient of the logit, as it is"
        others = f"; {', '.join(self.unchanged)} pass it as it is" if self.unchanged else ""
        return f"the way back is changed at {', '.join(self.changed)}{others}"


def go_back(module: nn.Module, values: Tensor, target: Target, *, method: str) -> BackwardPass:
    """Return what comes back to the image from the score of a class.

    Args:
        module: the network.
        values: float (1, channels, rows, columns), normalised.
        target: which class, or which against which.
        method: "gradient", "deconvolution" or "guided-backprop".

    Raises:
        SettingError: the network has no activation that the method knows, or cuts the way back.

    >>> layer = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False), nn.ReLU())
    >>> with torch.no_grad():
    ...     _ = layer[1].weight.copy_(torch.tensor([[1.0, -2.0], [3.0, 1.0]]))
    >>> found = go_back(layer, torch.ones(1, 1, 1, 2), Target(1, 0, ""), method="deconvolution")
    >>> found.image.flatten().tolist(), found.words  # 3 and 1 come back; -1 times (1, -2) does not
    ([3.0, 1.0], 'the way back is changed at relu')
    """
    passed, rule = _pass(module, values, method)
    least = int(passed.output[0].argmin())
    if least == target.index and target.against is None:
        least = int(passed.output[0].argmax())
    (own,) = gradients_of(target.score(passed.output), [passed.input])
    (other,) = gradients_of(passed.output[:, least], [passed.input])
    return BackwardPass(
        own[0].float().cpu(),
        other[0].float().cpu(),
        least,
        tuple(sorted(rule.changed)),
        tuple(sorted(rule.unchanged)),
    )


def check_backward(module: nn.Module, values: Tensor, *, method: str) -> None:
    """Raise what `go_back` would, without going back; arguments as there."""
    passed, _ = _pass(module, values, method)
    check_gradient(passed.output[:, 0], [passed.input])


def _pass(module: nn.Module, values: Tensor, method: str) -> tuple[Recording, _Rule]:
    """Let an image pass, so that the way back is that of the method."""
    rule = _Rule(guided=method == "guided-backprop")
    if method == "gradient":
        return record(module, values, [], gradients=True), rule
    with rule:
        passed = record(module, values, [], gradients=True)
    if not rule.changed:
        met = f" (it has {', '.join(sorted(rule.unchanged))})" if rule.unchanged else ""
        raise SettingError(
            f"{method} changes the way back through {', '.join(_known_words())}, and the "
            f"network has none of them{met}: its map would be that of method 'gradient'"
        )
    return passed, rule


class _Rule(TorchFunctionMode):
    """Meanwhile the activations that are computed have another way back, with the same values."""

    def __init__(self, *, guided: bool) -> None:
        super().__init__()
        self._guided = guided
        self.changed: set[str] = set()
        self.unchanged: set[str] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given: dict[str, Any] = dict(kwargs or {})
        if not args or func not in _functions() or not args[0].requires_grad:
            return func(*args, **given)
        x, *rest = args
        own, read = func.__name__, _functions()[func]
        shape = tuple(x.shape[1:])
        name, known = _named(own, read and (lambda: read(shape, *rest, **given)))
        if not known:
            self.unchanged.add(name)
            return func(*args, **given)
        self.changed.add(name)
        in_place = given.pop("inplace", False) or own.endswith("_")
        plain = getattr(torch, own[:-1]) if own.endswith("_") else func

        def step(x: Tensor) -> Tensor:
            found: Tensor = plain(x, *rest, **given)
            return found

        y: Tensor = _Changed.apply(x, step, self._guided)  # type: ignore[no-untyped-call]
        return x.copy_(y) if in_place else y


class _Changed(torch.autograd.Function):
    """A step that computes what it always does, and lets back only what is above 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, step: Callable[[Tensor], Tensor], guided: bool) -> Tensor:
        ctx.save_for_backward(x.clone())  # a later step may work in place
        ctx.step, ctx.guided = step, guided
        return step(x)

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        positive = slopes[0].clamp(min=0)
        if not ctx.guided:
            return positive, None, None
        with torch.enable_grad():
            x = ctx.saved_tensors[0].detach().requires_grad_()
            (own,) = torch.autograd.grad(ctx.step(x).sum(), x)
        return positive * own, None, None


@cache
def _functions() -> Mapping[Callable[..., object], Reader | None]:
    """Return what an activation may be called by, and what reads its word; None has no word."""
    found: dict[Callable[..., object], Reader | None] = dict.fromkeys(FOREIGN)
    for word in _activations():
        rules = word.torch_rules()
        found |= rules.functions
        found |= {getattr(Tensor, name): read for name, read in rules.methods.items()}
    return {**found, torch.prelu: lambda shape, weight: Prelu()}


def _activations() -> list[type[Activation]]:
    return [word for word in WORDS.values() if issubclass(word, Activation)]


def _named(own: str, read: Callable[[], Words] | None) -> tuple[str, bool]:
    """Return the name of an activation, and whether a slope below zero makes it kin of relu.

    Args:
        own: what the function is called in torch.
        read: gives its word, or refuses; None where it has none.
    """
    if read is None:
        return own, False
    try:
        word = read()
    except Refused:
        return own, False
    if not isinstance(word, Layer):
        return own, False
    return word.word, word.negative_slope is not None


def _known_words() -> list[str]:
    return [each.word for each in _activations() if each().negative_slope is not None]
