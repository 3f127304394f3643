"""Read trained weights from a file of elsewhere, without running anything that is in it.

PyTorch's files hold a pickle, which can call any function of Python when it is opened. They are
read with torch's weights_only=True, which builds tensors, numbers, texts, lists and dicts and
refuses everything else; for what else training checkpoints often hold (`inert_objects`) something
inert takes its place. safetensors hold numbers alone. What a file is, its first bytes say, not
its ending.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from striate.errors import WeightsError, join_words
from striate.events import Callback, Note, ignore
from striate.model import classifier_file
from striate.model.weights import inert_objects

WITHIN = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params")
"""Under which of its entries a training checkpoint keeps the weights, the first of them first."""

WRAPPERS = {"module", "_orig_mod"}
"""What DataParallel and torch.compile put into the names of tensors."""

DEEPEST = 4  # mappings within mappings
EXPECTED = "expected a state dict of tensors in a .pth, .pt, .th or .safetensors file"
ANEW = "get it anew"

# How other files begin, and what they are.
OTHERS = {
    b"version https://git-lfs": "is a Git LFS pointer, not the file itself; run `git lfs pull`",
    b"\x89HDF": "is an HDF5 file, as Keras writes it: striate import reads it, with its network",
    b"\x1f\x8b": "is compressed with gzip; unpack it first",
    b"GGUF": "is a GGUF file, which is not read; " + EXPECTED,
    b"\x93NUMPY": "is a NumPy array; " + EXPECTED,
    b"\x89PNG": "is an image; " + EXPECTED,
    b"\xff\xd8\xff": "is an image; " + EXPECTED,
}

# Whatever torch.load raises for a file that is cut off, damaged or hostile. Memory that runs out is
# not the file's fault, and is not among them.
DAMAGED = (
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    UnpicklingError,
    zipfile.BadZipFile,
)
# Torch's reader of its older kind of file tells by assertions that tensors and numbers do not fit
# each other: "storage key '94' not found". Only there are these a word on the file.
OLDER = (*DAMAGED, AssertionError)


def read(path: str | Path, *, callback: Callback = ignore) -> dict[str, Tensor]:
    """Read the tensors of a .pth, .pt, .th or .safetensors file, by their names.

    Weights that stand inside a training checkpoint are taken out of it; what DataParallel and
    torch.compile put before the names ("module.") is taken off; weights saved on a graphics
    card come to the processor. Each of these is told.

    Args:
        path: a local file.
        callback: is told what was taken from where.

    Returns:
        The tensors in the file's order, on the CPU, as they are stored.

    Raises:
        WeightsError: there is no such file, or no weights are in it, or more than weights.

    >>> read("nowhere.pth")
    Traceback (most recent call last):
    striate.errors.WeightsError: there is no file 'nowhere.pth'; expected a state dict ...
    """
    path = Path(path)
    kind = _kind(path)
    stored = _from_safetensors(path) if kind == "safetensors" else _from_torch(path, kind)
    tensors = _named(_unwrapped(stored, path, callback), path, callback)
    return _without_wrappers(tensors, callback)


def _kind(path: Path) -> str:
    """Tell "zip" and "legacy" (both torch's) and "safetensors" by the first bytes."""
    try:
        if path.is_dir():
            raise WeightsError(f"'{path}' is a folder; {EXPECTED}")
        if not path.exists():
            raise WeightsError(f"there is no file '{path}'; {EXPECTED}")
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(512)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise WeightsError(f"'{path}' cannot be read: {said}; see that it may be read") from error
    if not start:
        raise WeightsError(f"'{path}' is empty; {ANEW}")
    for first, said in OTHERS.items():
        if start.startswith(first):
            raise WeightsError(f"'{path}' {said}")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise WeightsError(
            f"'{path}' is a web page, not weights: the download brought an error page or asked "
            f"to log in; open it to see what it says, and {ANEW}"
        )
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    if start[6:9] == b"\0\0{":  # a length in eight bytes, whose first may well be 0x80
        if int.from_bytes(start[:8], "little") + 8 > size:
            raise WeightsError(f"'{path}' is cut off: its header alone is longer; {ANEW}")
        return "safetensors"
    if start.startswith(b"\x80"):
        return "legacy"
    raise WeightsError(f"'{path}' is no file of weights; {EXPECTED}")


def _from_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, AttributeError, ValueError, TypeError) as error:
        raise WeightsError(f"'{path}' is cut off or damaged ({_why(error)}); {ANEW}") from error
    if classifier_file.KEY in metadata:
        raise WeightsError(
            f"'{path}' is a whole classifier that Striate saved, with its network and classes: "
            "striate evaluate and predict take it as it is"
        )
    return tensors


def _from_torch(path: Path, kind: str) -> object:
    kinds: tuple[type[Exception], ...] = OLDER
    if kind == "zip":
        _check_zip(path)
        kinds = DAMAGED
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle's versions; what does not do is an error
            return inert_objects.load(path, mmap=kind == "zip")
    except kinds as error:
        said = " ".join(str(error).split())
        if isinstance(error, UnpicklingError) and "Weights only load failed" in said:
            raise WeightsError(
                f"'{path}' holds more than weights ({inert_objects.refused(said)}): "
                "a whole module, or objects that only their own program can open, which could run "
                "anything; expected a state dict: save it there by "
                "torch.save(model.state_dict(), PATH)"
            ) from error
        raise WeightsError(f"'{path}' is cut off or damaged ({_why(error)}); {ANEW}") from error


def _check_zip(path: Path) -> None:
    """Say of a zip that holds no pickle of torch's what it is instead."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise WeightsError(f"'{path}' is cut off or damaged ({_why(error)}); {ANEW}") from error
    inner = {name.partition("/")[2] for name in names}
    if "constants.pkl" in inner and any(name.startswith("code/") for name in inner):
        raise WeightsError(
            f"'{path}' is a TorchScript program, not weights alone; expected a state dict: "
            "torch.save(torch.jit.load(PATH).state_dict(), ANOTHER) makes one"
        )
    if "data.pkl" not in inner:
        keras = "; it looks like a Keras model, which striate import reads"
        said = keras if "model.weights.h5" in names else f"; {EXPECTED}"
        raise WeightsError(f"'{path}' is a zip without weights of PyTorch{said}")


def _unwrapped(
    stored: object, path: Path, callback: Callback, *, depth: int = 0
) -> Mapping[Any, Any]:
    """Return the mapping that holds the tensors: the file's own, or one within it."""
    if not isinstance(stored, Mapping) or depth > DEEPEST:
        raise WeightsError(
            f"'{path}' holds a {type(stored).__name__}, no tensors with names; {EXPECTED}"
        )
    inside = [
        name
        for name, value in stored.items()
        if isinstance(value, Mapping) and any(isinstance(each, Tensor) for each in value.values())
    ]
    named = [name for name in WITHIN if name in inside]
    direct = sum(isinstance(value, Tensor) for value in stored.values())
    if named or (not direct and len(inside) == 1):
        chosen = (named or inside)[0]
        others = [str(name) for name in inside if name != chosen]
        also = f"; it also holds {_few(others)}, which were not taken" if others else ""
        callback(Note(f"the weights were taken from '{chosen}' of the file{also}"))
        return _unwrapped(stored[chosen], path, callback, depth=depth + 1)
    if inside and not direct:
        raise WeightsError(
            f"'{path}' holds several sets of tensors ({_few(map(str, inside))}) and none is called "
            f"{', '.join(WITHIN[:3])}; save the one that is meant by itself"
        )
    deeper = [value for name, value in stored.items() if name in WITHIN]
    if not direct and len(deeper) == 1 and isinstance(deeper[0], Mapping):
        return _unwrapped(deeper[0], path, callback, depth=depth + 1)
    return stored


def _named(stored: Mapping[Any, Any], path: Path, callback: Callback) -> dict[str, Tensor]:
    """Keep what is a tensor with a name, and tell what is not."""
    tensors = {
        name: value.detach()
        for name, value in stored.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    if not tensors:
        raise WeightsError(f"'{path}' holds no tensors; {EXPECTED}")
    others = [str(name) for name in stored if name not in tensors]
    if others:
        callback(Note(f"{_few(others)} in the file are no tensors and were left out"))
    return tensors


def _without_wrappers(tensors: dict[str, Tensor], callback: Callback) -> dict[str, Tensor]:
    """Take "module." and "_orig_mod." out of the names, where they stay different ones."""
    bare = {name: ".".join(p for p in name.split(".") if p not in WRAPPERS) for name in tensors}
    changed = sum(name != short for name, short in bare.items())
    if not changed or len(set(bare.values())) < len(bare) or not all(bare.values()):
        return tensors
    found = {part for name in tensors for part in name.split(".")} & WRAPPERS
    which = join_words(f"'{part}.'" for part in sorted(found))
    verb = "was" if len(found) == 1 else "were"
    callback(Note(f"{which} {verb} taken out of {changed:,} of {len(bare):,} names"))
    return {bare[name]: value for name, value in tensors.items()}


def _few(names: Iterable[str], most: int = 3) -> str:
    """Name a few of many: 'epoch', 'optimizer' and 2 more."""
    every = [f"'{name[:60]}'" for name in names]
    rest = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + rest


def _why(error: Exception) -> str:
    """Return the reason of an error in one short line."""
    said = getattr(error, "strerror", None) or " ".join(str(error).split())
    return (said or type(error).__name__)[:120]
