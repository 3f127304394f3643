"""The engines' libraries, imported so that they send no word of it to their makers."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

CONVERTER = "openvino.tools.ovc"


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
