"""The forms of a classifier side by side: size, time for an image, accuracy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from striate.deployment.node_runtime import open_web_runtime
from striate.deployment.quantization.int8_form import Accuracy, Int8Form
from striate.deployment.sealed_runtimes import Answer, Runtime, open_onnx_runtime
from striate.errors import EngineError
from striate.terminal.tables import Table

ROUNDS: Final = 15  # of one answer of each form in turns
SECONDS: Final = 3.0  # after which no new round is begun

Opener = Callable[[bytes], Runtime]
RUNTIMES: Final[tuple[Opener, ...]] = (open_onnx_runtime, open_web_runtime)


@dataclass(frozen=True)
class Form:
    """One form of a classifier.

    Attributes:
        name: "float32" or "int8".
        size: bytes of its graph.
        milliseconds: by runtime, the median for one image of 240 x 320 pixels, resizing included,
            in one thread.
        accuracy: on the measured images.
    """

    name: str
    size: int
    milliseconds: Mapping[str, float]
    accuracy: Accuracy

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "name": self.name,
            "bytes": self.size,
            "milliseconds": dict(self.milliseconds),
            **vars(self.accuracy),
        }


def measure_forms(
    full: bytes, whole: bytes, form: Int8Form, image: np.ndarray
) -> tuple[Form, Form]:
    """Time both forms in each runtime that is here.

    Args:
        full: the graph in float32.
        whole: the graph in int8.
        form: what was measured of it.
        image: uint8 (rows, columns, 3), the image that is answered.
    """
    times: tuple[dict[str, float], dict[str, float]] = {}, {}
    for opening in RUNTIMES:
        try:
            opened = [opening(full), opening(whole)]
        except EngineError:
            continue  # said where the file is proved
        found = time_in_turns([each.answer for each in opened], image)
        for one, seconds in zip(times, found, strict=True):
            one[opened[0].name] = 1e3 * seconds
    return (
        Form("float32", len(full), times[0], form.full),
        Form("int8", len(whole), times[1], form.whole),
    )


def time_in_turns(answers: Sequence[Answer], image: np.ndarray) -> list[float]:
    """Return the median seconds of each for one image, asked in turns."""
    for answer in answers:
        answer(image, 1)
    taken: list[list[float]] = [[] for _ in answers]
    begun = time.perf_counter()
    while len(taken[0]) < ROUNDS and time.perf_counter() - begun < SECONDS:
        for each, answer in zip(taken, answers, strict=True):
            start = time.perf_counter()
            answer(image, 1)
            each.append(time.perf_counter() - start)
    return [statistics.median(each) for each in taken]


def make_form_table(forms: Sequence[Form]) -> Table:
    """Return the forms as a table.

    >>> right = Accuracy(144, 3, 153)
    >>> print(make_form_table([Form("int8", 810_000, {"onnxruntime 1.31.1": 1.4}, right)]))
    form    size  onnxruntime 1.31.1  accuracy (95 % interval)  refused
    int8  0.8 MB              1.4 ms  94.1 % (89.2 to 96.9)    3 of 153
    """
    runtimes = list(forms[0].milliseconds)
    rows = tuple(
        (
            form.name,
            f"{form.size / 1e6:.1f} MB",
            *(f"{form.milliseconds[runtime]:.1f} ms" for runtime in runtimes),
            form.accuracy.words,
            f"{form.accuracy.refused} of {form.accuracy.n:,}",
        )
        for form in forms
    )
    header = ("form", "size", *runtimes, "accuracy (95 % interval)", "refused")
    return Table(header, rows, {"size", *runtimes, "refused"})
