"""Where a classifier looks, over a whole folder: at the things, or at a watermark beside them?

Maps alone prove nothing: a border that is marked is suspected, and then hidden in every image.
What the classes still tell without it is the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from striate.data import Images, load
from striate.errors import DataError, SettingError
from striate.evaluation.image_selection import (
    find_candidates,
    find_images,
    match_classes,
    note_missing_classes,
    select_images,
)
from striate.events import Callback, Note
from striate.explanation.batch_hires_cam import find_map_layer
from striate.explanation.image_regions import Region, border_region, candidate_regions
from striate.explanation.mean_class_maps import ClassMeanMap, align_class_maps, average_class_maps
from striate.explanation.region_occlusion import occlude_region
from striate.explanation.shortcut_result import ClassFocus, ShortcutReport
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

FEWEST = 5  # images of a class below which nothing is said of it
MOST = 200  # images of a class, and of the others, in which a part is hidden
SUSPECTS = 3  # squares and strips a class that are hidden, at most
EXCESS = 0.05  # the share by which a part exceeds its area, and what other classes have there


def find_shortcuts(
    model: ClassifierLike,
    data: str | Path,
    *,
    split: str | None = None,
    border: float = 0.1,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> ShortcutReport:
    """Return where a classifier looks on the images of a folder, with its shortcuts proven.

    For each class, the maps of its images are averaged. Squares and strips along the border
    that the mean map marks more than their size, and more than the maps of the other classes do,
    are occluded in the images. Where a class is no longer predicted without one, occluding as
    much elsewhere does no such harm, and put into images of other classes it turns most of these
    into the class, it is a shortcut. The border all around is always tried, against the middle.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        data: whatever training takes.
        split: which images, as `evaluate` has it.
        border: the border's width as a share of each side, above 0 and below a half.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told the progress as well.

    Raises:
        ClassifierError: the classifier cannot be opened.
        DataError: no class has 5 images.
        SettingError: the border makes no sense, or the network has no maps that say where.

    Example: ``print(find_shortcuts(load("runs/photos"), "photos"))``.
    """
    with display_progress(progress, callback) as tell:
        return _find_shortcuts(
            open_classifier(model), data, split=split, border=border, callback=tell
        )


def _find_shortcuts(
    model: Classifier,
    data: str | Path,
    *,
    split: str | None,
    border: float,
    callback: Callback,
) -> ShortcutReport:
    if not 0 < border < 0.5:
        raise SettingError(f"border is {border:g}; expected above 0 and below 0.5")
    collection, notes = match_classes(find_images(model, data), model.classes, model.ids)
    collection = collection.only(find_candidates(collection, split))
    reporter = ProgressReporter("reading", callback)
    with load(collection, model.preprocess, progress=reporter) as images:
        chosen = select_images(
            collection.splits, images.hashes, usable=images.usable, seen=model.seen, split=split
        )
        notes += (*chosen.notes, *note_missing_classes(collection, chosen.indices))
        labels = collection.labels[chosen.indices]
        counts = np.bincount(labels, minlength=len(model.classes))
        few = [model.classes[each] for each in np.flatnonzero((counts > 0) & (counts < FEWEST))]
        if few:
            shown = ", ".join(few[:5]) + (", ..." if len(few) > 5 else "")
            notes += (f"nothing is said of classes with less than {FEWEST} images: {shown}",)
        if counts.max(initial=0) < FEWEST:
            raise DataError(
                f"no class of '{data}' has {FEWEST} images to look at; "
                + "; ".join(notes or (f"there are {len(labels)} in all",))
            )
        for note in notes:
            callback(Note(note))
        where = find_map_layer(model)
        found = average_class_maps(
            model,
            where,
            images,
            chosen.indices,
            labels,
            reporter=ProgressReporter("looking", callback),
        )
        alignment = align_class_maps(model, where, images, chosen.indices, labels)
        found = tuple(each for each in found if counts[each.index] >= FEWEST)
        looks = tuple(
            _look(
                model,
                images,
                _Material(chosen.indices, labels),
                each,
                suspects=_suspects(model, found, number, border),
                callback=callback,
                border=border,
            )
            for number, each in enumerate(found)
        )
    return ShortcutReport(
        evaluated=chosen.words,
        classes=looks,
        border=border,
        border_area=float(border_region(border).mask(*model.preprocess.shape[1:]).mean()),
        layer=where.name,
        notes=notes,
        alignment=alignment,
    )


def suspect_regions(
    mean_map: np.ndarray, others: np.ndarray | None, *, border: float = 0.1
) -> tuple[Region, ...]:
    """Return the parts to occlude: along the border, where a class's mean map marks too much.

    That is by a twentieth of the whole map: more than the part's share of the area, and more
    than the maps of the other classes have there.

    Args:
        mean_map: (height, width), of sum one.
        others: the mean map of the other classes, likewise; None where there are none.
        border: the width of the border all around, as a share of each side.

    Returns:
        At most three squares or strips that do not overlap, the most suspected first; and at last
        the border all around, which is tried whatever the maps say: snow around a thing is often
        told by its edge, further in.

    >>> flat = np.full((20, 20), 1 / 400)
    >>> corner = flat / 2
    >>> corner[16:, :4] += 0.5 / 16
    >>> [each.name for each in suspect_regions(corner, flat)]
    ['the lower left corner', 'the border all around (outer 10 %)']
    """

    def excess(part: Region) -> float:
        area = float(part.mask(*mean_map.shape).mean())
        usual = area if others is None else max(area, part.share(others))
        return part.share(mean_map) - usual

    ordered = sorted(
        ((excess(part), part) for part in candidate_regions()), key=lambda pair: -pair[0]
    )
    found: list[Region] = []
    for beyond, part in ordered:
        if beyond < EXCESS or len(found) == SUSPECTS:
            break
        if not any(part.overlaps(each) for each in found):
            found.append(part)
    return (*found, border_region(border))


@dataclass(frozen=True, eq=False)
class _Material:
    """The images that are looked at."""

    indices: np.ndarray
    labels: np.ndarray

    def some(self, label: int, *, own: bool) -> np.ndarray:
        """Return images of a class or of the others, spread evenly, as many as are hidden in."""
        found = self.indices[(self.labels == label) == own]
        spread = np.linspace(0, len(found) - 1, min(MOST, len(found))).round().astype(int)
        return np.asarray(found[spread])


def _suspects(
    model: Classifier, found: tuple[ClassMeanMap, ...], number: int, border: float
) -> tuple[Region, ...]:
    size = model.preprocess.shape[1:]
    others = [each.resized(*size) for place, each in enumerate(found) if place != number]
    usual = np.mean(others, axis=0) if others else None
    return suspect_regions(found[number].resized(*size), usual, border=border)


def _look(
    model: Classifier,
    images: Images,
    material: _Material,
    maps: ClassMeanMap,
    *,
    suspects: tuple[Region, ...],
    border: float,
    callback: Callback,
) -> ClassFocus:
    """Say where the maps of a class lie, and hide what is suspected."""
    mean_map = maps.resized(*model.preprocess.shape[1:])
    rows, columns = mean_map.shape
    label = model.classes[maps.index]
    own = material.some(maps.index, own=True)
    others = material.some(maps.index, own=False)
    reporter = ProgressReporter(f"occluding regions of {label}", callback)
    hidings = [
        occlude_region(model, images, maps.index, part, own=own, others=others, reporter=reporter)
        for part in suspects
    ]
    return ClassFocus(
        label=label,
        n=maps.n,
        mean_map=mean_map,
        border_share=border_region(border).share(mean_map),
        center_of_mass=(
            float(mean_map.sum(1) @ (np.arange(rows) + 0.5)) / rows,
            float(mean_map.sum(0) @ (np.arange(columns) + 0.5)) / columns,
        ),
        map_similarity=maps.similarity,
        occlusion_tests=tuple(
            sorted(hidings, key=lambda each: each.occluded_accuracy - each.accuracy)
        ),
    )
