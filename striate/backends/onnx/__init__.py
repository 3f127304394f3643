"""Trained networks at work without torch: as numbers, as ONNX models, in engines that read these.

`graph` writes the ONNX model of a network; `open_engine` gives an engine that answers in float32.
"""

from __future__ import annotations

from striate.backends.onnx.engines import Engine, onnx_runtime, open_engine, openvino, torch_module
from striate.backends.onnx.graph import graph
from striate.backends.onnx.trained_weights import Trained, state_shapes

__all__ = [
    "Engine",
    "Trained",
    "graph",
    "onnx_runtime",
    "open_engine",
    "openvino",
    "state_shapes",
    "torch_module",
]
