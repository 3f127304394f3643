"""A network of another framework as values of the notation, with its weights in torch's layout.

Readers of files (`keras`, `onnx`) go through the layers of a file and add a word for each; flows,
branches and addresses come from `striate.backends.fx`, which does the same for torch modules.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.notation import Network, expand, parse
from striate.architecture.notation.arguments import bind, check_arguments
from striate.architecture.notation.nodes import Word
from striate.architecture.words import JOINS, Layer, Shape
from striate.backends.fx.addresses import addresses_of
from striate.backends.fx.flow import flow_of
from striate.backends.fx.texts import network_text
from striate.backends.fx.values import Value, join_values
from striate.backends.onnx import state_shapes
from striate.errors import NotationError, WeightsError
from striate.model.weights.fit_result import Fit, Pair, Unfit

Tensors = Mapping[str, np.ndarray]
LOG_SOFTMAX = "logsoftmax"
COUNTER = "num_batches_tracked"
BENT = {"sigmoid": "silu", "hardsigmoid": "hardswish"}  # x times what these make of it
POSITIVE = {"relu", "relu6", "sigmoid", "softmax", "hardsigmoid"}
KEEP_SIGN = {"maxpool", "avgpool", "sumpool", "gap", "dropout", "flatten", "identity"}


@dataclass(frozen=True, eq=False)
class Arrived:
    """What reaches a layer.

    Attributes:
        value: made by the words so far.
        order: where features lie in another order than ours: the place that each of ours has there.
            Keras flattens maps with the channels last, for one.
        zeros: (top, bottom, left, right) of zeros that a layer of its own puts around the maps, and
            that the word behind it brings, where it can.
        scaling: of the image itself, what layers before any word have made of its values 0 to 255:
            a scale and an offset a channel.
        open: the part of a function that has a word as a whole alone: ``x + 3``.
    """

    value: Value
    order: np.ndarray | None = None
    zeros: tuple[int, int, int, int] = (0, 0, 0, 0)
    scaling: tuple[np.ndarray, np.ndarray] | None = None
    open: str = ""

    @property
    def shape(self) -> Shape:
        """(channels, rows, columns) or (features,), with the zeros around it."""
        if len(self.value.shape) != 3:
            return self.value.shape
        channels, rows, columns = self.value.shape
        top, bottom, left, right = self.zeros
        return channels, rows + top + bottom, columns + left + right


@dataclass(frozen=True)
class ForeignNetwork:
    """A network of another framework, written in the notation.

    Attributes:
        network: the tree.
        weights: by the names of the network's torch module, in torch's layout.
        sources: of each of these names, the layer of the file that it comes from.
        scaling: (mean, std) of values 0 to 1 by which the file's own first layers scale an image,
            one a channel; None where it has no such layers.
        notes: what is otherwise than in the file, in words.
        first: the weights of the convolutions that take the image, where only such do.
    """

    network: Network
    weights: Tensors = field(repr=False)
    sources: Mapping[str, str] = field(repr=False)
    scaling: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    notes: tuple[str, ...] = ()
    first: tuple[str, ...] = ()

    def with_channels_reversed(self) -> ForeignNetwork:
        """Return the network that takes red, green and blue where this one takes blue first.

        Raises:
            NotationError: the image goes into something else than convolutions.
        """
        if not self.first:
            raise NotationError(
                "the model takes blue first, and the image does not go into a convolution that "
                "could be turned"
            )
        turned = {name: self.weights[name][:, ::-1].copy() for name in self.first}
        return replace(self, weights={**self.weights, **turned})


class ForeignGraph:
    """Takes the layers of a file one by one."""

    def __init__(self, shape: Shape) -> None:
        self.start = Value((), None, shape)
        self._tensors: dict[str, Tensors] = {}
        self._pairs: list[Pair] = []
        self._unfit: list[Unfit] = []
        self._firsts: list[str] = []
        self._scalings: list[tuple[np.ndarray, np.ndarray] | None] = []

    @property
    def n_weighted(self) -> int:
        """How many words with weights there are so far."""
        return len(self._tensors)

    def enter(self, arrived: Arrived, place: str) -> Value:
        """Return the value that a word takes; zeros that no word has brought get one of their own.

        Raises:
            Refused: it is a part of a function alone, or the image enters scaled in two ways.
        """
        if arrived.open:
            raise Refused(f"there is no word for {arrived.open}, which arrives", place)
        if arrived.value is self.start:
            self._scalings.append(arrived.scaling)
            if any(not _alike(each, arrived.scaling) for each in self._scalings):
                raise Refused("the image enters it scaled in two ways", place)
        if any(arrived.zeros):  # means of one pixel, those of zeros among them
            return self.add(arrived.value, f"avgpool 1{pad_text(arrived.zeros)}", place)
        return arrived.value

    def add(self, value: Value, text: str, place: str, tensors: Tensors | None = None) -> Value:
        """Return the value behind a word.

        Args:
            value: what arrives.
            text: the word as the notation writes it: ``conv 3x3 64 stride=2``.
            place: the name of the layer in the file.
            tensors: its weights, by their names in torch and in torch's layout.

        Raises:
            Refused: the word does not fit what arrives.
        """
        try:
            word = word_of(text)
            shape = word.output(value.shape)
        except NotationError as error:
            raise Refused(error.message.partition("\n")[0], place) from None
        key = ""
        if tensors:
            wanted = word.tensors(value.shape)
            for name in dict.fromkeys((*wanted, *tensors)):
                found = tensors[name].shape if name in tensors else None
                ours, theirs = f"{place}.{name}", None if found is None else f"{place}.{name}"
                if found is not None and found == wanted.get(name):
                    self._pairs.append(Pair(ours, ours, found))
                else:
                    self._unfit.append(Unfit(theirs, ours, found, wanted.get(name)))
            key = f"{place} #{len(self._tensors)}" if place in self._tensors else place
            self._tensors[key] = tensors
        if value is self.start:
            self._firsts.append(key if word.word == "conv" and word.channel_groups == 1 else "")
        return Value((value,), word, shape, place, key)

    def join(self, word: str, values: Sequence[Value], place: str) -> Value:
        """Return the value that joins others by ``add``, ``cat`` or ``mul``.

        Raises:
            Refused: their shapes do not fit, or there is no such join.
        """
        if word not in JOINS:
            raise Refused(f"there is no word for what {word} does", place)
        if word == "mul" and len(values) == 2:
            for whole, share in (values, values[::-1]):
                bent = None if share.word is None else BENT.get(share.word.word)
                if bent is not None and share.sources[0] is whole:
                    return self.add(whole, bent, place)
        return join_values(JOINS[word](), values, place)

    def check_weights(self, file: str) -> None:
        """Make sure that all weights so far fit their words.

        Raises:
            WeightsError: some do not; its ``table`` holds all of them.
        """
        if self._unfit:
            first, more = self._unfit[0], len(self._unfit) - 1
            also = f" ({more:,} more {'does' if more == 1 else 'do'} not fit)" if more else ""
            fit = Fit("by the layers of the file", tuple(self._pairs), tuple(self._unfit))
            raise WeightsError(
                f"the weights in '{file}' are not those of the model that it describes: "
                f"{first}{also}; save the model anew",
                str(fit),
            )

    def logits(self, end: Arrived) -> tuple[Value, str, str]:
        """Return the values before a softmax or the sigmoid of one output, and what was done.

        Two logits, 0 and z, give the same two probabilities as sigmoid(z) and what is left to 1.

        Returns:
            The logits; what makes the model's outputs of them: softmax, logsoftmax, sigmoid (of
            the second), "" where they are the outputs; and what is to be told of it.

        Raises:
            Refused: it does not end in values of classes.
        """
        ending = LOG_SOFTMAX if end.open == LOG_SOFTMAX else ""
        value = self.enter(replace(end, open="" if ending else end.open), "the end")
        if end.order is not None or len(value.shape) != 1:
            shape = "x".join(map(str, value.shape))
            raise Refused(
                f"it ends with {shape} numbers that are no classes' values; a network without its "
                "last layers is no classifier"
            )
        last = "" if value.word is None else value.word.word
        if value.shape == (1,) and (ending or last == "softmax"):
            raise Refused("it ends with a softmax of one output, which is 1 whatever it sees")
        if ending:
            return value, ending, "the logarithm of a softmax at its end was left out"
        if last == "softmax":
            return value.sources[0], last, "the softmax at its end is part of every classifier"
        if value.shape == (1,) and last in ("sigmoid", "fc"):
            if last == "fc":
                return (
                    self._with_a_zero(value),
                    "",
                    (
                        "its one output is taken for the logit of the second of two classes, as in "
                        "training by binary cross-entropy"
                    ),
                )
            return (
                self._with_a_zero(value.sources[0]),
                last,
                (
                    "the sigmoid of one output became two classes, the second of which is the one "
                    "that it tells"
                ),
            )
        if isinstance(value.word, Layer) and value.word.is_activation:
            raise Refused(
                f"it ends with {last} of {value.shape[0]} outputs, which are not the "
                "probabilities of classes that exclude each other"
            )
        if value.shape == (1,):
            raise Refused("its one output is not that of a dense layer")
        return value, "", "it ends without a softmax, so its outputs are taken for logits"

    def _with_a_zero(self, value: Value) -> Value:
        held = dict(self._tensors.get(value.target, {}))
        if value.word is None or value.word.word != "fc" or not held:
            raise Refused("its one output is not that of a dense layer")
        tensors = {k: np.concatenate([np.zeros_like(v), v]) for k, v in held.items()}
        bias = "" if "bias" in tensors else " bias=no"
        return self.add(value.sources[0], f"fc 2{bias}", value.place, tensors)

    def finish(self, name: str, end: Value, notes: Sequence[str] = ()) -> ForeignNetwork:
        """Write the network down.

        Raises:
            Refused: its branches are none of the notation's.
        """
        flow = flow_of(self.start, end)
        if not flow:
            raise Refused("it gives back what goes in")
        network = parse(network_text(name, flow, input=self.start.shape, output=end.shape))
        weights: dict[str, np.ndarray] = {}
        sources: dict[str, str] = {}
        places = addresses_of(flow, network)
        for target, address in places.items():
            for key, tensor in self._tensors[target].items():
                weights[f"{address}.{key}"] = np.ascontiguousarray(tensor, np.float32)
                sources[f"{address}.{key}"] = target
        for key in state_shapes(expand(network)):
            if key.endswith(COUNTER):
                weights[key] = np.zeros((), np.int64)
        found = next((each for each in self._scalings if each is not None), None)
        scaling = None if found is None else _mean_and_std(*found)
        first = [f"{places.get(place, '')}.weight" for place in self._firsts]
        turnable = tuple(first) if all(name in weights for name in first) else ()
        return ForeignNetwork(network, weights, sources, scaling, tuple(notes), turnable)


def _alike(one: tuple[np.ndarray, np.ndarray] | None, other: object) -> bool:
    if one is None or not isinstance(other, tuple):
        return one is other
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _mean_and_std(
    scale: np.ndarray, offset: np.ndarray
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and std of values 0 to 1 that scale v + offset of values 0 to 255 means.

    >>> _mean_and_std(np.array([1 / 127.5]), np.array([-1.0]))
    ((0.5,), (0.5,))
    """
    if (scale <= 0).any():
        raise Refused("the image is multiplied by a number that is not above 0")
    mean, std = -offset / scale / 255, 1 / (255 * scale)
    return tuple(np.round(mean, 12).tolist()), tuple(np.round(std, 12).tolist())


@functools.lru_cache(maxsize=4096)
def word_of(text: str) -> Layer:
    """Return the layer that one word stands for.

    Raises:
        NotationError: it is no word, or its arguments make no sense.

    >>> print(word_of("conv 3x3 8 stride=2"))
    conv 3x3 8 stride=2
    """
    word = parse(text).flow[0]
    if not isinstance(word, Word):
        raise NotationError(f"'{text}' is no single word")
    check_arguments(word)
    return bind(word, {})


def is_positive(value: Value) -> bool:
    """Say whether no number of a value can be below zero.

    Zeros around such maps are as good for the largest of a window as no values at all.
    """
    if value.word is None:
        return bool(value.sources) and all(map(is_positive, value.sources))
    if value.word.word in POSITIVE:
        return True
    passed_on = value.word.word in KEEP_SIGN or value.word.word in JOINS
    return passed_on and all(map(is_positive, value.sources))


def pad_text(sides: tuple[int, int, int, int]) -> str:
    """Write zeros on four sides as the option of a word.

    >>> pad_text((0, 1, 0, 1)), pad_text((3, 3, 3, 3)), pad_text((1, 1, 0, 0)), pad_text((0,) * 4)
    (' pad=0:1:0:1', ' pad=3', ' pad=1x0', ' pad=valid')
    """
    top, bottom, left, right = sides
    if not any(sides):
        return " pad=valid"
    if (top, left) != (bottom, right):
        return f" pad={top}:{bottom}:{left}:{right}"
    return f" pad={top}" if top == left else f" pad={top}x{left}"
