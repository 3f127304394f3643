"""Arithmetic that is written into an ONNX graph, a line an operation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.architecture.aspects.onnx_graph import Attribute
from striate.backends.onnx.graph_builder import Building

Value = str | int | float | Sequence[int] | np.ndarray
"""The name of a result, or numbers: whole ones become int64, others float32."""


class Scope:
    """A part of a graph, whose results are numbered behind the part's name.

    Args:
        building: the graph that grows.
        name: of the part, before all names of its results.

    >>> scope = Scope(Building({}), "image")
    >>> scope("Add", "x", 0.5), scope("Floor", "image/1", result="whole")
    ('image/1', 'whole')
    """

    def __init__(self, building: Building, name: str) -> None:
        self._building, self._name, self._count = building, name, 0
        self._held: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def __call__(self, kind: str, *inputs: Value, result: str = "", **attributes: Attribute) -> str:
        """Add an operation, and return the name of its result.

        Args:
            kind: the operator: https://onnx.ai/onnx/operators/
            inputs: what goes in.
            result: what to call the result; a number where left out.
            attributes: the operator's own.
        """
        named = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        self._count += 1
        return self._building.node(kind, named, result or f"{self._name}/{self._count}", attributes)

    def constant(self, value: int | float | Sequence[int] | np.ndarray) -> str:
        """Hold numbers in the graph, the same ones once, and return their name."""
        array = np.asarray(value)
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        key = (array.dtype.name, array.shape, array.tobytes())
        if key not in self._held:
            name = f"{self._name}/constant{len(self._held) + 1}"
            self._held[key] = self._building.constant(name, array)
        return self._held[key]
