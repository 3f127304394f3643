"""The images that a report shows: which, small, and with their heat maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from striate.data.augmentation import augment, draw_numbers
from striate.data.images import Preprocess
from striate.doctor import ImageFinding
from striate.errors import DataError, EngineError, SettingError
from striate.evaluation.answers_file import read_answers
from striate.evaluation.metrics import EvaluatedImage, Evaluation
from striate.explanation.cell_centers import CellCenters
from striate.explanation.exact_class_maps import (
    AnswersWithMaps,
    compute_class_maps,
    find_map_source,
)
from striate.explanation.map_resampling import lay_map
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.model.classifier import Classifier
from striate.model.run_folder import RunFolder
from striate.render.heat_overlay import heat_overlay
from striate.training.dividing import Loaded
from striate.training.plan import Plan
from striate.training.report.shown import Shown
from striate.training.report.small_images import read_small

EXAMPLES = 6  # images a class, as far as the page has room
MOST_EXAMPLES = 120
AUGMENTED = 24
WORST = 24
UNSURE = 8  # of these right but unsure, where there are wrong ones enough
CELLS = 12  # more, for cells of the confusion matrix
FOUND = 12  # images of findings
THUMBNAIL = 192  # pixels on the longer side
LARGE = 352  # likewise, of the images that can be enlarged
HEAT = 44  # likewise, of their heat maps, which the browser smooths


def choose_evaluated(
    folder: RunFolder, evaluation: Evaluation
) -> tuple[Evaluation, tuple[EvaluatedImage, ...], tuple[EvaluatedImage, ...]]:
    """Return an evaluation with all its answers, the worst of them, and those of further cells.

    Raises:
        RunError: answers.csv of the run is damaged.
    """
    if not evaluation.images:
        evaluation = replace(evaluation, images=read_answers(folder.answers))
    worst = choose_worst(evaluation)
    return evaluation, worst, choose_for_cells(evaluation, worst)


def choose_worst(evaluation: Evaluation) -> tuple[EvaluatedImage, ...]:
    """Choose 24: the mistakes of the least probable truth, then what was right but least sure."""
    every = evaluation.images
    if not every:  # of an older version, which kept these alone
        return evaluation.worst[:WORST]
    wrong = sorted((one for one in every if not one.correct), key=_truth)
    right = sorted((one for one in every if one.correct), key=_truth)
    unsure = min(len(right), max(UNSURE, WORST - len(wrong)))
    return (*wrong[: WORST - unsure], *right[:unsure])


def choose_for_cells(
    evaluation: Evaluation, shown: Sequence[EvaluatedImage]
) -> tuple[EvaluatedImage, ...]:
    """Choose one image for each of the fullest cells of the confusion matrix that have none yet."""
    there = {(one.truth, one.answer) for one in shown}
    surest: dict[tuple[str, str], EvaluatedImage] = {}
    for one in sorted(evaluation.images, key=_truth):
        if not one.correct:
            surest.setdefault((one.truth, one.answer), one)
    cells = ((pair.truth, pair.answer) for pair in evaluation.confused)
    lacking = [surest[cell] for cell in cells if cell not in there and cell in surest]
    return tuple(lacking[:CELLS])


def choose_for_slices(evaluation: Evaluation) -> tuple[EvaluatedImage, ...]:
    """Choose the images that the first slices name as their worst."""
    slices = () if evaluation.slices is None else evaluation.slices.slices
    named = {name for each in slices for name in each.examples}
    return tuple(one for one in evaluation.images if one.name in named)


def _truth(one: EvaluatedImage) -> float:
    return one.truth_probability


@dataclass(frozen=True, eq=False)
class KeptMaps:
    """Class maps that came with the answers of an evaluation.

    Attributes:
        names: of the images.
        maps: float32 (images, rows, columns), each of the class that was answered.
        centers: where their cells look; None where that is not known.
    """

    names: Sequence[str]
    maps: np.ndarray = field(repr=False)
    centers: CellCenters | None = field(repr=False)

    @staticmethod
    def of(answers: AnswersWithMaps, images: Sequence[EvaluatedImage]) -> KeptMaps:
        """Return the maps of an evaluation's answers, in their order."""
        return KeptMaps([one.name for one in images], answers.maps, answers.source.centers)


def show_evaluated(
    loaded: Loaded,
    plan: Plan,
    chosen: Sequence[EvaluatedImage],
    model: Classifier | None,
    kept: KeptMaps | None = None,
) -> tuple[list[Shown], str]:
    """Return images with what was answered and where it was seen.

    Args:
        loaded: the images of the run.
        plan: of the run.
        chosen: which.
        model: whose class activation maps are laid over them; None where it is not at hand.
        kept: these maps, where they came with the answers; None computes them.

    Returns:
        Those that are at hand, in order; and why they have no heat maps, "" where they have.
    """
    places = {name: place for place, name in enumerate(loaded.collection.names)}
    there = [one for one in chosen if one.name in places]
    found: list[tuple[int, tuple[int, int], Shown]] = []  # its index, rows and columns
    small = read_small(
        loaded.collection, plan.preprocess, [places[one.name] for one in there], LARGE
    )
    for one, read in zip(there, small, strict=True):
        if read is not None:
            file = loaded.collection.open(places[one.name])
            made = Shown(
                one.name,
                one.truth,
                one.answer,
                one.probability,
                read.pixels,
                truth_probability=one.truth_probability,
                runner_up=one.runner_up,
                runner_up_probability=one.runner_up_probability,
                file=str(file) if isinstance(file, Path) else "",
                said=one.said,
            )
            found.append((places[one.name], (read.rows, read.columns), made))
    shown = [each for _, _, each in found]
    if not found:
        return [], ""
    if model is None:
        return shown, "the classifier of the run is not at hand"
    try:
        if kept is None:
            kept = _compute_maps(model, loaded, [index for index, _, _ in found], shown)
    except (SettingError, EngineError, DataError) as error:
        return shown, str(error)
    rows, centers = {name: row for row, name in enumerate(kept.names)}, kept.centers
    sides = (plan.preprocess.height, plan.preprocess.width)
    return [
        replace(
            each,
            heat=heat_overlay(
                _on_image(
                    lay_map(kept.maps[rows[each.name]], centers, *sides), size, plan.preprocess
                )
            ),
        )
        for _, size, each in found
    ], ""


def _compute_maps(
    model: Classifier, loaded: Loaded, indices: Sequence[int], shown: Sequence[Shown]
) -> KeptMaps:
    """Return the class maps of what was answered for some images."""
    source = find_map_source(model)
    targets = np.array([model.classes.index(each.answer or "") for each in shown])
    maps = compute_class_maps(model, source, loaded.images.take(indices), targets)
    return KeptMaps([each.name for each in shown], maps, source.centers)


def _on_image(values: np.ndarray, size: tuple[int, int], preprocess: Preprocess) -> np.ndarray:
    """Lay a map of the network's input over the image itself, on a small grid of its shape."""
    small = min(1.0, HEAT / max(size))
    rows, columns = (max(1, round(side * small)) for side in size)
    down, across = rows / size[0], columns / size[1]
    where = preprocess.placement(*size)
    top, left, bottom, right = where.box
    box = (top * down, left * across, bottom * down, right * across)
    grid = PreprocessedImage(
        name="",
        original=np.empty((rows, columns, 1), np.uint8),
        pixels=np.empty((1, *values.shape), np.uint8),
        preprocess=preprocess,
        placement=replace(where, box=box),
    )
    return grid.onto_image(values)


def show_found(loaded: Loaded, plan: Plan, findings: Sequence[ImageFinding]) -> dict[str, Shown]:
    """Return the images that findings name, by their names: of each the first, then the others."""
    places = {name: place for place, name in enumerate(loaded.collection.names)}
    named = {
        one.name: one for finding in findings for one in finding.images[:2] if one.name in places
    }
    return show_named(loaded, plan, {one.name: one.label for one in list(named.values())[:FOUND]})


def show_named(loaded: Loaded, plan: Plan, labels: Mapping[str, str]) -> dict[str, Shown]:
    """Return images by their names, with the class of each; those alone that are at hand."""
    places = {name: place for place, name in enumerate(loaded.collection.names)}
    there = [name for name in labels if name in places]
    indices = [places[name] for name in there]
    small = read_small(loaded.collection, plan.preprocess, indices, THUMBNAIL)
    return {
        name: Shown(name, labels[name], None, None, read.pixels)
        for name, read in zip(there, small, strict=True)
        if read is not None
    }


def show_examples(loaded: Loaded, plan: Plan) -> list[Shown]:
    """Return the first training images of each class, as they are on the disk."""
    kept, train = loaded.split.collection, loaded.split.train
    most = max(1, min(EXAMPLES, MOST_EXAMPLES // len(kept.classes)))
    chosen = [
        index
        for number in range(len(kept.classes[:MOST_EXAMPLES]))
        for index in train[kept.labels[train] == number][:most].tolist()
    ]
    return [
        Shown(kept.names[index], kept.classes[kept.labels[index]], None, None, read.pixels)
        for index, read in zip(
            chosen, read_small(loaded.collection, plan.preprocess, chosen, THUMBNAIL), strict=True
        )
        if read is not None
    ]


def choose_augmented(plan: Plan, train: np.ndarray) -> np.ndarray:
    """Choose the training images that are shown as the network saw them, evenly spread.

    Of a run that trained in no steps there are none: a head is learnt from features.
    """
    if not (len(train) and plan.in_steps):
        return train[:0]
    return train[np.unique(np.linspace(0, len(train) - 1, AUGMENTED).astype(np.int64))]


def show_augmented(loaded: Loaded, plan: Plan) -> Iterator[Shown]:
    """Give some training images as the first epoch showed them to the network."""
    kept = loaded.split.collection
    chosen = choose_augmented(plan, loaded.split.train)
    if not len(chosen):
        return
    numbers = torch.from_numpy(draw_numbers(plan.recipe.seed, 1, len(kept))[chosen])
    pixels = torch.from_numpy(loaded.images.take(chosen))
    changed = augment(pixels, plan.recipe.augmentation, numbers).round().to(torch.uint8)
    for index, image in zip(chosen, changed.permute(0, 2, 3, 1).numpy(), strict=True):
        yield Shown(kept.names[index], kept.classes[kept.labels[index]], None, None, image)
