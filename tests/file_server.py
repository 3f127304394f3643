"""A small server on this machine that serves one file, and misbehaves where it is told to."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """What is served, how, and what was asked for.

    Attributes:
        content: the file.
        ranges: whether a Range is heeded; else the whole file comes.
        breaks: after so many bytes of an answer the connection ends, one number an answer;
            answers after these are whole.
        codes: status codes of the first answers, before any content is given.
        length: whether the answer states its length.
        asked: the Range of every request, "" where it had none.
        url: where it is.
    """

    content: bytes
    ranges: bool = True
    breaks: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    length: bool = True
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """Serve on a free port of this machine, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            served.asked.append(asked)
            if served.codes:
                self.send_error(served.codes.pop(0))
                return
            start = 0
            match = re.fullmatch(r"bytes=(\d+)-", asked)
            whole = len(served.content)
            if match and served.ranges:
                start = int(match[1])
                if start >= whole:
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{whole}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            else:
                self.send_response(200)
            content = served.content[start:]
            if served.length:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: served.breaks.pop(0)] if served.breaks else content)
            self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
