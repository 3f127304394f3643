"""An ONNX model as an engine reads it: messages in the wire format of protocol buffers.

The library onnx writes the same bytes, but to import it takes a sixth of the time in which one
image is classified. Numbers of fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto;
their encoding: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from striate import __version__
from striate.architecture.aspects.onnx_graph import GRAPH, METADATA, Attribute

OPSET: Final = 17  # of the operators, the first with all that our own graphs need
IMPORTED_OPSET: Final = 18  # where a model of elsewhere is part of it
IR: Final = 8  # of the file
DATA_TYPES: Final = {"float32": 1, "uint8": 2, "int32": 6, "int64": 7}
FLOAT, INT, STRING, INTS = 1, 2, 3, 7  # types of attributes
VARINT, BLOCK, FIXED32 = 0, 2, 5  # of the wire

Pieces = list[bytes | memoryview]


@dataclass(frozen=True)
class Node:
    """An operator at its place: https://onnx.ai/onnx/operators/.

    Attributes:
        kind: the operator.
        inputs: names of results and constants.
        result: the name of what comes out.
        attributes: the operator's own.
    """

    kind: str
    inputs: tuple[str, ...]
    result: str
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class Encoded:
    """A node or a constant of another model, as the bytes that it is in a file."""

    content: bytes


@dataclass(frozen=True)
class Model:
    """A network as ONNX has it.

    Attributes:
        name: of the network.
        nodes: in the order of running.
        constants: by name.
        inputs: the shape of each, by name; a size that is free has a name in place of a number.
        outputs: likewise; None where the shape is not said.
        encoded: more constants.
        types: of inputs and outputs that are not float32.
        metadata: texts that travel with it.
    """

    name: str
    nodes: tuple[Node | Encoded, ...]
    constants: Mapping[str, np.ndarray]
    inputs: Mapping[str, Sequence[int | str]]
    outputs: Mapping[str, Sequence[int | str] | None]
    encoded: tuple[Encoded, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Write it as the bytes of a file.

        >>> relu = Node("Relu", ("x",), "y", {})
        >>> whole = Model("one", (relu,), {}, {"x": ["n", 2]}, {"y": None}).to_bytes()
        >>> import onnx
        >>> onnx.load_from_string(whole).graph.node[0].op_type
        'Relu'
        """
        return b"".join(
            [
                *_whole(1, IR),
                *_text(2, "striate"),
                *_text(3, __version__),
                *_block(GRAPH, self._graph()),
                *_block(8, [*_text(1, ""), *_whole(2, self.opset)]),
                *(piece for it in self.metadata.items() for piece in _block(METADATA, _entry(*it))),
            ]
        )

    @property
    def opset(self) -> int:
        """The version of ONNX's operators that it is written in."""
        return IMPORTED_OPSET if any(isinstance(node, Encoded) for node in self.nodes) else OPSET

    def digest(self) -> str:
        """Return the SHA-256 of the graph as it stands in the file, in hexadecimal."""
        counted = hashlib.sha256()
        for piece in self._graph():
            counted.update(piece)
        return counted.hexdigest()

    def _graph(self) -> Pieces:
        named = (*self.inputs, *self.outputs)
        types = {name: self.types.get(name, "float32") for name in named}
        return [
            *(piece for node in self.nodes for piece in _block(1, _node(node))),
            *_text(2, self.name),
            *(piece for it in self.constants.items() for piece in _block(5, _tensor(*it))),
            *(piece for it in self.encoded for piece in _block(5, [it.content])),
            *(piece for it in self.inputs.items() for piece in _block(11, _value(*it, types))),
            *(piece for it in self.outputs.items() for piece in _block(12, _value(*it, types))),
        ]


def _node(node: Node | Encoded) -> Pieces:
    if isinstance(node, Encoded):
        return [node.content]
    return [
        *_texts(1, node.inputs),
        *_text(2, node.result),
        *_text(3, node.result),
        *_text(4, node.kind),
        *(piece for it in node.attributes.items() for piece in _block(5, _attribute(*it))),
    ]


def _attribute(name: str, value: Attribute) -> Pieces:
    named = _text(1, name)
    if isinstance(value, str):
        return [*named, *_text(4, value), *_whole(20, STRING)]
    if isinstance(value, float):
        return [*named, _varint(2 << 3 | FIXED32), struct.pack("<f", value), *_whole(20, FLOAT)]
    if isinstance(value, int):
        return [*named, *_whole(3, value), *_whole(20, INT)]
    return [*named, *_wholes(8, value), *_whole(20, INTS)]


def _tensor(name: str, values: np.ndarray) -> Pieces:
    little = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False)
    return [
        *_wholes(1, values.shape),
        *_whole(2, DATA_TYPES[values.dtype.name]),
        *_text(8, name),
        *_block(9, [little.reshape(-1).view(np.uint8).data]),
    ]


def _entry(key: str, value: str) -> Pieces:
    return [*_text(1, key), *_text(2, value)]


def _value(name: str, shape: Sequence[int | str] | None, types: Mapping[str, str]) -> Pieces:
    tensor = _whole(1, DATA_TYPES[types[name]])
    if shape is not None:
        sizes = (_text(2, size) if isinstance(size, str) else _whole(1, size) for size in shape)
        tensor += _block(2, [piece for size in sizes for piece in _block(1, size)])
    return [*_text(1, name), *_block(2, _block(1, tensor))]


def _whole(field: int, value: int) -> Pieces:
    return [_varint(field << 3 | VARINT), _varint(value)]


def _wholes(field: int, values: Iterable[int]) -> Pieces:
    return [piece for value in values for piece in _whole(field, int(value))]


def _text(field: int, value: str) -> Pieces:
    return _block(field, [value.encode()])


def _texts(field: int, values: Iterable[str]) -> Pieces:
    return [piece for value in values for piece in _text(field, value)]


def _block(field: int, pieces: Pieces) -> Pieces:
    """Put a message, a text or bytes into a field, its length in bytes before it."""
    return [_varint(field << 3 | BLOCK), _varint(sum(map(len, pieces))), *pieces]


def _varint(value: int) -> bytes:
    """Write a whole number, 7 bits a byte from the lowest on; a negative one as 2**64 and it.

    >>> _varint(300).hex(), len(_varint(-1))
    ('ac02', 10)
    """
    left, written = value % 2**64, bytearray()
    while left > 0x7F:
        written.append(left & 0x7F | 0x80)
        left >>= 7
    written.append(left)
    return bytes(written)
