"""ONNX models of elsewhere: opened safely, written in the notation or taken as backbones."""

from __future__ import annotations

from striate.model.importing.onnx.frozen_backbone import FrozenBackbone, read_frozen
from striate.model.importing.onnx.image_preparation import usual_preprocess
from striate.model.importing.onnx.model_file import open_onnx
from striate.model.importing.onnx.model_graph import read_onnx_network

__all__ = [
    "FrozenBackbone",
    "open_onnx",
    "read_frozen",
    "read_onnx_network",
    "usual_preprocess",
]
