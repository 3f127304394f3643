"""A lock that another process cannot take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from striate.files.lock import try_lock

TRY = """
import sys
from striate.files.lock import try_lock
with open(sys.argv[1], "a") as file:
    print(try_lock(file.fileno()))
"""


def tried(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", TRY, path], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_one_process_alone_holds_a_file_and_lets_go_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "held"
    with path.open("a") as file:
        assert try_lock(file.fileno())
        assert tried(path) == "False"
    assert tried(path) == "True"
