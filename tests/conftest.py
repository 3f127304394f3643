"""What the tests share: local test images, where the checkout has them beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import drawn
import pytest
from quick_runs import QUICK, TINY

from striate.events import Event
from striate.training.run import Run
from striate.training.runs import start

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Give a file or folder of ../shared by its path there; the test skips where it is absent."""

    def find(path: str) -> Path:
        found = SHARED / path
        if not found.exists():
            pytest.skip(f"needs ../shared/{path}, which is not beside this checkout")
        return found

    return find


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 20 drawn discs and 20 squares; not to be changed."""
    return drawn.folder(tmp_path_factory.mktemp("photos"), n=20, size=(30, 20))


@pytest.fixture(scope="session")
def done(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[Event]]:
    """A finished run of these, and what it told; not to be changed."""
    told: list[Event] = []
    out = tmp_path_factory.mktemp("runs") / "shapes"
    return start(photos, TINY, out=out, settings=QUICK, callback=told.append), told
