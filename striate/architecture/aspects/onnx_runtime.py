"""ONNX Runtime, loaded so that it reports nothing, and a model that it runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def onnx_runtime() -> Any:
    """Import ONNX Runtime, and let it report nothing.

    From version 1.29 on it sends events to Microsoft, unless a variable forbids it before it is
    loaded; on Windows it passes them to the system, unless it is told not to. Source:
    https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md

    Raises:
        ImportError: it cannot be loaded.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


def open_session(model: bytes | str, *, level: str = "all") -> Any:
    """Open an ONNX model, each call of it in one thread: fewer waits, and equal bits.

    Args:
        model: the bytes of its file, or its path.
        level: of graph optimisation: "disabled", "basic", "extended" or "all".

    Raises:
        ImportError: ONNX Runtime cannot be loaded.
        Exception: it does not take the model: one of `failures`.
    """
    runtime = onnx_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # errors alone, which are raised besides
    name = "ORT_DISABLE_ALL" if level == "disabled" else f"ORT_ENABLE_{level.upper()}"
    options.graph_optimization_level = getattr(runtime.GraphOptimizationLevel, name)
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def open_model(model: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Return what runs an ONNX model of one input and one output, float32 in one thread.

    Args:
        model: the bytes of its file.
    """
    session = open_session(model)
    entry = session.get_inputs()[0].name

    def run(x: np.ndarray) -> np.ndarray:
        return session.run(None, {entry: x})[0]  # type: ignore[no-any-return]

    return run


def failures() -> tuple[type[Exception], ...]:
    """Return what ONNX Runtime raises where it does not take a model, or fails at it.

    Raises:
        ImportError: it cannot be loaded.
    """
    onnx_runtime()
    from onnxruntime.capi import onnxruntime_pybind11_state as kinds

    own = [kind for kind in vars(kinds).values() if isinstance(kind, type)]
    return tuple(kind for kind in own if issubclass(kind, Exception))
