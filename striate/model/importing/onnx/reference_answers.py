"""What ONNX Runtime makes of images, by a model as it is in its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from striate.architecture.aspects.onnx_runtime import failures, onnx_runtime
from striate.errors import WeightsError

KINDS = {"tensor(float16)": np.float16, "tensor(double)": np.float64}


def reference_answers(
    content: bytes, images: np.ndarray, path: Path, *, output: str = "", optimized: bool = True
) -> np.ndarray:
    """Return what a model makes of images one by one; a fixed batch is filled with copies.

    Args:
        content: the model.
        images: (n, ...), as the model takes them.
        path: of its file, for messages.
        output: which of its outputs; the first where it is not said.
        optimized: whether ONNX Runtime may rearrange it; zeros before a MaxPool then become -inf.

    Raises:
        WeightsError: ONNX Runtime does not run it.
    """
    runtime = onnx_runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what it says comes with the error
    if not optimized:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0]
        batch = entry.shape[0] if isinstance(entry.shape[0], int) else 1
        wanted = [output or session.get_outputs()[0].name]
        found = []
        for image in images.astype(KINDS.get(entry.type, np.float32)):
            found.append(session.run(wanted, {entry.name: np.repeat(image[None], batch, 0)})[0][:1])
    except failures() as error:
        raise WeightsError(
            f"'{path.name}' does not run in ONNX Runtime ({' '.join(str(error).split())[:160]}); "
            "export it anew"
        ) from error
    return np.asarray(np.concatenate(found), np.float32)
