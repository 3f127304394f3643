"""The command line called from tests, as a shell would call it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from striate.cli import main


@dataclass(frozen=True)
class Said:
    """What the command line printed."""

    stdout: str
    stderr: str


class Terminal(io.StringIO):
    """A text that says it is a terminal; how wide, the variable COLUMNS says."""

    def isatty(self) -> bool:
        return True


def striate(
    *arguments: object,
    cwd: Path | None = None,
    text: str = "",
    code: int = 0,
    kind: type[io.StringIO] = io.StringIO,
) -> Said:
    """Run the command line in this process, as a shell would in its own."""
    out, err = kind(), kind()
    argv, stdin = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["striate", *map(str, arguments)], io.StringIO(text)
    try:
        with (
            contextlib.chdir(cwd or Path.cwd()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
            sys.exit(0)
    finally:
        sys.argv, sys.stdin = argv, stdin
    assert (ended.value.code or 0) == code, err.getvalue()
    return Said(out.getvalue(), err.getvalue())


def in_a_process(*arguments: object, cwd: Path, text: bytes = b"") -> tuple[int, bytes, bytes]:
    """Run it in a process of its own, with an encoding that takes no odd bytes."""
    script = "from striate.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=cwd,
        input=text,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )
    return done.returncode, done.stdout, done.stderr


def spend(*command: str | Path) -> float:
    """Run a program; give its seconds of processor time, which other work hardly changes."""
    resource = pytest.importorskip("resource", reason="this system counts no processor time")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    installed = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # compiled once, as libraries are
    subprocess.run(command, check=True, capture_output=True, env=installed)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


NOBODY = """
import contextlib, io, os, sys
from striate.cli import main
os.chdir(sys.argv.pop(1))
if os.geteuid() == 0:
    # once before, as nobody may not come to where Python lies
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
main()
"""


def as_nobody(*arguments: object, cwd: Path) -> str:
    """Run it as a user whom the modes of files hold, also where this one is root."""
    done = subprocess.run(
        [sys.executable, "-c", NOBODY, cwd, *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
