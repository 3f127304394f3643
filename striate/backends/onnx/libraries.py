"""The engines' libraries, imported so that they send no word of it to their makers."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from striate.architecture.aspects.onnx_runtime import onnx_runtime

__all__ = ["onnx_runtime", "openvino"]

CONVERTER = "openvino.tools.ovc"


def openvino() -> Any:
    """Import OpenVINO without its converter, whose import sends an event to Google Analytics.

    OpenVINO goes on where the converter cannot be had; who wants it can import it afterwards.

    Raises:
        ImportError: it cannot be loaded.
    """
    if "openvino" in sys.modules:  # imported by someone else, or not to be had
        return importlib.import_module("openvino")
    sys.modules[CONVERTER] = None  # type: ignore[assignment]  # the word for: not to be had
    try:
        return importlib.import_module("openvino")
    finally:
        del sys.modules[CONVERTER]
