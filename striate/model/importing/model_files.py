"""Files that hold a whole model of another framework, told by content and by name."""

from __future__ import annotations

from pathlib import Path

from striate.errors import WeightsError, join_words
from striate.files.home import expand_home
from striate.model.importing.keras import is_keras, open_keras

ENDINGS = (".keras", ".h5", ".hdf5", ".onnx")
READ = f"expected a whole model, {join_words(ENDINGS, 'or')}"
TENSORFLOW = "save the model that it was made of by model.save('model.keras')"
ONNX = "export the model that it was made of as ONNX"
OTHERS = {
    ".tflite": ("a model of TensorFlow Lite", TENSORFLOW),
    ".pb": ("a graph of TensorFlow", TENSORFLOW),
    ".json": ("a model of TensorFlow.js or an architecture without weights", TENSORFLOW),
    **dict.fromkeys((".mlmodel", ".mlpackage"), ("a model of Core ML", ONNX)),
    **dict.fromkeys(
        (".pt", ".pth", ".th", ".ckpt", ".safetensors"), ("a file of weights alone", "")
    ),
}


def is_model_file(network: str | Path) -> bool:
    """Return whether a network is given as the file of a whole model.

    What is in the file says so, or its ending: one that is damaged is still meant as a model.

    Raises:
        WeightsError: it is called as such a file is, and is not there; or it is a model of a kind
            that is not read.

    >>> is_model_file("resnet18"), is_model_file("conv 8 > relu")
    (False, False)
    """
    try:
        path = expand_home(network)
        named, there = path.suffix.lower() in ENDINGS, path.is_file()
    except (OSError, ValueError):  # a text of the notation is no path
        return False
    if named and not there:
        raise WeightsError(f"there is no file '{network}'; {READ}")
    if there and (named or is_keras(path)):
        return True
    saved = (path / "saved_model.pb").is_file()
    what, mend = OTHERS.get(".pb" if saved else path.suffix.lower(), ("", ""))
    if what and (there or path.is_dir()):
        mend = mend or (
            f"give the network that they are for in front: striate import NETWORK --weights "
            f"{path.name}"
        )
        raise WeightsError(f"'{network}' is {what}, which is not read; {READ}: {mend}")
    return False


def is_onnx(path: Path) -> bool:
    """Return whether a file is called as ONNX models are, which have no beginning of their own."""
    return path.suffix.lower() == ".onnx"


def check_whole(path: str | Path) -> None:
    """Make sure that the file of a whole model is of its kind and not damaged.

    Weights are not read, nor is torch loaded, nor a large graph of ONNX.

    Raises:
        WeightsError: it is not, or is damaged.
        SettingError: h5py is not installed.

    Example: ``check_whole("model.keras")``.
    """
    path = expand_home(path)
    check_kind(path)
    if not is_onnx(path):
        open_keras(path)


def check_kind(path: Path) -> None:
    """Make sure that a file that is not of ONNX is of Keras, which its name alone may say.

    Raises:
        WeightsError: it is none.
    """
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise WeightsError(f"'{path}' cannot be read: {error.strerror or error}; {READ}") from error
    what = ""
    if not start:
        what = "empty; get it anew"
    elif start.startswith(b"version https://git-lfs"):
        what = "a Git LFS pointer, not the file itself; run `git lfs pull`"
    elif start.lstrip().startswith(b"<"):
        what = "a web page, which a download brought instead; get it anew"
    elif not is_onnx(path) and not is_keras(path):
        what = "no model of Keras"
        if start.startswith(b"PK"):
            what = "cut off or damaged, or a zip of something else; get it anew"
    if what:
        raise WeightsError(f"'{path}' is {what}; {READ}")
