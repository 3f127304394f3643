"""One layer of Keras at work: its settings, its weights, and the words that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from striate.architecture.aspects.torch_reading import Refused
from striate.model.importing.fixed_numbers import cut_at_six
from striate.model.importing.foreign_graph import LOG_SOFTMAX, Arrived, ForeignGraph, Tensors
from striate.model.importing.keras.keras_file import LayerWeights

ACTIVATIONS: Final[Mapping[str, str]] = {
    "linear": "",
    "relu": "relu",
    "relu6": "relu6",
    "softmax": "softmax",
    "log_softmax": LOG_SOFTMAX,
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "hard_sigmoid": "hardsigmoid",
    "hard_silu": "hardswish",
    "hard_swish": "hardswish",
    "leaky_relu": "leakyrelu 0.2",
}
HARD = {"hard_sigmoid", "hard_silu", "hard_swish"}


@dataclass(frozen=True, eq=False)
class KerasLayer:
    """One layer of a model, at work.

    Attributes:
        name: of the layer.
        kind: its class.
        config: its settings.
        major: 2 or 3, of the Keras that saved it.
        graph: takes its words.
        stored: holds its weights.
        notes: what was left out, in words.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    major: int
    graph: ForeignGraph
    stored: LayerWeights
    notes: list[str]

    def add(self, x: Arrived, text: str, tensors: Tensors | None = None) -> Arrived:
        """Return what is behind a word; the order of features stays."""
        value = self.graph.add(self.graph.enter(x, self.name), text, self.name, tensors)
        return Arrived(value, x.order)

    @property
    def place(self) -> str:
        """What it is called in messages."""
        return f"'{self.name}' ({self.kind})"

    def settled(self, x: Arrived) -> Arrived:
        """Return what arrives with the zeros around it as a word of their own."""
        return Arrived(self.graph.enter(x, self.name), x.order) if any(x.zeros) else x

    def refused(self, reason: str) -> Refused:
        """Return the refusal of this layer."""
        return Refused(reason, self.place)

    def pair(self, name: str, otherwise: Any = None) -> tuple[int, int]:
        """Return a setting that is one number or two."""
        given = self.config.get(name)
        given = otherwise if given is None else given
        sides = [given] * 2 if isinstance(given, int) else given
        if not isinstance(sides, list | tuple) or len(sides) != 2:
            raise self.refused(f"its {name} is {given!r}; expected one number or two")
        if not all(type(side) is int and side > 0 for side in sides):
            raise self.refused(f"its {name} is {given!r}; expected whole numbers above 0")
        return sides[0], sides[1]

    def expect(self, name: str, *allowed: Any) -> None:
        """Make sure that a setting has one of the values that have a word."""
        found = self.config.get(name, allowed[0])
        if found not in allowed:
            raise self.refused(f"{name}={found!r} has no word")

    def activated(self, x: Arrived) -> Arrived:
        """Return what its activation makes of its output."""
        given = self.config.get("activation") or "linear"
        if isinstance(given, Mapping):  # Keras 3 writes some as objects
            module, inner = str(given.get("module") or ""), given.get("config")
            own = module.startswith("keras") and not given.get("registered_name")
            given = inner if own and isinstance(inner, str) else str(given.get("class_name"))
        if given not in ACTIVATIONS:
            raise self.refused(f"there is no word for the activation {given!r}")
        if given in HARD and self.major < 3:
            raise self.refused(
                f"there is no word for {given} of Keras 2, which is 0.2 x + 0.5 cut to 0..1; that "
                "of Keras 3, (x + 3) / 6, is another function"
            )
        if given == "log_softmax":
            return replace(x, open=LOG_SOFTMAX)
        if given == "relu6":
            return cut_at_six(self.graph, x, self.name)
        text = ACTIVATIONS[given]
        return self.add(x, text) if text else x
