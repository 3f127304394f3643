"""What would break on Windows or macOS, found here: calls, encodings, locks, names, output."""

from __future__ import annotations

import ast
import csv
import functools
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import drawn
import numpy as np
import pytest
from quick_runs import QUICK, TINY

from striate.cli.copying import name_folders
from striate.data import find
from striate.events import ignore
from striate.files.lock import try_lock
from striate.model.loading import load
from striate.settings import Settings
from striate.training.runs import start_run

ROOT = Path(__file__).parents[1]
CODE = sorted((ROOT / "striate").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# https://docs.python.org/3.11/library/os.html, signal.html: "Availability: Unix"
UNIX_MODULES = {"crypt", "fcntl", "grp", "pty", "pwd", "readline", "resource", "termios", "tty"}
UNIX_CALLS = {
    "os": """
        chown chroot ctermid fchmod fchown fork forkpty getegid geteuid getgid getgroups getloadavg
        getpgid getpgrp getpriority getuid initgroups killpg lchown lockf mkfifo mknod nice openpty
        posix_fadvise posix_fallocate pread pwrite sched_getaffinity sched_setaffinity sched_yield
        sendfile setegid seteuid setgid setgroups setpgid setpriority setsid setuid statvfs sync
        sysconf tcgetpgrp uname wait wait3 wait4
    """,
    "signal": """
        SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTERM SIGTSTP SIGUSR1
        SIGUSR2 SIGWINCH alarm pause pthread_kill pthread_sigmask setitimer sigwait
    """,
    "time": "tzset clock_gettime clock_settime",
}
TWINS = {  # (file, call): what stands in its place elsewhere
    ("files/lock.py", "fcntl"): "msvcrt.locking",
    ("data/pixel_file.py", "os.posix_fallocate"): "truncate alone, where it is missing",
    ("training/distributed/processes.py", "signal.pthread_sigmask"): "each process ignores Ctrl-C",
    ("studio_app/rooms/build.py", "os.sysconf"): "the memory is not told where it is missing",
    ("data/cores.py", "os.sysconf"): "nothing is counted without /proc/stat, which Linux alone has",
    ("studio_app/worker.py", "os.setpriority"): "slow maps have the priority of all else",
}


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


def nodes(paths: list[Path]) -> Iterator[tuple[str, ast.AST]]:
    for path in paths:
        name = path.relative_to(ROOT / path.relative_to(ROOT).parts[0]).as_posix()
        yield from ((name, node) for node in nodes_of(path))


def unix_calls(paths: list[Path]) -> Iterator[tuple[str, str]]:
    for path, node in nodes(paths):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                if name in UNIX_CALLS.get(module, "").split():
                    yield path, f"{module}.{name}"
            case ast.Import(names=names):
                yield from ((path, each.name) for each in names if each.name in UNIX_MODULES)
            case ast.ImportFrom(module=str(module), names=names):
                if module in UNIX_MODULES:
                    yield path, module
                for each in names:
                    if each.name in UNIX_CALLS.get(module, "").split():
                        yield path, f"{module}.{each.name}"


def test_no_call_that_unix_alone_has_is_without_a_twin() -> None:
    assert set(unix_calls(CODE)) == TWINS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_the_types_hold_on_other_systems(platform: str, tmp_path: Path) -> None:
    """Mypy knows which names Python's library has on which system."""
    words = ["--platform", platform, "--cache-dir", str(tmp_path), "striate"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def text_without_encoding(paths: list[Path]) -> Iterator[str]:
    for path, node in nodes(paths):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if isinstance(node.func, ast.Name) and node.func.id == "open":
            name = "open"
        # the other open that takes a mode is that of a zip, in bytes
        named = any(each.arg in ("encoding", "force_zip64", None) for each in node.keywords)
        modes = [
            each.value
            for each in (*node.args[:2], *(k.value for k in node.keywords if k.arg == "mode"))
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        if name == "open":
            mode = next((mode for mode in modes if re.fullmatch(r"[rwaxbt+]{1,3}", mode)), None)
            text = (mode is not None and "b" not in mode) or not node.args
            if text and not named:
                yield f"{path}:{node.lineno} {ast.unparse(node)}"
        at = {"read_text": 0, "write_text": 1}.get(name)
        if at is not None and len(node.args) <= at and not named:
            yield f"{path}:{node.lineno} {ast.unparse(node)}"


def test_every_text_file_is_read_and_written_in_a_named_encoding() -> None:
    assert list(text_without_encoding(CODE)) == []


def test_processes_are_started_as_windows_and_macos_start_them() -> None:
    """The only start method that Windows has, everywhere that one is named, tests included."""
    found = set()
    for path, node in nodes(CODE + TESTS):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            given = {k.arg: k.value for k in node.keywords}
            methods = [given["start_method"]] if "start_method" in given else []
            if name in ("get_context", "set_start_method"):
                methods += node.args
            for method in methods:
                found |= {(path, word) for word in re.findall(r"'(\w+)'", ast.unparse(method))}
            if isinstance(node.func, ast.Name):
                name = node.func.id
            if name.endswith(("Process", "ProcessPoolExecutor")):  # they take the system's default
                called = ast.unparse(node.func)
                assert not re.search(r"multiprocessing\.Process$|Executor$", called), path
    assert {word for _, word in found} == {"spawn", "popen"}
    assert ("training/distributed/processes.py", "spawn") in found


class LockedFile:
    """msvcrt as Windows has it: a byte is locked for one open file."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.held: set[tuple[int, int]] = set()

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        place = (os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR))
        if place in self.held:
            raise OSError(36, "Resource deadlock avoided")
        self.held.add(place)


def test_the_lock_of_windows_holds_the_same_byte_for_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = types.ModuleType("msvcrt")
    windows = LockedFile()
    vars(module).update(locking=windows.locking, LK_NBLCK=windows.LK_NBLCK)
    monkeypatch.setitem(sys.modules, "msvcrt", module)
    monkeypatch.setattr(sys, "platform", "win32")
    path = tmp_path / ".lock"
    with path.open("ab") as first, path.open("ab") as second:
        assert try_lock(first.fileno())
        assert not try_lock(second.fileno())
    with (tmp_path / "other").open("ab") as other:
        assert try_lock(other.fileno())


def fits_windows(name: str) -> bool:
    """Whether Windows takes a name for a file or a folder as it is."""
    path = PureWindowsPath(name)
    return (
        path.parts == (name,)
        and not path.is_reserved()
        and not re.search(r'[<>:"/\\|?*\x00-\x1f]|[. ]$', name)
        and len(name) < 256
    )


HOSTILE = [
    "CON", "con.txt", "aux", "NUL", "com1", "LPT9.png", "prn ", "a.", "a ", "...", "C:", "C:\\x",
    "\\\\server\\share", "a/b", "a\\b", "what?", "a*b", "<b>", 'say "x"', "a|b", "tab\there",
    "nul.", "Cat", "cat", "蛇", "ß" * 200, " lead", "",
]  # fmt: skip


def test_folders_for_classes_have_names_that_windows_takes() -> None:
    names = name_folders(HOSTILE)
    assert [name for name in names.values() if not fits_windows(name)] == []
    assert len({name.casefold() for name in names.values()}) == len(HOSTILE)


def test_every_file_that_a_run_makes_has_a_name_that_windows_takes(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    first = start_run(photos, TINY, settings=QUICK, callback=ignore)
    settings = Settings(pretrained=str(first.folder), precision="float32", unfreeze=1, epochs=1)
    start_run(photos, settings=settings, callback=ignore)
    made = [path.name for path in tmp_path.rglob("*")]
    assert len(made) > 20
    assert [name for name in made if not fits_windows(name)] == []


def test_lists_made_on_windows_are_read_here(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=3)
    rows = [f"{shape}\\{shape}{n:03}.png,{shape}" for shape in ("disc", "square") for n in range(3)]
    rows.append("C:\\photos\\disc\\disc000.png,disc")
    (tmp_path / "list.csv").write_bytes("\r\n".join(["path,label", *rows]).encode("utf-8-sig"))
    found = find(tmp_path / "list.csv")
    assert set(found.names) == {
        f"{shape}/{shape}{n:03}.png" for shape in ("disc", "square") for n in range(3)
    }
    assert [each.name for each in found.skipped] == ["C:\\photos\\disc\\disc000.png"]
    run = start_run(tmp_path / "list.csv", TINY, out=tmp_path / "run", settings=QUICK)
    with (tmp_path / "run" / "split.csv").open(encoding="utf-8", newline="") as file:
        assert all("\\" not in row["name"] for row in csv.DictReader(file))
    assert run.evaluation.n == 2


@pytest.fixture(scope="module")
def snakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose class names no western code page has."""
    root = tmp_path_factory.mktemp("snakes")
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (24, 8, 8, 3), np.uint8)
    x[::2] //= 4
    np.savez(root / "data.npz", x=x, y=np.array(["蛇", "→ ёж"] * 12))
    for name in ("run", "other"):
        start_run(root / "data.npz", TINY, out=root / name, settings=QUICK, callback=ignore)
    return root


# Several command lines in one process, which says how each ended.
CONSOLE = """
import json, sys
from striate.cli import main
ends = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["striate", *words]
    try:
        main()
        ends.append(0)
    except SystemExit as end:
        ends.append(end.code or 0)
print(json.dumps(ends))
"""


def test_a_console_of_code_page_1252_shows_what_it_can(snakes: Path) -> None:
    drawn.image("disc", 1, (8, 8)).save(snakes / "disc.png")
    commands = [
        ["predict", "run", "disc.png"],
        ["predict", "run", "disc.png", "--json"],
        ["evaluate", "run", "data.npz"],
        ["train", "data.npz", "--network", TINY, "--epochs", "1", "--out", "again"],
        ["report", "run"],
        ["describe", "run"],
        ["explain", "run", "disc.png", "--quick"],
        ["compare", "run", "other"],
        ["zoo"],
        ["--help"],
    ]
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", CONSOLE, json.dumps(commands)],
        cwd=snakes,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr.decode("cp1252")
    assert b"Traceback" not in done.stderr
    said = done.stdout.decode("cp1252")
    done.stderr.decode("cp1252")
    ends = json.loads(said.splitlines()[-1])
    assert dict(zip(map(" ".join, commands), ends, strict=True)) == {
        " ".join(words): 0 for words in commands
    }
    page = snakes / "run" / "report.html"
    assert "→ ёж" in page.read_text("utf-8")
    assert load(snakes / "run").classes == ("→ ёж", "蛇")
