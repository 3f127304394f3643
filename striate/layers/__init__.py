"""The words of the notation: one frozen dataclass each, with its shapes, costs and window.

Everything here is whole-number arithmetic. A shape is (channels, rows, columns), or
(features,) after ``flatten``; the batch has no place in it. `WORDS` and `JOINS` list every
word; to add one, write its class, put it there, and give `striate.network` its torch module.

>>> stem = Conv(64, kernel=(7, 7), stride=(2, 2))
>>> stem.output((3, 224, 224)), stem.parameters((3, 224, 224)), stem.macs((3, 224, 224))
((64, 112, 112), 9472, 118013952)
>>> print(stem)
conv 7x7 64 stride=2
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from striate.layers.joins import Add, Cat, Joint
from striate.layers.layer import Kind, Layer
from striate.layers.learnt import Bn, Conv, Fc, Prelu
from striate.layers.pointwise import (
    Dropout,
    Identity,
    LeakyRelu,
    Lrn,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    Tanh,
)
from striate.layers.pools import AvgPool, Flatten, Gap, MaxPool, SumPool
from striate.layers.window import Pair, Shape, Window, short, text_of

WORDS: Final[Mapping[str, type[Layer]]] = {
    word.word: word
    for word in (
        *(Conv, Fc, Relu, LeakyRelu, Prelu, Relu6, Sigmoid, Tanh, Softmax),
        *(MaxPool, AvgPool, SumPool, Gap, Lrn, Bn, Dropout, Flatten, Identity),
    )
}
JOINS: Final[Mapping[str, type[Joint]]] = {"cat": Cat, "add": Add}

__all__ = [
    "JOINS",
    "WORDS",
    "Add",
    "AvgPool",
    "Bn",
    "Cat",
    "Conv",
    "Dropout",
    "Fc",
    "Flatten",
    "Gap",
    "Identity",
    "Joint",
    "Kind",
    "Layer",
    "LeakyRelu",
    "Lrn",
    "MaxPool",
    "Pair",
    "Prelu",
    "Relu",
    "Relu6",
    "Shape",
    "Sigmoid",
    "Softmax",
    "SumPool",
    "Tanh",
    "Window",
    "short",
    "text_of",
]
