"""The files of Keras: what is in a .keras or .h5, and whose weights are whose.

Three kinds. A `.keras` is a zip of config.json and model.weights.h5. A `.h5` is HDF5: a whole model
has its configuration in an attribute, weights alone do not. In a `.weights.h5` and inside `.keras`
the weights of a layer are numbered, in groups called after classes (`layers/conv2d_1/vars/0`),
which sort conv2d_1, conv2d_10, conv2d_2; newer files name each group's layer. In the older `.h5`
they have names (`conv1/kernel:0`), in an order that depends on which layers were frozen.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import WeightsError
from striate.model.importing.keras.hdf5_file import BEGINNING, LARGEST, Hdf5File, as_text

MOST_CONFIG = 64 * 2**20  # bytes of a configuration; EfficientNet-B7 has 0.7 MB
WEIGHTS, CONFIG = "model.weights.h5", "config.json"
CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
MEND = "expected a .keras or .h5 file of a whole model, as model.save writes it; get it anew"


@dataclass(frozen=True, eq=False)
class KerasFile:
    """What Keras saved.

    Attributes:
        name: of the file.
        config: of the model: {"class_name": ..., "config": ...}; None for weights alone.
        version: of the Keras that saved it, as "3.15.1" or "2.9.0"; "" where it does not say.
        arrays: its HDF5 part.
        numbered: whether weights are numbered in groups of classes, not named.
        root: the group that the named weights are in.
    """

    name: str
    config: Mapping[str, Any] | None
    version: str
    arrays: Hdf5File
    numbered: bool
    root: str = ""

    @property
    def major(self) -> int:
        """The first number of the version; files of Keras 1 are of 2 in what matters here."""
        found = re.match(r"\d+", self.version)
        return int(found[0]) if found else 2

    def layer_names(self) -> list[str]:
        """Return the layers at the top whose weights are named, in the order of the model."""
        return self.arrays.texts(self.root, "layer_names") or []


def is_keras(path: Path) -> bool:
    """Say whether a file is of Keras, by its first bytes and what is in it."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
        if start == BEGINNING:
            return True
        if start[:4] != b"PK\x03\x04":
            return False
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False
    return CONFIG in names and any(name.startswith("model.weights") for name in names)


def open_keras(path: Path) -> KerasFile:
    """Open a file of Keras; weights are read when they are asked for.

    Raises:
        WeightsError: it is damaged, too large or leads elsewhere.
        SettingError: h5py is not installed.
    """
    with path.open("rb") as file:
        zipped = file.read(8) != BEGINNING
    if zipped:
        return _open_zip(path)
    arrays = Hdf5File(path, path.name)
    root = "model_weights" if "model_weights" in arrays.groups else ""
    config = arrays.attribute("", "model_config")
    version = arrays.attribute("", "keras_version") or arrays.attribute(root, "keras_version")
    return KerasFile(
        path.name,
        None if config is None else _parsed(as_text(config), path.name),
        "" if version is None else as_text(version),
        arrays,
        numbered=arrays.texts(root, "layer_names") is None,
        root=root,
    )


def _open_zip(path: Path) -> KerasFile:
    try:
        with zipfile.ZipFile(path) as archive:
            config = _member(archive, CONFIG, MOST_CONFIG, path.name)
            weights = _member(archive, WEIGHTS, LARGEST, path.name)
            said = b"{}"
            if "metadata.json" in archive.namelist():
                said = _member(archive, "metadata.json", MOST_CONFIG, path.name)
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
        raise WeightsError(
            f"'{path}' is cut off or damaged ({' '.join(str(error).split())[:120]}); {MEND}"
        ) from error
    version = _parsed(said.decode("utf-8", "replace"), path.name).get("keras_version", "3")
    return KerasFile(
        path.name,
        _parsed(config.decode("utf-8", "replace"), path.name),
        str(version),
        Hdf5File(weights, f"{WEIGHTS} of {path.name}"),
        numbered=True,
    )


def _member(archive: zipfile.ZipFile, name: str, most: int, file: str) -> bytes:
    """Read one file of a zip, which must not be larger than it may be, nor than it says."""
    if name not in archive.namelist():
        also = "; its weights are in several files" if name == WEIGHTS else ""
        raise WeightsError(f"'{file}' has no {name}{also}; {MEND}")
    size = archive.getinfo(name).file_size
    if size > most:
        raise WeightsError(
            f"{name} in '{file}' is {size:,} bytes, and at most {most:,} are read; {MEND}"
        )
    with archive.open(name) as member:
        content = member.read(size + 1)
    if len(content) != size:
        raise WeightsError(f"{name} in '{file}' is not of the size that the zip says; {MEND}")
    return content


def _parsed(text: str, name: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"the configuration in '{name}' is no JSON ({error}); {MEND}") from error
    if not isinstance(found, dict):
        raise WeightsError(f"the configuration in '{name}' is no model; {MEND}")
    return found


class LayerWeights:
    """The weights of the layers of one model within a file.

    Args:
        file: that holds them.
        layers: (class name, name) of the model's layers, in the order of its configuration.
        above: the weights of the model that this one is a layer of; None at the top.
        name: of this model within that one.
    """

    def __init__(
        self,
        file: KerasFile,
        layers: Sequence[tuple[str, str]],
        above: LayerWeights | None = None,
        name: str = "",
    ) -> None:
        self._file = file
        self._named: dict[tuple[str, str], list[str]] = {}
        self._groups: dict[str, str] = {}
        self._top = above is None
        if file.numbered:
            front = "" if above is None else f"{above._groups.get(name, name)}/"
            self._groups = _numbered_groups(file.arrays, front, layers)
        elif above is not None:
            self._named = above._named_of(name)

    def of(self, layer: str, kinds: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the weights of a layer.

        Args:
            layer: its name in this model.
            kinds: what a layer of its class keeps, in Keras's order: kernel, bias.

        Raises:
            WeightsError: the file has not just these.
        """
        if not self._file.numbered:
            return self._by_name(layer, kinds)
        group = self._groups.get(layer, "")
        held = [key for key in self._file.arrays.children(f"{group}/vars") if key.isdecimal()]
        if not group or len(held) != len(kinds):
            raise WeightsError(
                f"'{self._file.name}' has {len(held)} weights of the layer '{layer}'; expected "
                f"{len(kinds)} ({', '.join(kinds)}): save the model anew after it was built"
            )
        return {
            kind: self._file.arrays.array(f"{group}/vars/{number}")
            for number, kind in enumerate(kinds)
        }

    def _by_name(self, layer: str, kinds: Sequence[str]) -> dict[str, np.ndarray]:
        named = self._named_of(layer) if self._top else self._named
        found: dict[str, np.ndarray] = {}
        for kind in kinds:
            # Keras 2 says depthwise_kernel where Keras 3 says kernel
            names = [(layer, kind), (layer, kind.removeprefix("depthwise_"))]
            paths = next((named[each] for each in names if each in named), [])
            if len(paths) != 1:
                count = "no" if not paths else f"{len(paths)} times the"
                raise WeightsError(
                    f"'{self._file.name}' has {count} {kind} of the layer '{layer}'; expected one: "
                    "save it as .keras, where equal names do no harm"
                )
            found[kind] = self._file.arrays.array(paths[0])
        return found

    def _named_of(self, layer: str) -> dict[tuple[str, str], list[str]]:
        """Return the paths of a top layer's weights by the last two parts of their names."""
        if not self._top:
            return self._named
        group = f"{self._file.root}/{layer}".lstrip("/")
        found: dict[tuple[str, str], list[str]] = {}
        for name in self._file.arrays.texts(group, "weight_names") or []:
            *_, owner, kind = ("", *name.partition(":")[0].split("/"))
            found.setdefault((owner or layer, kind), []).append(f"{group}/{name}")
        return found


def _numbered_groups(
    arrays: Hdf5File, front: str, layers: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Return the group of each layer: by the names that groups have, else by counting classes."""
    container = next((c for c in CONTAINERS if f"{front}{c}" in arrays.groups), CONTAINERS[0])
    here = f"{front}{container}"
    named = {
        as_text(name): f"{here}/{key}"
        for key in arrays.children(here)
        if (name := arrays.attribute(f"{here}/{key}/vars", "name")) is not None
    }
    if named:
        return named
    found: dict[str, str] = {}
    counted: dict[str, int] = {}
    for kind, name in layers:
        key = _snake_case(kind)
        number = counted[key] = counted.get(key, -1) + 1
        found[name] = f"{here}/{key}_{number}" if number else f"{here}/{key}"
    return found


def _snake_case(name: str) -> str:
    """Write a class's name as Keras calls its groups.

    >>> _snake_case("BatchNormalization"), _snake_case("Conv2D"), _snake_case("ReLU")
    ('batch_normalization', 'conv2d', 're_lu')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
