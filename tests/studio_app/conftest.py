"""The browser that looks at the studio: Debian's Chromium with a camera that is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Open it once for all pages."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        words = ["--no-sandbox", *CAMERA]
        opened = playwright.chromium.launch(executable_path=path, args=words)
        yield opened
        opened.close()
