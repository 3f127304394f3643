"""What the tests share: local test pictures, where the checkout has them beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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
