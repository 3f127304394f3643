"""What makes the units of a network answer: their top images of a folder, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from striate.backends.onnx import Trained
from striate.backends.onnx.map_maxima import Peaks, peaks
from striate.backends.torch import normalize
from striate.backends.torch.network import Net
from striate.data import Data, Images, load, prefetch
from striate.errors import DataError, EngineError, SettingError
from striate.evaluation.image_selection import find_images
from striate.evaluation.test_uses import count_test_use
from striate.events import Callback, Note
from striate.explanation.hooks import device_of, forward_hooks, frozen, record
from striate.explanation.layer_maps import select_block_outputs
from striate.explanation.unit_activations import LayerActivations, RankedImages, TopActivations
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

BATCH = 32  # images at once
TOP = 9  # top images of a unit
OTHERS = 3  # at its bottom, and in its middle
LARGEST = 2**26  # numbers that are kept of every image, for the bottom and the middle: 512 MiB


def top_activations(
    model: ClassifierLike,
    data: Data,
    *,
    layers: Sequence[str] | None = None,
    n_images: int = TOP,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> TopActivations:
    """Return the images of a folder that each unit answers most to, least to and in between.

    All units of all layers asked for are looked at in one pass, and only their largest answers
    are kept, so that it takes hardly more time than evaluating them. An image counts once
    for a unit.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        data: whatever training takes; its classes need not be the classifier's.
        layers: addresses of layers whose output is maps; None takes what each block ends with.
        n_images: how many of the strongest.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told the progress as well.

    Raises:
        ClassifierError: the classifier cannot be opened.
        DataError: there are no images that can be read.
        SettingError: there is no such layer, it gives no maps, or ``n_images`` is below 1.
        NotationError: there is no such layer in a network of the notation.

    Example: ``top_activations(load("runs/photos"), "photos")["relu3"].top.indices[12]``.
    """
    with display_progress(progress, callback) as tell:
        return _rank_images(
            open_classifier(model), data, layers=layers, n_images=n_images, callback=tell
        )


def _rank_images(
    model: Classifier,
    data: Data,
    *,
    layers: Sequence[str] | None,
    n_images: int,
    callback: Callback,
) -> TopActivations:
    if n_images < 1:
        raise SettingError(f"{n_images} images of each unit; expected 1 or more")
    shapes = _shapes(model, layers)
    collection = find_images(model, data)
    with load(
        collection, model.preprocess, progress=ProgressReporter("reading", callback)
    ) as images:
        chosen = np.flatnonzero(images.usable)
        notes = tuple(f"{name}: {reason}" for name, reason in _skipped(images))
        for note in notes[:5]:
            callback(Note(note))
        if not len(chosen):
            raise DataError(f"no image in '{data}' can be read, so there is nothing to look at")
        said = count_test_use(model, images.hashes[chosen], by="explain", accuracy=None)
        if said:
            callback(Note(said))
            notes += (said,)
        labels = collection.labels[chosen]
        rankings = {
            address: _Ranking(
                shape,
                images=len(chosen),
                kept=min(n_images, len(chosen)),
                classes=len(collection.classes),
                memory=_share(shapes, len(chosen)),
            )
            for address, shape in shapes.items()
        }
        peaks_of = _find_peaks(model, list(shapes))
        reporter, done = ProgressReporter("looking at units", callback), 0
        groups = [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]
        for _, pixels in prefetch(images, groups):
            places = np.arange(done, done + len(pixels))
            for address, largest in peaks_of(pixels).items():
                rankings[address].take(largest, places, labels[places])
            done += len(pixels)
            reporter(done, len(chosen))
    counts = np.bincount(labels, minlength=len(collection.classes))
    found = tuple(each.result(address, counts) for address, each in rankings.items())
    return TopActivations(
        names=tuple(collection.names[index] for index in chosen.tolist()),
        labels=labels,
        classes=tuple(_named(model, name) for name in collection.classes),
        collection=collection.only(chosen),
        layers=found,
        n_ranked=next(iter(rankings.values())).remembered,
        notes=notes,
    )


def _named(model: Classifier, name: str) -> str:
    """Return the classifier's own name of a class where the folder has its second one."""
    return model.classes[model.ids.index(name)] if name in model.ids else name


def _skipped(images: Images) -> list[tuple[str, str]]:
    return [(each.name, each.reason) for each in images.skipped]


def _shapes(model: Classifier, layers: Sequence[str] | None) -> dict[str, tuple[int, int, int]]:
    """Return the shape of what each layer asked for gives, (units, rows, columns)."""
    values = torch.zeros(1, *model.preprocess.shape)
    passed = record(model.module, values, layers)
    every = {call.name: tuple(call.output.shape[1:]) for call in passed.calls}
    if layers is None:
        words = {call.name: type(call.module).__name__ for call in passed.calls}
        names = select_block_outputs([(name, words[name], shape) for name, shape in every.items()])
    else:
        names = tuple(every)
    flat = [name for name in names if len(every[name]) != 3]
    if flat:
        raise SettingError(
            f"'{flat[0]}' gives {every[flat[0]][0]} features and no maps, which have no place on "
            "an image"
        )
    if not names:
        raise SettingError("no layer of the network gives maps with positions")
    return {name: every[name] for name in names}  # type: ignore[misc]


def _share(shapes: dict[str, tuple[int, int, int]], images: int) -> int:
    """Return of how many images every unit's largest number can be kept."""
    units = sum(shape[0] for shape in shapes.values())
    return min(images, max(1, LARGEST // units))


def _find_peaks(model: Classifier, addresses: Sequence[str]) -> Callable[[np.ndarray], Peaks]:
    """Return what finds the largest numbers: ONNX Runtime, or torch for foreign modules."""
    module = model.module
    if isinstance(module, Net) and device_of(module).type == "cpu":
        trained = Trained.of(module.plan, module.state_dict())
        try:
            return peaks(trained, model.preprocess, addresses)
        except EngineError:
            pass  # torch does it as well, more slowly
    return lambda pixels: _by_torch(model, module, pixels, addresses)


def _by_torch(
    model: Classifier, module: nn.Module, pixels: np.ndarray, addresses: Sequence[str]
) -> Peaks:
    found: Peaks = {}
    turns = {address: int(address.partition("#")[2] or 1) for address in addresses}
    heard: dict[str, int] = {}

    def hear(name: str, given: Any, output: Tensor) -> None:
        heard[name] = heard.get(name, 0) + 1
        for address, turn in turns.items():
            if address.partition("#")[0] == name and heard[name] == turn:
                found[address] = output.amax((2, 3)).float().cpu().numpy()

    names = sorted({address.partition("#")[0] for address in addresses})
    with frozen(module), torch.no_grad(), forward_hooks(module, names, hear):
        values = normalize(torch.from_numpy(pixels).float(), model.preprocess)
        module(values.to(device_of(module)))
    return {address: found[address] for address in addresses}


class _Ranking:
    """Takes in the largest numbers of one layer, batch by batch."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        *,
        images: int,
        kept: int,
        classes: int,
        memory: int,
    ) -> None:
        units, *size = shape
        self._size = (size[0], size[1])
        self._value = np.full((units, kept), -np.inf, np.float32)
        self._image = np.full((units, kept), -1, np.int64)
        self._sums = np.zeros((classes, units))
        self._fires = np.zeros(units)
        self._n = 0
        # of these images every number is kept, spread evenly
        self._spread = np.unique(np.linspace(0, images - 1, memory).astype(np.int64))
        self._all = np.zeros((len(self._spread), units), np.float32)

    @property
    def remembered(self) -> int:
        """Of how many images every number is kept."""
        return len(self._spread)

    def take(self, largest: np.ndarray, images: np.ndarray, labels: np.ndarray) -> None:
        """Take a batch: (n, units), which images they are of and these' classes."""
        self._n += len(largest)
        belongs = labels[None] == np.arange(len(self._sums))[:, None]
        self._sums += belongs.astype(np.float32) @ np.maximum(largest, 0)
        self._fires += (largest > 0).sum(0)
        kept = np.flatnonzero(np.isin(images, self._spread))
        self._all[np.searchsorted(self._spread, images[kept])] = largest[kept]
        better = np.flatnonzero(largest.max(0) > self._value[:, -1])
        value = np.concatenate([self._value[better], largest.T[better]], axis=1)
        own = np.broadcast_to(images, (len(better), len(images)))
        image = np.concatenate([self._image[better], own], axis=1)
        order = np.argsort(-value, axis=1, kind="stable")[:, : self._value.shape[1]]
        self._value[better] = np.take_along_axis(value, order, axis=1)
        self._image[better] = np.take_along_axis(image, order, axis=1)

    def result(self, address: str, counts: np.ndarray) -> LayerActivations:
        """Return what there is, with how many images each class has."""
        order = np.argsort(self._all, axis=0, kind="stable").T
        few = min(OTHERS, order.shape[1])
        first = (order.shape[1] - few) // 2
        return LayerActivations(
            name=address,
            map_size=self._size,
            top=RankedImages(self._image, self._value),
            bottom=self._of(order[:, :few]),
            middle=self._of(order[:, first : first + few]),
            mean_activation=self._sums.sum(0) / self._n,
            active_share=self._fires / self._n,
            class_means=(self._sums / np.maximum(counts, 1)[:, None]).T,
        )

    def _of(self, order: np.ndarray) -> RankedImages:
        return RankedImages(self._spread[order], np.take_along_axis(self._all.T, order, axis=1))
