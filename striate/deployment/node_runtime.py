"""The engine of browsers, onnxruntime-web, in Node.js: what a page answers, without a page."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TypedDict
from weakref import finalize

import numpy as np

from striate.deployment.sealed_answers import SealedAnswer
from striate.deployment.sealed_runtimes import AbsentRuntime, Runtime
from striate.deployment.web_runtime import WebRuntime, require_web_runtime
from striate.errors import EngineError


class _Said(TypedDict, total=False):
    node: str
    failed: str
    answer: dict[str, list[float]]


SILENCE = 120.0  # seconds that Node.js is given to end


def open_web_runtime(model: bytes, given: WebRuntime | None = None) -> Runtime:
    """Open a sealed file in onnxruntime-web, in a process of Node.js.

    Args:
        model: the bytes of the file.
        given: the engine; None takes the one that is kept.

    Raises:
        AbsentRuntime: Node.js or the package is not installed.
        EngineError: the engine does not take the model.
    """
    node = shutil.which("node")
    if node is None:
        raise AbsentRuntime("Node.js is not installed")
    runtime = require_web_runtime(given)
    folder = TemporaryDirectory(prefix="striate-")
    content = {
        "engine.mjs": runtime.program,
        "engine.wasm": runtime.machine_code,
        "model.onnx": model,
    }
    paths = [Path(folder.name) / name for name in content]
    for path, data in zip(paths, content.values(), strict=True):
        path.write_bytes(data)
    with as_file(files("striate").joinpath("deployment/page/node.mjs")) as script:
        process = subprocess.Popen(
            [node, str(script), *map(str, paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if process.stdin is None or process.stdout is None:
            raise EngineError("Node.js gives no way to talk to it")
        asking, hearing = process.stdin, process.stdout
        try:
            said = _hear(hearing)  # the script is read by then
        except EngineError:
            _end(process, folder)
            raise

    def answer(pixels: np.ndarray, orientation: int) -> SealedAnswer:
        rows, columns, _ = pixels.shape
        asked = {"rows": rows, "columns": columns, "orientation": orientation}
        try:
            asking.write(json.dumps(asked).encode() + b"\n")
            asking.write(np.ascontiguousarray(pixels).data)
            asking.flush()
        except OSError as error:
            raise EngineError("onnxruntime-web failed: its process has ended") from error
        found = _hear(hearing)
        return SealedAnswer.of(found["answer"])

    finalize(answer, _end, process, folder)
    return Runtime(f"onnxruntime-web {runtime.version} (Node.js {said['node'][1:]})", answer)


def _hear(hearing: IO[bytes]) -> _Said:
    """Read one line of JSON."""
    try:
        found: _Said = json.loads(hearing.readline())
    except ValueError as error:
        raise EngineError("onnxruntime-web failed: it gives no answer") from error
    if "failed" in found:
        raise EngineError(f"onnxruntime-web failed: {' '.join(found['failed'].split())[:200]}")
    return found


def _end(process: subprocess.Popen[bytes], folder: TemporaryDirectory[str]) -> None:
    """Let Node.js end by the end of its input."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # what is still in the buffer of a process that has ended
                stream.close()
    try:
        process.wait(SILENCE)
    except subprocess.TimeoutExpired:
        process.kill()
    folder.cleanup()
