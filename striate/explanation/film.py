"""The film of a run: filters and feature maps of one image, a frame an epoch, in small files.

film/image.npz is the image as the network sees it, film/EPOCH.npz a frame; epoch 0 is the network
before its first step. A frame is of the first, the middle and the last convolution, in the order
of definition. What is drawn of a film reads these files alone; docs/explain.md has every array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.backends.torch import eval_mode
from striate.errors import RunError
from striate.events import Epoch
from striate.explanation.hooks import device_of, forward_hooks
from striate.files.atomic_write import write_atomically
from striate.render.image_files import Pixels

FOLDER, IMAGE = "film", "image.npz"
FORMAT = 1
UNITS = 64  # filters and maps of a layer that are kept, spread evenly over all
CHANNELS = 8  # input channels of a filter that are kept, likewise
SIDE = 64  # rows and columns of a map that are kept; larger ones are averaged down
FULL = 127  # the step of a byte, from 128 for 0, that stands for the largest number
NUMBERS = ("train_loss", "val_loss", "val_accuracy", "learning_rate")


@dataclass(frozen=True, eq=False)
class Bytes:
    """Numbers in a byte each, evenly spaced on both sides of 0, which is exact.

    Attributes:
        values: uint8 of any shape; a number is (byte - 128) / 127 * reach.
        reach: the size of the largest number.
    """

    values: np.ndarray = field(repr=False)
    reach: float

    @staticmethod
    def of(numbers: np.ndarray) -> Bytes:
        """Return numbers in a byte each.

        >>> Bytes.of(np.array([0.0, -0.5, 0.25])).values.tolist()
        [128, 1, 192]
        """
        finite = np.nan_to_num(numbers.astype(np.float64), posinf=0.0, neginf=0.0)
        reach = float(np.abs(finite).max(initial=0.0))
        steps = np.rint(finite * (FULL / (reach or 1.0)))
        return Bytes(np.asarray(128 + steps, np.uint8), reach)

    @property
    def numbers(self) -> np.ndarray:
        """The numbers again, float32, each within half a 127th of the reach.

        >>> [round(float(each), 3) for each in Bytes.of(np.array([0.0, -0.5, 0.25])).numbers]
        [0.0, -0.5, 0.252]
        """
        return (self.values.astype(np.float32) - 128) * np.float32(self.reach / FULL)


@dataclass(frozen=True, eq=False)
class FilmedLayer:
    """One convolution in one frame.

    Attributes:
        name: its address.
        shape: of all its weights: units, channels, rows, columns.
        units: the units that are kept, counted from 0.
        channels: the input channels of each filter that are kept.
        filters: (units, channels, rows, columns).
        maps: what these units gave for the image, (units, rows, columns).
    """

    name: str
    shape: tuple[int, ...]
    units: tuple[int, ...] = field(repr=False)
    channels: tuple[int, ...] = field(repr=False)
    filters: Bytes
    maps: Bytes


@dataclass(frozen=True, eq=False)
class FilmFrame:
    """The network after an epoch, as the image shows it.

    Attributes:
        epoch: counted from 1; 0 before the first step.
        probabilities: of each class for the image, float32 (classes,), before any calibration.
        layers: the first, the middle and the last convolution; fewer where there are fewer.
        numbers: train_loss, val_loss, val_accuracy and learning_rate of the epoch; none of 0.
    """

    epoch: int
    probabilities: np.ndarray = field(repr=False)
    layers: tuple[FilmedLayer, ...]
    numbers: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Film:
    """All frames of a run.

    Attributes:
        name: of the image's file.
        classes: of the classifier, in order.
        pixels: the image as the network sees it, uint8 (rows, columns, channels).
        frames: in the order of their epochs.
    """

    name: str
    classes: tuple[str, ...]
    pixels: Pixels = field(repr=False)
    frames: tuple[FilmFrame, ...] = field(repr=False)

    def __repr__(self) -> str:
        last = self.frames[-1].epoch if self.frames else 0
        return f"Film({self.name}: {len(self.frames)} frames up to epoch {last})"


def choose_places(count: int, most: int) -> list[int]:
    """Choose so many of a row, spread evenly, the first and the last among them.

    >>> choose_places(10, 3), choose_places(2, 3)
    ([0, 4, 9], [0, 1])
    """
    places: list[int] = np.linspace(0, count - 1, min(count, most)).astype(int).tolist()
    return places


def choose_convolutions(module: nn.Module) -> tuple[str, ...]:
    """Return the addresses of the first, the middle and the last two-dimensional convolution.

    >>> parts = [nn.Conv2d(1, 1, 1) for _ in range(4)]
    >>> choose_convolutions(nn.Sequential(*parts)), choose_convolutions(nn.Sequential())
    (('0', '1', '3'), ())
    """
    names = [name for name, part in module.named_modules() if isinstance(part, nn.Conv2d)]
    return tuple(names[place] for place in choose_places(len(names), 3)) if names else ()


def take_frame(module: nn.Module, values: Tensor, epoch: Epoch | None) -> FilmFrame:
    """Return a frame of a network for one image; the network is left as it is.

    Args:
        module: the network.
        values: float (1, channels, rows, columns), normalised.
        epoch: that is over; None before the first step.

    >>> network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))
    >>> frame = take_frame(network, torch.ones(1, 1, 4, 4), None)
    >>> frame.layers[0].filters.values.shape, frame.layers[0].maps.values.shape
    ((2, 1, 3, 3), (2, 2, 2))
    """
    names = choose_convolutions(module)
    outputs: dict[str, np.ndarray] = {}

    def hear(address: str, _: object, output: Tensor) -> None:
        if address not in outputs:  # what a shared layer gave first
            outputs[address] = _maps(output)

    with eval_mode(module), torch.inference_mode(), forward_hooks(module, names, hear):
        logits = module(values.to(device_of(module)))[0].float()
        odds = torch.softmax(logits, 0).cpu().numpy()
    layers = [_layer(name, module.get_submodule(name), outputs[name]) for name in names]
    told = {} if epoch is None else {name: float(getattr(epoch, name)) for name in NUMBERS}
    return FilmFrame(0 if epoch is None else epoch.epoch, odds, tuple(layers), told)


def write_image(folder: Path, name: str, pixels: Pixels, classes: Sequence[str]) -> None:
    """Write film/image.npz: the image as the network sees it, its name and the classes."""
    _write(
        folder / IMAGE,
        {
            "format": np.array(FORMAT),
            "name": np.array(name),
            "classes": np.array(list(classes)),
            "pixels": pixels,
        },
    )


def write_frame(folder: Path, frame: FilmFrame) -> None:
    """Write film/EPOCH.npz, whole or not at all."""
    arrays = {
        "format": np.array(FORMAT),
        "epoch": np.array(frame.epoch),
        "probabilities": frame.probabilities,
        **{name: np.array(frame.numbers.get(name, np.nan)) for name in NUMBERS},
    }
    for number, layer in enumerate(frame.layers):
        arrays |= {
            f"{number}.name": np.array(layer.name),
            f"{number}.shape": np.array(layer.shape),
            f"{number}.units": np.array(layer.units),
            f"{number}.channels": np.array(layer.channels),
            f"{number}.filters": layer.filters.values,
            f"{number}.filters.reach": np.array(layer.filters.reach),
            f"{number}.maps": layer.maps.values,
            f"{number}.maps.reach": np.array(layer.maps.reach),
        }
    _write(folder / f"{frame.epoch}.npz", arrays)


def list_epochs(folder: Path) -> list[int]:
    """Return the epochs that a film has a frame of, in order.

    >>> list_epochs(Path("nowhere"))
    []
    """
    return sorted(int(path.stem) for path in folder.glob("*.npz") if path.stem.isdecimal())


def read_image(folder: Path) -> tuple[str, tuple[str, ...], Pixels]:
    """Read film/image.npz: the name, the classes and the pixels.

    Raises:
        RunError: there is none, or it is damaged.
    """
    arrays = _read(folder / IMAGE, ("name", "classes", "pixels"))
    return str(arrays["name"]), tuple(map(str, arrays["classes"])), arrays["pixels"]


def read_frame(folder: Path, epoch: int) -> FilmFrame:
    """Read film/EPOCH.npz.

    Raises:
        RunError: there is none, or it is damaged.
    """
    path = folder / f"{epoch}.npz"
    arrays = _read(path, ("epoch", "probabilities", *NUMBERS))
    layers: list[FilmedLayer] = []
    try:
        while f"{len(layers)}.name" in arrays:
            own = f"{len(layers)}."
            layers.append(
                FilmedLayer(
                    name=str(arrays[f"{own}name"]),
                    shape=tuple(arrays[f"{own}shape"].tolist()),
                    units=tuple(arrays[f"{own}units"].tolist()),
                    channels=tuple(arrays[f"{own}channels"].tolist()),
                    filters=Bytes(arrays[f"{own}filters"], float(arrays[f"{own}filters.reach"])),
                    maps=Bytes(arrays[f"{own}maps"], float(arrays[f"{own}maps.reach"])),
                )
            )
    except KeyError as error:
        raise RunError(f"'{path}' is no frame of a film: it has no {error}") from error
    told = {name: float(arrays[name]) for name in NUMBERS if np.isfinite(arrays[name])}
    return FilmFrame(int(arrays["epoch"]), arrays["probabilities"], tuple(layers), told)


def read_film(run: Path, *, most: int = 0) -> Film | None:
    """Read the film of a run; None where it has none.

    Args:
        run: its folder.
        most: frames that are read, spread over all of them; 0 for every one.

    Raises:
        RunError: a file of it is damaged.

    >>> read_film(Path("nowhere")) is None
    True
    """
    folder = run / FOLDER
    epochs = list_epochs(folder)
    if not epochs or not (folder / IMAGE).is_file():
        return None
    name, classes, pixels = read_image(folder)
    places = choose_places(len(epochs), most or len(epochs))
    return Film(name, classes, pixels, tuple(read_frame(folder, epochs[at]) for at in places))


def _layer(name: str, part: nn.Module, maps: np.ndarray) -> FilmedLayer:
    weights = part.get_parameter("weight").detach().float().cpu().numpy()
    units = choose_places(weights.shape[0], UNITS)
    single = weights.shape[2:] == (1, 1)
    channels = choose_places(weights.shape[1], UNITS if single else CHANNELS)
    return FilmedLayer(
        name=name,
        shape=weights.shape,
        units=tuple(units),
        channels=tuple(channels),
        filters=Bytes.of(weights[np.ix_(units, channels)]),
        maps=Bytes.of(maps),
    )


def _maps(output: Tensor) -> np.ndarray:
    """Return the maps of the chosen units, averaged down to 64 rows and columns at most."""
    chosen = output[:1, choose_places(output.shape[1], UNITS)].detach().float()
    rows, columns = chosen.shape[2:]
    times = max(1.0, max(rows, columns) / SIDE)
    if times > 1:
        size = (max(1, round(rows / times)), max(1, round(columns / times)))
        chosen = functional.adaptive_avg_pool2d(chosen, size)
    return np.asarray(chosen[0].cpu().numpy())


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with write_atomically(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _read(path: Path, needed: Sequence[str]) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, BadZipFile, EOFError, KeyError) as error:
        raise RunError(f"'{path}' cannot be read ({error}); take it out of the film") from error
    if missing := [name for name in needed if name not in arrays]:
        raise RunError(f"'{path}' is no part of a film: it has no {', '.join(missing)}")
    return arrays
