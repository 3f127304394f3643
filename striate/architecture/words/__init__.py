"""The words of the notation: one frozen dataclass each, in a file of its own name.

A word's file holds all there is of it: shapes, costs, the torch module, the ONNX nodes, the NumPy
passes, the code in PyTorch and Keras, the torch modules that it is read from. To add a word, write
its class and put it into `WORDS`; docs/design.md shows it by an example. A shape is (channels,
rows, columns), or (features,) after ``flatten``; the batch has no place in it.

>>> stem = Conv(64, kernel=(7, 7), stride=(2, 2))
>>> stem.output((3, 224, 224)), stem.parameters((3, 224, 224)), stem.macs((3, 224, 224))
((64, 112, 112), 9472, 118013952)
>>> print(stem)
conv 7x7 64 stride=2
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from striate.architecture.aspects.connection_table import ConnectionTable
from striate.architecture.aspects.joint import Joint
from striate.architecture.aspects.output_size import (
    Pad,
    Pair,
    Shape,
    Sides,
    Window,
    short,
    text_of,
)
from striate.architecture.aspects.word import Kind, Layer, Leaf
from striate.architecture.words.avgpool import AvgPool
from striate.architecture.words.blackbox import BlackBox
from striate.architecture.words.bn import Bn
from striate.architecture.words.conv import Conv
from striate.architecture.words.dropout import Dropout, DropPath
from striate.architecture.words.fc import Fc
from striate.architecture.words.flatten import Flatten
from striate.architecture.words.gap import Gap
from striate.architecture.words.identity import NOTHING, Identity
from striate.architecture.words.joins import Add, Cat, Mul
from striate.architecture.words.layernorm import LayerNorm
from striate.architecture.words.lrn import Lrn
from striate.architecture.words.maxpool import MaxPool
from striate.architecture.words.relu import LeakyRelu, Prelu, Relu, Relu6
from striate.architecture.words.scale import Scale, Slice
from striate.architecture.words.sigmoid import Sigmoid, Tanh
from striate.architecture.words.silu import Gelu, HardSigmoid, HardSwish, Silu
from striate.architecture.words.softmax import Softmax
from striate.architecture.words.sumpool import SumPool

WORDS: Final[Mapping[str, type[Layer]]] = {
    word.word: word
    for word in (
        *(Conv, Fc, Relu, LeakyRelu, Prelu, Relu6, Silu, HardSwish, Gelu),
        *(Sigmoid, HardSigmoid, Tanh, Softmax, MaxPool, AvgPool, SumPool, Gap),
        *(Lrn, Bn, LayerNorm, Scale, Dropout, DropPath, Slice, Flatten, Identity, BlackBox),
    )
}
JOINS: Final[Mapping[str, type[Joint]]] = {join.word: join for join in (Cat, Add, Mul)}

__all__ = [
    "JOINS",
    "NOTHING",
    "WORDS",
    "Add",
    "AvgPool",
    "BlackBox",
    "Bn",
    "Cat",
    "ConnectionTable",
    "Conv",
    "DropPath",
    "Dropout",
    "Fc",
    "Flatten",
    "Gap",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "Joint",
    "Kind",
    "Layer",
    "LayerNorm",
    "LeakyRelu",
    "Leaf",
    "Lrn",
    "MaxPool",
    "Mul",
    "Pad",
    "Pair",
    "Prelu",
    "Relu",
    "Relu6",
    "Scale",
    "Shape",
    "Sides",
    "Sigmoid",
    "Silu",
    "Slice",
    "Softmax",
    "SumPool",
    "Tanh",
    "Window",
    "short",
    "text_of",
]
