"""What runs a sealed file in this process: ONNX Runtime, and OpenVINO where it is there.

Both compute in float32: OpenVINO takes bf16 by default on processors that have it, and then says
another class here and there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from striate.architecture.aspects.onnx_runtime import failures, onnx_runtime, open_session
from striate.data.cores import count_cores
from striate.deployment.sealed_answers import (
    ANSWERS,
    IMAGE,
    ORIENTATION,
    SealedAnswer,
)
from striate.errors import EngineError

LEVELS: Final = ("disabled", "basic", "extended", "all")
"""ONNX Runtime's levels of graph optimisation; all is its default and that of the proof."""

Answer = Callable[[np.ndarray, int], SealedAnswer]
"""Takes uint8 (rows, columns, 3) and an orientation from 1 to 8."""


class AbsentRuntime(EngineError):
    """A runtime that is not here, or does not come up: it says nothing of the file."""


@dataclass(frozen=True)
class Runtime:
    """A runtime with a sealed file opened.

    Attributes:
        name: "onnxruntime 1.31.1".
        answer: what it says of an image.
    """

    name: str
    answer: Answer


def open_onnx_runtime(model: bytes | str, *, level: str = "all") -> Runtime:
    """Open a sealed file in ONNX Runtime; its calls may run in several threads at a time.

    Args:
        model: the bytes of the file, or its path.
        level: of optimisation, one of `LEVELS`.

    Raises:
        AbsentRuntime: ONNX Runtime cannot be loaded.
        EngineError: it does not take the model.
    """
    try:
        library, refusals = onnx_runtime(), failures()
    except ImportError as error:
        raise AbsentRuntime(f"onnxruntime is not installed ({error})") from error
    try:
        session = open_session(model, level=level)
    except refusals as error:
        raise EngineError(
            f"ONNX Runtime does not take it: {' '.join(str(error).split())[:200]}"
        ) from error
    options = library.RunOptions()
    # the class map is not computed where it is not asked for
    options.only_execute_path_to_fetches = True
    names = [each.name for each in session.get_outputs()]
    asked = [name for name in ANSWERS if name in names]

    def answer(pixels: np.ndarray, orientation: int) -> SealedAnswer:
        feeds = {IMAGE: pixels, ORIENTATION: np.array(orientation, np.int64)}
        try:
            return _answer(asked, session.run(asked, feeds, options))
        except refusals as error:
            raise EngineError(
                f"ONNX Runtime failed: {' '.join(str(error).split())[:200]}"
            ) from error

    return Runtime(f"onnxruntime {library.__version__}", answer)


def open_openvino(model: bytes) -> Runtime:
    """Open a sealed file in OpenVINO, an extra, in float32.

    Raises:
        AbsentRuntime: it is not installed.
        EngineError: it does not take the model.
    """
    from striate.backends.onnx import libraries
    from striate.backends.onnx.own_thread import OwnThread

    try:
        openvino = libraries.openvino()
    except ImportError as error:
        raise AbsentRuntime("openvino is not installed") from error
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": count_cores(),
        "NUM_STREAMS": 1,
    }
    asked: list[str] = []

    def opening() -> Callable[[Any], Any]:
        core = openvino.Core()
        read = core.read_model(model)
        asked.extend(
            output.get_any_name() for output in read.outputs if output.get_any_name() in ANSWERS
        )
        request = core.compile_model(read, "CPU", settings).create_infer_request()

        def run(feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
            said = request.infer(feeds)
            return [np.array(said[name]) for name in asked]

        return run

    try:
        run = OwnThread("striate-openvino", opening)
    except (ValueError, RuntimeError) as error:
        raise EngineError(
            f"OpenVINO does not take it: {' '.join(str(error).split())[:200]}"
        ) from error

    def answer(pixels: np.ndarray, orientation: int) -> SealedAnswer:
        try:
            said = run.ask({IMAGE: pixels, ORIENTATION: np.array(orientation, np.int64)})
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"OpenVINO failed: {' '.join(str(error).split())[:200]}") from error
        return _answer(asked, said)

    return Runtime(f"openvino {openvino.__version__.partition('-')[0]}", answer)


def _answer(names: Sequence[str], values: Sequence[np.ndarray]) -> SealedAnswer:
    return SealedAnswer.of(dict(zip(names, values, strict=True)))
