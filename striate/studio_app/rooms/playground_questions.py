"""What the room Playground asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from striate.studio_app.question import Number, Question, Text

Numbers = Annotated[str, Field(max_length=4000)]
Step = Annotated[int, Field(ge=0, le=1000)]
Real = Annotated[float, Field(ge=-1e9, le=1e9)]
Name = Annotated[str, Field(max_length=40)]


@dataclass(frozen=True)
class Filters(Question):
    """Which filters have a name."""

    kind: Literal["filters"]


@dataclass(frozen=True)
class Kernel:
    """A convolution's settings.

    Attributes:
        numbers: rows of the kernel, as "0 1 0; 1 -4 1; 0 1 0".
        divisor: of every sum.
        bias: added to that.
        stride: down and across.
        pad: how much is added around; "sides" as `sides` says.
        sides: top, bottom, left and right.
        padmode: what stands there.
        dilation: down and across.
    """

    numbers: Numbers
    divisor: Real
    bias: Real
    stride: tuple[Step, Step]
    pad: Literal["valid", "same", "end", "sides"]
    sides: tuple[Step, Step, Step, Step]
    padmode: Literal["zero", "edge"]
    dilation: tuple[Step, Step]


@dataclass(frozen=True)
class PoolWindow:
    """A pooling's settings.

    Attributes:
        mode: what is taken of a window.
        window: rows and columns.
        stride: likewise.
        pad: likewise.
        ceil: whether the last incomplete windows count.
    """

    mode: Literal["max", "avg", "sum"]
    window: tuple[Step, Step]
    stride: tuple[Step, Step]
    pad: tuple[Step, Step]
    ceil: bool


@dataclass(frozen=True)
class Play(Question):
    """An image, or a grid of numbers, through convolution, activation, pooling and flatten.

    Attributes:
        image: of the studio's; "" where numbers are given.
        grid: rows of numbers.
        side: of the image's longer side, in pixels.
        channels: grey, the colours apart, or their sum, as in a network.
        kernel: the convolution.
        slope: of what is below 0; 0 for ReLU, 1 for no activation.
        pool: the pooling.
        step: which of the four is looked at.
        source: the map of its input that is shown.
        unit: of what comes out, the map,
        row: the row
        column: and the column whose value is told.
    """

    kind: Literal["play"]
    image: Text
    grid: Numbers
    side: Annotated[int, Field(ge=1, le=224)]
    channels: Literal["gray", "each", "sum"]
    kernel: Kernel
    slope: Annotated[float, Field(ge=0, le=1)]
    pool: PoolWindow
    step: Literal["conv", "relu", "pool", "flatten"]
    source: Number
    unit: Number
    row: Number
    column: Number


@dataclass(frozen=True)
class Lose(Question):
    """Scores to probabilities, and to the loss against the true class.

    Attributes:
        scores: the logits.
        ending: what makes probabilities of them.
        label: the true class, counted from 0.
    """

    kind: Literal["lose"]
    scores: Annotated[list[Real], Field(min_length=2, max_length=12)]
    ending: Literal["softmax", "sigmoid"]
    label: Annotated[int, Field(ge=0, le=11)]
