"""The engine of browsers in a browser: Chromium without a window, asked over a local port."""

from __future__ import annotations

import json
import os
import queue
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypedDict
from weakref import finalize

import numpy as np

from striate.deployment.sealed_answers import SealedAnswer
from striate.deployment.sealed_runtimes import AbsentRuntime, Runtime
from striate.deployment.web_runtime import WebRuntime, require_web_runtime
from striate.errors import EngineError


class _Said(TypedDict, total=False):
    browser: str
    failed: str
    answer: dict[str, list[float]]


BROWSERS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
PATIENCE: Final = 60.0  # seconds that it is given to start, and for each answer
LOOK: Final = 0.2  # seconds between two looks whether it has ended
PAGE: Final = b'<!doctype html><script type="module" src="browser.mjs"></script>'
OPTIONS: Final = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
)


def open_browser_runtime(
    model: bytes, given: WebRuntime | None = None, *, patience: float = PATIENCE
) -> Runtime:
    """Open a sealed file in onnxruntime-web, in Chromium without a window.

    Args:
        model: the bytes of the file.
        given: the engine; None takes the one that is kept.
        patience: seconds that the browser is given to start, and for each answer.

    Raises:
        AbsentRuntime: Chromium or the package is not installed, or Chromium does not answer.
        EngineError: the engine does not take the model.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise AbsentRuntime("Chromium is not installed")
    runtime = require_web_runtime(given)
    talk = _Talk(browser, model, runtime, patience)
    try:
        agent = talk.hear()["browser"]
    except EngineError:
        talk.end()
        raise

    def answer(pixels: np.ndarray, orientation: int) -> SealedAnswer:
        return SealedAnswer.of(talk.ask(pixels, orientation)["answer"])

    finalize(answer, talk.end)
    version = re.search(r"Chrome/(\d+)", agent)
    return Runtime(
        f"onnxruntime-web {runtime.version} (Chromium {version[1] if version else ''})", answer
    )


class _Talk:
    """A browser that fetches what it is asked from a server here, and sends what it answers."""

    def __init__(self, browser: str, model: bytes, runtime: WebRuntime, patience: float) -> None:
        self._patience = patience
        self._asked: queue.Queue[tuple[str, bytes | memoryview] | None] = queue.Queue()
        self._said: queue.Queue[_Said] = queue.Queue()
        page = files("striate").joinpath("deployment/page")
        script = "text/javascript"
        content = {
            "": ("text/html", PAGE),
            "browser.mjs": (script, page.joinpath("browser.mjs").read_bytes()),
            "engine.mjs": (script, page.joinpath("engine.js").read_bytes()),
            "program": (script, runtime.program),
            "machine-code": ("application/wasm", runtime.machine_code),
            "model": ("application/octet-stream", model),
        }
        secret = f"/{secrets.token_urlsafe()}/"  # no other program of this machine knows it
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), _handler(secret, content, self._asked, self._said)
        )
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(LOOK,), daemon=True).start()
        self._folder = TemporaryDirectory(prefix="striate-", ignore_cleanup_errors=True)
        address = f"http://127.0.0.1:{self._server.server_address[1]}{secret}"
        words = [browser, *OPTIONS, f"--user-data-dir={self._folder.name}/profile", address]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            words.insert(1, "--no-sandbox")  # which Chromium has for no superuser
        self._errors = Path(self._folder.name) / "errors.txt"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )

    def ask(self, pixels: np.ndarray, orientation: int) -> _Said:
        """Send an image, and return what is said of it."""
        rows, columns, _ = pixels.shape
        about = json.dumps({"rows": rows, "columns": columns, "orientation": orientation})
        self._asked.put((about, np.ascontiguousarray(pixels).data.cast("B")))
        return self.hear()

    def hear(self) -> _Said:
        """Return what the browser says next.

        Raises:
            AbsentRuntime: it says nothing, and is ended.
            EngineError: the engine failed.
        """
        until = time.monotonic() + self._patience
        while True:
            try:
                found = self._said.get(timeout=LOOK)
                break
            except queue.Empty:
                ended = self._process.poll()
                if ended is not None:
                    lines = self._errors.read_text("utf-8", "replace").strip().splitlines()
                    last = f": {lines[-1][-200:]}" if lines else ""
                    raise AbsentRuntime(f"Chromium ended with {ended}{last}") from None
                if time.monotonic() > until:
                    self.end()
                    raise AbsentRuntime(
                        f"Chromium did not answer within {self._patience:g} s and was ended"
                    ) from None
        if "failed" in found:
            raise EngineError(f"onnxruntime-web failed: {' '.join(found['failed'].split())[:200]}")
        return found

    def end(self) -> None:
        """End the browser and the server."""
        self._asked.put(None)
        for stop in (self._process.terminate, self._process.kill):
            if self._process.poll() is None:
                stop()  # its other processes end with it
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(5)
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()


def _handler(
    secret: str,
    content: Mapping[str, tuple[str, bytes]],
    asked: queue.Queue[tuple[str, bytes | memoryview] | None],
    said: queue.Queue[_Said],
) -> type[BaseHTTPRequestHandler]:
    """Make what answers the browser's requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self.path.removeprefix(secret) if self.path.startswith(secret) else "?"
            if name == "asked":
                image = asked.get()
                if image is None:
                    self._send(204, "text/plain", b"")
                else:
                    self._send(200, "application/octet-stream", image[1], {"x-image": image[0]})
            elif name in content:
                self._send(200, *content[name])
            else:
                self._send(404, "text/plain", b"")

        def do_POST(self) -> None:
            if self.path != f"{secret}said":
                self._send(404, "text/plain", b"")
                return
            said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._send(204, "text/plain", b"")

        def _send(
            self,
            status: int,
            kind: str,
            body: bytes | memoryview,
            more: Mapping[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            for key, value in {"Content-Type": kind, **(more or {})}.items():
                self.send_header(key, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # the browser has gone
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing of requests."""

    return Handler
