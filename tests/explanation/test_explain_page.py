"""docs/explain.md: its program runs as it stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from PIL import Image

from striate.events import Event
from striate.model.loading import load
from striate.training.result import TrainingResult

ROOT = Path(__file__).parents[2]
THREADS = {name: value for name, value in os.environ.items() if name.startswith("OMP_")}


def test_the_program_of_the_page_runs(
    done: tuple[TrainingResult, list[Event]], photos: Path, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "explain.md").read_text("utf-8")
    (program,) = re.findall(r"<!-- tested: python -->\n```python\n(.*?)\n```", page, re.DOTALL)
    replace(load(done[0].folder), classes=("cat", "dog")).save(tmp_path / "cats.safetensors")
    for name, other in (("cat", "disc"), ("dog", "square")):
        shutil.copytree(photos / other, tmp_path / "photos" / name)
    (tmp_path / "new").mkdir()
    Image.open(sorted(photos.glob("disc/*.png"))[0]).save(tmp_path / "new" / "who.jpg")
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **THREADS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""  # progress is silent where nobody looks
    assert "the map of 'cat'" in ran.stdout
    assert "cat rather than dog" in ran.stdout
