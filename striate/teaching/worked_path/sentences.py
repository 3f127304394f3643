"""What each word does, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from striate.architecture.words import (
    Add,
    AvgPool,
    Bn,
    Cat,
    Conv,
    Dropout,
    Fc,
    Flatten,
    Gap,
    Identity,
    LeakyRelu,
    MaxPool,
    Mul,
    Relu,
    Sigmoid,
    Softmax,
    SumPool,
    Tanh,
)
from striate.teaching.worked_path.step import WorkedStep

SENTENCES: Final[Mapping[type[object], str]] = {
    Conv: "The kernel is laid on every place; the numbers under it are multiplied by its weights, "
    "and the products are added.",
    Fc: "Each unit adds up all numbers that arrive, each times its weight, and its bias.",
    Relu: "What is negative becomes 0.",
    LeakyRelu: "What is negative is multiplied by a small slope.",
    MaxPool: "Of each window the largest number is kept.",
    AvgPool: "Of each window the mean is kept.",
    SumPool: "Of each window the sum is kept.",
    Gap: "Each map becomes its mean.",
    Flatten: "All maps are laid in one row, channel by channel, row by row; every number stays "
    "unchanged.",
    Identity: "Every number goes on unchanged.",
    Dropout: "While a network learns, a share of the numbers is dropped here; in use, every number "
    "goes on unchanged.",
    Sigmoid: "Each number is squeezed between 0 and 1: 1 divided by 1 and e to minus the number.",
    Tanh: "Each number is squeezed between minus 1 and 1.",
    Softmax: "Each score becomes its share: e to the score, divided by the sum of e to all scores.",
    Bn: "Each channel is brought to mean 0 and variance 1, then scaled and shifted.",
    Add: "The branches are added, number by number.",
    Mul: "The branches are multiplied, number by number.",
    Cat: "The channels of the branches are laid behind each other.",
}


def describe_layer(step: WorkedStep) -> str:
    """Say in a sentence what a layer does; empty of words that have none, and of the image."""
    return "" if step.layer is None else SENTENCES.get(type(step.layer.layer), "")
