"""A studio that answers on a free port, for as long as a test needs it."""

from __future__ import annotations

import http.client
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from striate.model.classifier import Classifier
from striate.studio_app.opening import OpenStudio, open_studio

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open Debian's Chromium, with a camera that is none."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        words = ["--no-sandbox", *CAMERA]
        opened = playwright.chromium.launch(executable_path=path, args=words)
        yield opened
        opened.close()


@contextmanager
def watched_page(browser: Browser, live: Live, height: int = 800) -> Iterator[Page]:
    """Open a page 1,280 pixels wide, which must fail nowhere and ask no other host."""
    context = browser.new_context(viewport={"width": 1280, "height": height})
    context.grant_permissions(["camera"], origin=f"http://{live.host}")
    found = context.new_page()
    faults: list[str] = []
    hosts: set[str] = set()
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    yield found
    assert found.evaluate("window.broken") is None  # which a name with a script in it would set
    assert faults == [] and hosts <= {live.host, ""}
    context.close()


AT = """(wanted) => {
  const place = new URLSearchParams(location.hash.slice(1));
  return Object.entries(wanted).every(([name, pattern]) =>
    (pattern === null ? !place.has(name) : new RegExp(`^${pattern}$`).test(place.get(name))));
}"""
SHOWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def wait_for_place(page: Page, **wanted: str | None) -> None:
    """Wait until the address, which follows at a pace, has these patterns; None: has no such."""
    page.wait_for_function(AT, arg=wanted)


def wait_for_frames(page: Page) -> None:
    """Wait until what the pointer and the keys did is taken in and painted."""
    page.evaluate(SHOWN)


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Live:
    """A studio at work."""

    address: str

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes | Iterator[bytes] | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            connection.request(method, path, body, {"Host": self.host, **(headers or {})})
            answer = connection.getresponse()
            return Reply(
                answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
            )
        finally:
            connection.close()

    def enter(self) -> dict[str, str]:
        """Exchange the token for the cookie; give it as a header."""
        parts = urlsplit(self.address)
        said = self.ask(f"/?{parts.query}").headers["set-cookie"]
        return {"Cookie": said.partition(";")[0]}

    def talk(self, headers: Mapping[str, str]) -> ClientConnection:
        return connect(
            f"ws://{self.host}/live",
            additional_headers=dict(headers),
            origin=Origin(f"http://{self.host}"),
            max_size=None,
        )


@contextmanager
def live_studio(
    folder: Path, *, read: tuple[Path, ...] = (), modules: dict[str, Classifier] | None = None
) -> Iterator[Live]:
    """Let a studio answer while the body of ``with`` runs."""
    with live_page(open_studio(folder, read=read, modules=modules)) as found:
        yield found


@contextmanager
def live_page(opened: OpenStudio) -> Iterator[Live]:
    """Let a page answer while the body of ``with`` runs."""
    thread = threading.Thread(target=opened.run, daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not opened.server.started and time.monotonic() < end:
        time.sleep(0.01)
    try:
        yield Live(opened.address)
    finally:
        opened.server.should_exit = True
        thread.join(30)
        opened.listening.close()
