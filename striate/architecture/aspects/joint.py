"""A word that joins branches: all that it says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from striate.architecture.aspects.output_size import Shape

if TYPE_CHECKING:
    import torch

    from striate.architecture.aspects.numpy_pass import Array, Joined
    from striate.architecture.aspects.onnx_graph import OnnxGraph
    from striate.architecture.aspects.program_call import Applied
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms


@dataclass(frozen=True)
class JoinRules:
    """What a join is read from.

    Attributes:
        targets: functions, and names of methods of a tensor.
        does: what it does, for messages: "sums tensors".
        operands: takes the arguments, by place and by name; gives what is joined, one where
            nothing is joined at all.
    """

    targets: Collection[object]
    does: str
    operands: Callable[[Sequence[object], Mapping[str, object]], tuple[object, ...]]


@dataclass(frozen=True)
class Joint(ABC):
    """A word that makes one of several branches; it learns nothing.

    Attributes:
        word: how the notation writes it.
        aliases: what other libraries and papers call it.
        nests: whether joining what was joined before is one join of all: add(a | b | c).
        gates: whether a branch of one place that has seen the whole image scales the others.
        accumulates: whether torch modules keep a list of maps and join all of it before each
            layer; then what was joined before takes the place of the maps at its front.
    """

    word: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    nests: ClassVar[bool] = False
    gates: ClassVar[bool] = False
    accumulates: ClassVar[bool] = False

    @abstractmethod
    def output(self, shapes: Sequence[Shape]) -> Shape:
        """Return what comes out where the branches give ``shapes``.

        Raises:
            NotationError: they do not fit each other.
        """

    def output_formula(self, shapes: Sequence[Shape]) -> str:
        """Return what comes out as arithmetic; empty where there is nothing to calculate."""
        return ""

    @abstractmethod
    def torch_forward(self, branches: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return what the branches make, in torch."""

    @abstractmethod
    def onnx_nodes(self, branches: Sequence[str], address: str, graph: OnnxGraph) -> str:
        """Add its nodes to an ONNX graph, and return the name of what comes out."""

    @abstractmethod
    def numpy_pass(self, branches: Sequence[Array]) -> Joined:
        """Return what the branches make, and the function that parts a gradient among them."""

    @abstractmethod
    def torch_code(self, branches: Sequence[str]) -> Applied:
        """Return the PyTorch expression that joins variables."""

    @abstractmethod
    def keras_code(self, branches: Sequence[str]) -> Applied:
        """Return the Keras expression that joins variables."""

    @abstractmethod
    def worked_sum(self, call: AtWork, place: Place) -> Terms:
        """Return how one number comes about: unit, row and column of ``place``."""

    @classmethod
    @abstractmethod
    def torch_rules(cls) -> JoinRules:
        """Return the functions of torch that it is read from."""

    def __str__(self) -> str:
        return self.word
