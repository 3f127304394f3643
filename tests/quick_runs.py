"""A small run for the tests: its settings, its network, and what reads its folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from striate.settings import Settings

TINY = "conv 8 > bn > relu > maxpool 2 > conv 16 > bn > relu > gap > flatten > fc"
QUICK = Settings(epochs=3, size="16", precision="float32", threads=1, batch=8)


def record(run: Path) -> dict[str, Any]:
    """Read run.json."""
    values: dict[str, Any] = json.loads((run / "run.json").read_text())
    return values


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
