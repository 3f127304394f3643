"""The environments of phones' toolchains, whose packages do not fit beside Striate's own.

    python -m striate.deployment.phone.environment executorch [FOLDER]

makes one: a virtual environment of this Python with exact versions of all that is in it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from striate.data.cache_folder import find_cache_folder
from striate.errors import EngineError, StriateError

CPU_INDEX: Final = "https://download.pytorch.org/whl/cpu"
TORCH: Final = "torch==2.13.0"
WINDOWS: Final = sys.platform == "win32"


@dataclass(frozen=True)
class PhoneFormat:
    """A format and the toolchain that writes it.

    Attributes:
        name: as `--to` takes it.
        ending: of its files.
        runtime: the distribution that runs it.
        requirement: what is installed for it, exactly; a list of all else lies beside this module.
        cost: what its environment takes on disk and in time.
    """

    name: str
    ending: str
    runtime: str
    requirement: str
    cost: str


FORMATS: Final = {
    each.name: each
    for each in (
        PhoneFormat(
            "executorch", ".pte", "executorch", "executorch==1.5.1", "1.5 GB, some minutes"
        ),
        PhoneFormat(
            "litert", ".tflite", "ai-edge-litert", "litert-torch==0.10.0", "2.1 GB, some minutes"
        ),
    )
}


def find_format(path: Path) -> PhoneFormat | None:
    """Return the format that a file's ending names; None where it is another.

    >>> find_format(Path("photos.tflite")).name
    'litert'
    """
    return next((each for each in FORMATS.values() if each.ending == path.suffix), None)


def name_environment(kind: PhoneFormat) -> Path:
    """Return the folder in which the environment of a format is kept."""
    return find_cache_folder() / "environments" / kind.name


def find_python(kind: PhoneFormat, given: Path | None = None) -> Path:
    """Return the Python of a format's environment.

    Args:
        kind: the format.
        given: the environment's folder; None takes the one that is kept.

    Raises:
        EngineError: it is not there.
    """
    folder = name_environment(kind) if given is None else given
    python = _python_of(folder)
    if not python.is_file():
        what = "is no Python environment" if folder.exists() else "is not there"
        raise EngineError(f"'{folder}' {what}, in which --to {kind.name} converts; {advise(kind)}")
    return python


def advise(kind: PhoneFormat) -> str:
    """Say what makes an environment, and what it costs."""
    return f"make one by `{command(kind)}` ({kind.cost}), or name yours by --environment FOLDER"


def command(kind: PhoneFormat) -> str:
    """Return the command that makes an environment.

    >>> command(FORMATS["litert"])
    'python -m striate.deployment.phone.environment litert'
    """
    return f"python -m striate.deployment.phone.environment {kind.name}"


def make_environment(kind: PhoneFormat, folder: Path, index: str | None = None) -> None:
    """Make an environment, or go on with one that was begun.

    Args:
        kind: the format that it is for.
        folder: of it.
        index: where torch is taken from; None takes pip's own index.

    Raises:
        EngineError: a step of it failed; pip's own words stand above.
    """
    python = _python_of(folder)
    if not python.exists():
        _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    with as_file(files("striate").joinpath(f"deployment/phone/{kind.name}.txt")) as versions:
        # torch first and alone: its CPU build lies in an index that has nothing else
        _run([*pip, TORCH, *([] if index is None else ["--index-url", index])])
        _run([*pip, "-c", str(versions), TORCH, kind.requirement])


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if WINDOWS else "bin/python")


def _run(line: list[str]) -> None:
    done = subprocess.run(line, check=False)
    if done.returncode:
        raise EngineError(f"`{' '.join(line)}` failed; what it said stands above")


def main(arguments: list[str] | None = None) -> int:
    """Make an environment by the words of a command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m striate.deployment.phone.environment",
        description="Make the environment in which `striate export --to FORMAT` converts.",
        epilog="; ".join(f"{each.name}: {each.cost}" for each in FORMATS.values()),
    )
    parser.add_argument("format", choices=sorted(FORMATS))
    parser.add_argument("folder", type=Path, nargs="?", help="default: kept in Striate's cache")
    parser.add_argument(
        "--torch-index",
        default=CPU_INDEX if sys.platform == "linux" else None,
        help="where torch is taken from, 'pip': pip's own index (default on Linux: %(default)s)",
    )
    given = parser.parse_args(arguments)
    kind = FORMATS[given.format]
    folder = given.folder or name_environment(kind)
    try:
        make_environment(kind, folder, None if given.torch_index == "pip" else given.torch_index)
    except StriateError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    kept = "" if given.folder is None else f" --environment {folder}"
    sys.stdout.write(f"striate export MODEL --to {kind.name}{kept}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
