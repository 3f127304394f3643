"""The words of the notation: one frozen dataclass each, with its shapes, costs and window.

Everything here is whole-number arithmetic. A shape is (channels, rows, columns), or
(features,) after ``flatten``; the batch has no place in it. `WORDS` and `JOINS` list every
word; to add one, write its class, put it there, and give `striate.backends.torch` its torch module.

>>> stem = Conv(64, kernel=(7, 7), stride=(2, 2))
>>> stem.output((3, 224, 224)), stem.parameters((3, 224, 224)), stem.macs((3, 224, 224))
((64, 112, 112), 9472, 118013952)
>>> print(stem)
conv 7x7 64 stride=2
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from striate.architecture.words.joins import Add, Cat, Joint
from striate.architecture.words.learnt import Bn, Conv, Fc, Prelu
from striate.architecture.words.pointwise import (
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
from striate.architecture.words.pools import AvgPool, Flatten, Gap, MaxPool, SumPool
from striate.architecture.words.window import Pair, Shape, Window, short, text_of
from striate.architecture.words.word import Kind, Layer

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
