"""Print the wheels of a folder whose package cannot be found by this Python, a path a line.

    python tests/gpu/missing.py FOLDER

A package that is there is used as it is, whatever its version.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


def missing(wheels: Path) -> list[Path]:
    """Find the wheels of packages that are not installed.

    Args:
        wheels: a folder of files NAME-VERSION-*.whl.
    """
    return [path for path in sorted(wheels.glob("*.whl")) if not installed(path.name)]


def installed(wheel: str) -> bool:
    """Return whether the package of a wheel is installed.

    >>> installed("numpy-2.4.6-cp312-cp312-manylinux_2_28_x86_64.whl")
    True
    >>> installed("no_such_package-1.0-py3-none-any.whl")
    False
    """
    try:
        distribution(wheel.split("-")[0])
    except PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in missing(Path(sys.argv[1])))
