"""How features are computed on this machine: which engines there are, and which one is taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Final

import numpy as np

from striate.architecture.notation import expand
from striate.architecture.notation.cutting import follow_with
from striate.backends.bf16 import computes_bf16
from striate.backends.onnx import Engine, Trained, onnx_runtime, openvino, torch_module
from striate.backends.onnx.engines import ANSWERING
from striate.backends.precision import GAIN
from striate.data.images import Preprocess
from striate.errors import EngineError

ROUNDS: Final = 2  # of a few images in each engine; the shortest counts
# To open OpenVINO takes half a second, as long as it saves on a few hundred images.
SHORT: Final = 3.0  # seconds of work that are not worth opening another engine for

Opening = Callable[[Trained, Preprocess], Engine]


def list_engines(device: str, wanted: str = "") -> dict[str, Opening]:
    """List the engines that may compute features, by name, those that open fastest first.

    Args:
        device: "cpu", "cuda" or "mps".
        wanted: "float32" or "bf16" where that is to be taken, if there is an engine for it.

    >>> list(list_engines("cpu", "float32")), list(list_engines("mps"))
    (['float32 ONNX Runtime'], ['float32 torch'])
    """
    every: dict[str, Opening]
    if device == "cpu":
        every = {ANSWERING: open_answering}
        if find_spec("openvino"):
            every["bf16 OpenVINO"] = openvino
        elif wanted or computes_bf16("cpu"):  # else it is not worth timing: seconds an image
            every["bf16 torch"] = partial(open_torch, device=device, low=True)
    else:
        every = {"float32 torch": partial(open_torch, device=device)}
        if device == "cuda":
            every["bf16 torch"] = partial(open_torch, device=device, low=True)
    return {name: way for name, way in every.items() if name.startswith(wanted)} or every


def open_answering(trained: Trained, preprocess: Preprocess) -> Engine:
    """Open ONNX Runtime, which takes the mean over positions as well, as a classifier does."""
    if len(trained.plan.output) == 3:
        trained = replace(trained, plan=expand(follow_with(trained.plan.network, "gap > flatten")))
    return onnx_runtime(trained, preprocess)


def open_torch(
    trained: Trained, preprocess: Preprocess, *, device: str, low: bool = False
) -> Engine:
    """Let torch compute on a device, in bf16 where ``low`` is asked for."""
    return torch_module(trained.module().to(device), preprocess, low=low)


def choose_engine(
    choice: Mapping[str, Opening],
    trained: Trained,
    preprocess: Preprocess,
    *,
    pixels: np.ndarray,
    rows: int,
    say: Callable[[str], None],
) -> Engine:
    """Open the engine that is fastest here, timed on a few images.

    The first is taken as it is where the work is short with it; a later one only where it is
    clearly faster. One that cannot be opened is said; where none can, torch computes in float32.

    Args:
        choice: from `list_engines`.
        trained: the backbone.
        preprocess: whose mean and std scale the images.
        pixels: float32 (n, channels, rows, columns), a few images; n may be 0.
        rows: how many there are to compute.
        say: is told of engines that cannot be had.
    """
    best: Engine | None = None
    shortest = 0.0
    for opening in choice.values():
        try:
            engine = opening(trained, preprocess)
        except EngineError as error:
            say(f"{error}; another engine is taken")
            continue
        seconds = _seconds(engine, pixels, rows)
        if best is None or seconds * GAIN < shortest:
            best, shortest = engine, seconds
        if shortest * rows < SHORT:
            break
    return best or open_torch(trained, preprocess, device="cpu")


def _seconds(engine: Engine, pixels: np.ndarray, rows: int) -> float:
    """Time an engine: seconds an image, 0 without one; once where so many rows are short work."""
    if not len(pixels):
        return 0.0
    times = []
    for _ in range(1 + ROUNDS):  # the first pass also allocates and plans
        begun = time.perf_counter()
        engine.run(pixels)
        times.append(time.perf_counter() - begun)
        if min(times) / len(pixels) * rows < SHORT:
            break
    return min(times) / len(pixels)
