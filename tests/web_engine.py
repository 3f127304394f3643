"""Where tests find onnxruntime-web and Node.js, and why they skip without."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from striate.deployment.web_runtime import VERSION

RUNTIME = Path(__file__).parents[1] / ".runtimes" / f"onnxruntime-web-{VERSION}.tgz"
needs_runtime = pytest.mark.skipif(
    not RUNTIME.is_file(),
    reason=f"{RUNTIME.name} is not in .runtimes (`npm pack onnxruntime-web@{VERSION}` brings it)",
)
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
