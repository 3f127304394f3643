"""An image of the report, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shown:
    """An image to be shown.

    Attributes:
        name: its file or number.
        truth: its class.
        answer: what the classifier said; None where it was not asked.
        probability: of the answer, 0 to 1; None where it was not asked.
        pixels: uint8 (rows, columns, 1 or 3).
        truth_probability: of its class, 0 to 1; None where it was not asked.
        runner_up: the class with the second highest probability; "" where that is not known.
        runner_up_probability: of that class, 0 to 1.
        file: its path as a command names it; "" where it is no file.
        heat: uint8 (rows, columns, 4) with opacity, of the same shape as the image if not of its
            size: what spoke for the answer; None where there is no map.
        said: what is said instead of the answer: a node above it, or "I don't know"; "" where the
            answer is given.
    """

    name: str
    truth: str
    answer: str | None
    probability: float | None
    pixels: NDArray[np.uint8] = field(repr=False)
    truth_probability: float | None = None
    runner_up: str = ""
    runner_up_probability: float = 0.0
    file: str = ""
    heat: NDArray[np.uint8] | None = field(default=None, repr=False)
    said: str = ""
