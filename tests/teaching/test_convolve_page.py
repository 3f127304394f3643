"""docs/convolve.md says what is so: its commands print what stands below them."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import drawn
import numpy as np
import pytest
from PIL import Image

from striate.teaching.convolution import FILTERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "convolve.md").read_text("utf-8")
BLOCK = re.compile(
    r"<!-- tested: shell -->\n```sh\n(.*?)\n```\n(?:\n```text\n(.*?)\n```)?", re.DOTALL
)


def test_the_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    drawn.image("disc", 1, (80, 60)).save(tmp_path / "photo.png")
    start = "import sys; from striate.cli import main; sys.exit(main())"
    function = f"striate() {{ '{sys.executable}' -W error -c '{start}' \"$@\"; }}\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    blocks = BLOCK.findall(PAGE)
    assert len(blocks) == PAGE.count("<!-- tested: shell -->") == 10
    for command, expected in blocks:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", function + command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        if expected:
            assert done.stdout.strip("\n") == expected
    assert (tmp_path / "sharp.png").exists()
    assert (tmp_path / "edges.png").exists()
    assert (tmp_path / "dilated.gif").exists()
    assert (tmp_path / "walk.webp").exists()
    assert "too many to be shown" in (tmp_path / "photo.html").read_text("utf-8")
    assert '"fc1"' in (tmp_path / "path.json").read_text("utf-8")


def test_the_page_lists_every_filter_with_its_sum() -> None:
    told = {
        name: float(total)
        for names, total in re.findall(r"^\| (`[^|]+) \|[^|]+\| ([01]) \|$", PAGE, re.MULTILINE)
        for name in re.findall(r"`([\w-]+)`", names)
    }
    assert told == pytest.approx({n: float(f.weights.sum()) for n, f in FILTERS.items()})


def test_the_images_of_the_page_are_drawn_by_its_script(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "docs" / "convolve.py"))["main"](tmp_path)
    for name in ("filters.png", "digit.png", "dilated.gif"):
        new, old = (read(folder / name) for folder in (tmp_path, ROOT / "docs" / "convolve"))
        assert new.shape == old.shape
        assert np.abs(new - old).mean() < 4  # letters may differ from machine to machine


def read(path: Path) -> np.ndarray:
    """An image, or the first frame of an animation."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), dtype=float)
