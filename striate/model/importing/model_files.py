"""Files that hold a whole model of another framework, told by content and by name."""

from __future__ import annotations

from pathlib import Path

from striate.errors import WeightsError
from striate.files.home import expand_home
from striate.model.importing.keras import is_keras

ENDINGS = (".keras", ".h5", ".hdf5", ".onnx")


def is_model_file(network: str | Path) -> bool:
    """Return whether a network is given as the file of a whole model.

    What is in the file says so, or its ending: one that is damaged is still meant as a model.

    Raises:
        WeightsError: it is called as such a file is, and is not there.

    >>> is_model_file("resnet18"), is_model_file("conv 8 > relu")
    (False, False)
    """
    try:
        path = expand_home(network)
        named, there = path.suffix.lower() in ENDINGS, path.is_file()
    except (OSError, ValueError):  # a text of the notation is no path
        return False
    if named and not there:
        raise WeightsError(
            f"there is no file '{network}'; expected a whole model, {', '.join(ENDINGS[:-1])} or "
            f"{ENDINGS[-1]}"
        )
    return there and (named or is_keras(path))


def is_onnx(path: Path) -> bool:
    """Return whether a file is called as ONNX models are, which have no beginning of their own."""
    return path.suffix.lower() == ".onnx"
