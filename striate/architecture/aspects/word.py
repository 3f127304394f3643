"""A word of the notation: all that it says of itself, asked by whatever works with networks.

A word is a frozen dataclass that derives from `Layer`; what it must say is abstract there, what it
may say has a default. Backends name no word: they ask.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from striate.architecture.aspects.output_size import Shape, Window, short, text_of
from striate.architecture.aspects.torch_reading import Refused
from striate.errors import NotationError

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.border_reading import Border
    from striate.architecture.aspects.connection_table import ConnectionTable
    from striate.architecture.aspects.numpy_pass import Array, Result, Visit
    from striate.architecture.aspects.onnx_graph import OnnxGraph
    from striate.architecture.aspects.program_call import ProgramCall
    from striate.architecture.aspects.worked_sum import WorkedSum


class Kind(Enum):
    """What an argument may be, in the words of an error message."""

    WHOLE = "a whole number such as 64"
    SIZE = "a size such as 3x3"
    PAIR = "a number such as 2 or a size such as 2x2"
    PADDING = "same, end, valid, a number such as 1, a size such as 1x1 or four sides as 0:1:0:1"
    DECIMAL = "a number such as 0.5"
    SWITCH = "yes or no"
    BORDER = "zero or edge"
    TABLE = "rows of channels such as 01_12_02, a digit a channel that is read"


LEAST: Final = {Kind.WHOLE: 1, Kind.SIZE: 1, Kind.PAIR: 1, Kind.PADDING: 0}


@dataclass(frozen=True)
class Leaf:
    """One layer of a network.

    Attributes:
        address: as in ``conv3`` or ``next12.conv2``.
        layer: the word with its values.
        input: the shape that goes in.
        output: the shape that comes out.
    """

    address: str
    layer: Layer
    input: Shape
    output: Shape


@dataclass(frozen=True)
class BackwardNeeds:
    """What the forward pass of one layer keeps for its backward pass, as torch does it.

    Attributes:
        map: which of its maps; a map that two layers need is kept once.
        values: other numbers, for each image.
        places: places within maps, for each image.
        statistics: numbers for the whole batch.
    """

    map: Literal["input", "output", "none"] = "none"
    values: int = 0
    places: int = 0
    statistics: int = 0


@dataclass(frozen=True)
class OnTensors:
    """How a word is read from a function that is given the tensors of a layer, one by one.

    Attributes:
        tensors: the arguments that must be the tensors of these names of one layer.
        told: what these are, for messages.
        read: takes the shape that arrives and the other arguments, by name; of those that are
            tensors it is given the sizes.
        last: whether it takes maps whose channels stand last.
        optional: tensors that may be None.
        parameters: what the function takes, with the defaults, where Python cannot say it.
    """

    tensors: tuple[str, ...]
    told: str
    read: Reader
    last: bool = False
    optional: tuple[str, ...] = ()
    parameters: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class TorchRules:
    """What a word is read from; each reader gives the words, or raises `Refused`.

    Attributes:
        modules: by class: takes the shape that arrives and the module.
        functions: takes what the function takes, with the shape that arrives in the place of
            the tensor.
        methods: the same of the methods of a tensor.
        on_tensors: functions that are given the weights of a layer besides.
        last_modules: like modules, of maps whose channels stand last.
        on_parameter: functions of a tensor and of a parameter of the module that is read: takes
            the shape that arrives and the sizes of the parameter.
        several: functions and methods that give several tensors, and the words of each.
    """

    modules: Mapping[type[nn.Module], Reader] = field(default_factory=dict)
    functions: Mapping[Any, Reader] = field(default_factory=dict)
    methods: Mapping[str, Reader] = field(default_factory=dict)
    on_tensors: Mapping[Any, OnTensors] = field(default_factory=dict)
    last_modules: Mapping[type[nn.Module], Reader] = field(default_factory=dict)
    on_parameter: Mapping[Any, Reader] = field(default_factory=dict)
    several: Mapping[Any, Callable[..., Sequence[Words]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Layer(ABC):
    """One word with its values; where nothing is said, it changes no shape and costs nothing.

    Attributes:
        word: how the notation writes it.
        arguments: every argument and what it may be.
        bare: those that may be given bare, in this order.
        named: those that may be given as ``name=value``.
        example: how it is written, for messages; the word alone where it is empty.
        aliases: what other libraries and papers call it, in small letters without spaces.
        starts: what the numbers that it keeps start with, where that is not 0.
        is_activation: whether it bends what a layer gives, and so belongs to the layer before it.
        pointwise: whether it changes each number by itself, given the layer before it.
        elementwise: whether it does the same to every number, wherever it stands.
        draws: whether it draws random numbers in training.
        never_negative: whether no number that comes out is below 0.
        uses_batch_statistics: whether it normalises by those of the batch in training.
        opaque: whether its inside is not known, so that no gradient and no program comes of it.
    """

    word: ClassVar[str]
    arguments: ClassVar[Mapping[str, Kind]] = {}
    bare: ClassVar[tuple[str, ...]] = ()
    named: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[str] = ""
    aliases: ClassVar[tuple[str, ...]] = ()
    starts: ClassVar[Mapping[str, float]] = {}
    is_activation: ClassVar[bool] = False
    pointwise: ClassVar[bool] = False
    elementwise: ClassVar[bool] = False
    draws: ClassVar[bool] = False
    never_negative: ClassVar[bool] = False
    uses_batch_statistics: ClassVar[bool] = False
    opaque: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in self.arguments:
            self.check(name, getattr(self, name))

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """Make sure that the value of one argument is in its range.

        Raises:
            NotationError: it is not; the message says what would be.
        """
        least = LEAST.get(cls.arguments[name])
        if least is None or value is None or isinstance(value, str):
            return
        sides = value if isinstance(value, tuple) else (value,)
        if any(isinstance(side, int) and side < least for side in sides):
            raise NotationError(
                f"{cls.word} got {name}={short(value)}, but it must be at least {least}"
            )

    # Shapes and costs.

    def output(self, shape: Shape) -> Shape:
        """Return the shape that comes out where ``shape`` goes in.

        Raises:
            NotationError: it does not fit.
        """
        return shape

    def tensors(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of what it keeps, by name as in torch: weight, bias, running_mean."""
        return {}

    def parameters(self, shape: Shape) -> int:
        """Return how many numbers it learns where ``shape`` goes in."""
        return 0

    def parameters_formula(self, shape: Shape) -> str:
        """Return that as arithmetic; asked of words that learn."""
        raise NotImplementedError(f"{self.word} learns, but its formula is not written")

    def macs(self, shape: Shape) -> int:
        """Return the multiply-accumulates for one image, of conv and fc alone, without bias."""
        return 0

    def macs_formula(self, shape: Shape) -> str:
        """Return that as arithmetic; asked of words that multiply."""
        raise NotImplementedError(f"{self.word} multiplies, but its formula is not written")

    def output_formula(self, shape: Shape) -> str:
        """Return the size of its output as arithmetic, where that is not a matter of its window."""
        return ""

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return what the forward pass keeps for the backward pass.

        Args:
            leaf: its place in the network.
            gradient: whether anything before it learns, so that its input gets a gradient.
        """
        return BackwardNeeds()

    # What kind of word it is.

    def window_on(self, shape: Shape) -> Window | None:
        """Return how it slides over maps of a shape.

        None where it looks at one place alone, or at all of it.
        """
        return None

    @property
    def partial_windows(self) -> bool:
        """Whether the last incomplete window counts, torch's ``ceil_mode``."""
        return False

    @property
    def sees_all(self) -> bool:
        """Whether every number that comes out may depend on the whole image."""
        return False

    @property
    def width(self) -> int | None:
        """How many channels or features its weights make; None where it multiplies by none."""
        return None

    @property
    def channel_groups(self) -> int:
        """The groups that its channels are divided into, each with weights of its own."""
        return 1

    @property
    def negative_slope(self) -> float | None:
        """Its slope below zero, of relu and its kin; None of all other words.

        The weights before it start accordingly: He et al. 2015, https://arxiv.org/abs/1502.01852
        """
        return None

    @property
    def keeps_weight(self) -> bool:
        """Whether its weight is drawn once, of -1 and 1, and does not learn."""
        return False

    @property
    def channel_table(self) -> ConnectionTable | None:
        """Which arriving channels each channel reads; None where each reads all of its group."""
        return None

    def hands_on(self, *, training: bool) -> bool:
        """Return whether what comes out are the same numbers, in the same memory."""
        return False

    def for_classes(self) -> str:
        """Return it as text with ``classes`` in the place of its units; asked where it has some."""
        raise NotImplementedError(f"{self.word} has no units that could be as many as the classes")

    def behind_border(self, border: Border, shape: Shape) -> Layer:
        """Return the word that also pads as a torch module does before it.

        Args:
            border: the padding.
            shape: what arrives before it.

        Raises:
            Refused: it cannot pad so.
        """
        raise Refused("padding by itself has no word; it belongs to the conv or pool behind it")

    # What it is elsewhere.

    @abstractmethod
    def torch_module(self, shape: Shape) -> nn.Module:
        """Return the torch module for an input of a shape; its weights are drawn elsewhere."""

    @abstractmethod
    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add its nodes to an ONNX graph, and return the name of what comes out.

        Args:
            leaf: its place in the network; the result is called by its address.
            x: the name of what goes in.
            graph: takes nodes, constants and weights.
        """

    @abstractmethod
    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Return what comes out of x, and the function that takes a gradient back through it.

        Args:
            x: (batch, channel, row, column), or (batch, feature).
            visit: its numbers, and what else it may use.
        """

    @abstractmethod
    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return the calls of PyTorch that it is, none or several."""

    @abstractmethod
    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return the calls of Keras that it is, exact where Keras itself has no such layer.

        Keras pads unevenly where a stride meets "same", knows no last incomplete windows, and
        averages padding differently; padding is a call of its own wherever that matters.
        """

    @classmethod
    @abstractmethod
    def torch_rules(cls) -> TorchRules:
        """Return the modules and functions of torch that it is read from."""

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return how one number of its torch modules comes about, by the class of the module."""
        return {}

    @classmethod
    def defaults(cls) -> dict[str, object]:
        """Return what the arguments are where they are left out, without those that must be given.

        >>> from striate.architecture.words import Conv
        >>> Conv.defaults()["kernel"], "channels" in Conv.defaults()
        ((3, 3), False)
        """
        return {f.name: f.default for f in fields(cls) if f.default is not MISSING}

    def __str__(self) -> str:
        parts = [self.word]
        for name in self.bare:
            value = getattr(self, name)
            if name not in self.named and value is not None:
                exact = self.arguments[name] is Kind.SIZE
                parts.append(text_of(value) if exact else short(value))
        defaults = self.defaults()
        for name in self.named:
            value = getattr(self, name)
            if value != defaults.get(name):
                parts.append(f"{name}={'valid' if _is_valid(name, value) else short(value)}")
        return " ".join(parts)


def _is_valid(name: str, value: object) -> bool:
    return name == "pad" and value == (0, 0)


Words = Layer | tuple[Layer, ...]
Reader = Callable[..., Words]


def maps(layer: Layer, shape: Shape) -> tuple[int, int, int]:
    """Return a shape as (channels, rows, columns), for a word that works on maps alone.

    Raises:
        NotationError: features arrive instead of maps.
    """
    if len(shape) != 3:
        raise NotationError(
            f"{layer.word} works on maps (channels x rows x columns), "
            f"but {shape[0]} features in one row arrive; put it before flatten"
        )
    return shape[0], shape[1], shape[2]
