"""The feature maps of every layer for one image, and beside them their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from torch import Tensor, nn

from striate.data.images.decoding import Source
from striate.errors import SettingError
from striate.explanation.hooks import gradients_of, record
from striate.explanation.subject import Subject
from striate.explanation.target import Wanted, aim_at
from striate.model.classifier import Classifier

Span = Literal["layer", "block", "network"]
SPANS: Final = ("layer", "block", "network")
NEARLY = 99.5  # per cent of the numbers that lie within a scale
SAMPLED = 2**16  # numbers of a layer that its scale is taken from
POINTWISE = frozenset(
    ("batchnorm2d", "bn", "relu", "relu6", "leakyrelu", "prelu", "sigmoid", "tanh")
)
UNCHANGED = (nn.Dropout, nn.Dropout2d, nn.Flatten, nn.Identity)


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """What one layer gave for the image.

    Attributes:
        address: of the layer.
        word: what it is.
        values: float32 (units, rows, columns), or (units,) for features.
        gradient: of the class's score (or the difference of two) with respect to each of them,
            alike; None where it was not asked for.
    """

    address: str
    word: str
    values: np.ndarray = field(repr=False)
    gradient: np.ndarray | None = field(repr=False)

    @property
    def strength(self) -> np.ndarray:
        """How strong each unit answers: the mean of its positive values, float64 (units,)."""
        positive = np.maximum(self.values, 0)
        axes = tuple(range(1, positive.ndim))
        return np.asarray(positive.mean(axes, dtype=np.float64) if axes else positive, np.float64)

    @property
    def order(self) -> np.ndarray:
        """The units, the strongest first; among those that are silent, the largest value first."""
        largest = self.values.reshape(len(self.values), -1).max(1)
        return np.lexsort((-largest, -self.strength))

    @property
    def silent(self) -> float:
        """The share of units that are 0 or below everywhere."""
        return float((self.values.reshape(len(self.values), -1).max(1) <= 0).mean())

    @property
    def low(self) -> float:
        """The lowest value."""
        return float(self.values.min())

    @property
    def high(self) -> float:
        """The highest value."""
        return float(self.values.max())


@dataclass(frozen=True, eq=False)
class Maps:
    """The maps of one image, layer by layer.

    Attributes:
        layers: in the order in which they work, up to the logits.
        span: what one colour scale spans: "layer", "block" or "network".
        of: the class whose gradients are given; "" without.
        subject: the image.
    """

    layers: tuple[LayerMaps, ...]
    span: Span
    of: str
    subject: Subject = field(repr=False)

    def __getitem__(self, address: str) -> LayerMaps:
        """Give the maps of a layer.

        Raises:
            SettingError: there are none of it.
        """
        for each in self.layers:
            if each.address == address:
                return each
        names = ", ".join(each.address for each in self.layers[:12])
        more = ", ..." if len(self.layers) > 12 else ""
        raise SettingError(f"there are no maps of '{address}'; expected one of {names}{more}")

    @cached_property
    def reaches(self) -> dict[str, float]:
        """The size of a number that has the full colour, by the address of the layer.

        All but 0.5 % of the numbers of the layer, of its block or of the network (`span`) are at
        most so large.
        """
        names = {
            "layer": [each.address for each in self.layers],
            "block": [each.address.partition(".")[0] for each in self.layers],
            "network": ["" for _ in self.layers],
        }[self.span]
        together: dict[str, list[np.ndarray]] = {}
        for name, each in zip(names, self.layers, strict=True):
            flat = each.values.ravel()
            together.setdefault(name, []).append(np.abs(flat[:: 1 + len(flat) // SAMPLED]))
        found = {}
        for name, parts in together.items():
            every = np.concatenate(parts)
            found[name] = float(np.percentile(every, NEARLY)) or float(every.max())
        return {each.address: found[name] for name, each in zip(names, self.layers, strict=True)}

    @property
    def use(self) -> dict[str, np.ndarray]:
        """How strong the units of each layer answer, by its address, as `filters` takes it."""
        return {each.address: each.strength for each in self.layers}

    def as_json(self) -> dict[str, Any]:
        """Give what there is to say of each layer; the maps themselves are arrays."""
        return {
            "of": self.of,
            "span": self.span,
            "layers": [
                {
                    "layer": each.address,
                    "word": each.word,
                    "shape": list(each.values.shape),
                    "low": each.low,
                    "high": each.high,
                    "silent": each.silent,
                    "strength": each.strength.tolist(),
                }
                for each in self.layers
            ],
        }


def maps(
    model: Classifier,
    source: Source | Subject,
    layers: Sequence[str] | None = None,
    *,
    of: Wanted | tuple[Wanted, Wanted] = None,
    gradients: bool = False,
    span: Span = "layer",
) -> Maps:
    """Let one image pass and keep what every layer makes of it.

    Args:
        model: the classifier.
        source: whatever `Classifier.predict` takes.
        layers: addresses; None takes every layer that changes what comes in.
        of: the class whose score the gradients are of, by name or place; None takes the most
            probable; two take the difference of their scores.
        gradients: whether they are given.
        span: what shares a colour scale: the maps of a layer, of a block, or all.

    Raises:
        ImageError: the image cannot be read.
        SettingError: there is no such layer, class or span.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 3 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> found = maps(model, np.eye(8), gradients=True)
    >>> [each.address for each in found.layers], found["relu1"].gradient.shape
    (['conv1', 'relu1', 'gap1', 'fc1'], (3, 8, 8))
    """
    if span not in SPANS:
        raise SettingError(f"span '{span}': expected {', '.join(SPANS)}")
    subject = source if isinstance(source, Subject) else Subject.of(model, source)
    passed = record(model.module, subject.values, layers, gradients=gradients)
    wanted, against = of if isinstance(of, tuple) else (of, None)
    logits = passed.output[0].detach().float().cpu().numpy()
    aim = aim_at(model, wanted, against, logits=logits)
    calls = [
        call
        for call in passed.calls
        if call.output.ndim in (2, 4)
        and (layers is not None or not isinstance(call.module, UNCHANGED))
    ]
    slopes: list[Tensor | None] = [None] * len(calls)
    if gradients:
        slopes[:] = gradients_of(aim.score(passed.output), [call.output for call in calls])
    return Maps(
        layers=tuple(
            LayerMaps(
                address=call.address,
                word=type(call.module).__name__,
                values=_numbers(call.output),
                gradient=None if slope is None else _numbers(slope),
            )
            for call, slope in zip(calls, slopes, strict=True)
        ),
        span=span,
        of=aim.words if gradients else "",
        subject=subject,
    )


def telling(layers: Sequence[tuple[str, str, tuple[int, ...]]]) -> tuple[str, ...]:
    """Choose the layers that tell most: the last with positions of each block.

    A layer that a pointwise one of the same shape follows, as bn and ReLU follow a convolution, is
    left out for that one.

    Args:
        layers: (address, word, shape of the output) in the order in which they work.

    >>> block = [("a.conv1", "conv", (4, 8, 8)), ("a.relu1", "relu", (4, 8, 8))]
    >>> telling([*block, ("conv1", "conv", (4, 8, 8)), ("bn1", "bn", (4, 8, 8))])
    ('a.relu1', 'bn1')
    """
    kept: list[tuple[str, tuple[int, ...]]] = []
    for address, word, shape in layers:
        if len(shape) != 3 or shape[1] * shape[2] < 2 or word.lower() in ("dropout", "identity"):
            continue
        block, _, own = address.rpartition(".")
        if kept and word.lower() in POINTWISE and kept[-1][1] == shape:
            kept.pop()
        # the layers of a sequence are numbered, those of a block have names
        while kept and block and not own.isdecimal() and kept[-1][0].startswith(f"{block}."):
            kept.pop()
        kept.append((address, shape))
    return tuple(address for address, _ in kept)


def _numbers(values: Tensor) -> np.ndarray:
    return np.asarray(values[0].detach().float().cpu().numpy())
