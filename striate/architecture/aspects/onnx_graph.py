"""What a word needs of the ONNX graph that it adds its nodes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

Attribute = int | float | str | Sequence[int]

GRAPH, METADATA = 7, 14  # fields of a model's file: https://github.com/onnx/onnx
WRITTEN_BY_US = b"\x12\x07striate"  # field 2, who wrote it, which stands among the first bytes


class OnnxGraph(Protocol):
    """A graph that grows node by node; everything in it goes by a name.

    Where ONNX and torch differ, or engines read ONNX differently, a word is made of what all of
    them agree on: no ``ceil_mode`` (the padding is worked out instead), no window of even size in
    LRN. Operators: https://onnx.ai/onnx/operators/
    """

    def node(
        self,
        kind: str,
        inputs: Sequence[str],
        result: str,
        attributes: Mapping[str, Attribute] | None = None,
    ) -> str:
        """Add a node of an operator, and return the name of its result."""

    def constant(self, name: str, values: np.ndarray | np.generic) -> str:
        """Hold numbers under a name, and return it."""

    def weight(self, name: str) -> str:
        """Take a weight of the network, float32, by its name as in torch, and return the name."""

    def include(self, weight: str, x: str, result: str) -> str:
        """Take in the nodes of a whole model, whose bytes are a weight of the network.

        Args:
            weight: the name of these bytes, uint8.
            x: the name of what goes into it.
            result: what to call what comes out.
        """


def all_axes(pads: Sequence[int]) -> np.ndarray:
    """Return padding as ``Pad`` takes it: the starts of all four axes, then their ends.

    Args:
        pads: top, left, bottom, right.

    >>> all_axes([1, 2, 3, 4]).tolist()
    [0, 0, 1, 2, 0, 0, 3, 4]
    """
    import numpy as np

    return np.array([0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64)
