"""Evaluation of a map: can it be trusted? Every verdict with its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from striate.errors import join_words
from striate.explanation.attribution_methods import explain
from striate.explanation.cell_centers import CellCenters
from striate.explanation.deletion_insertion import PerturbationTest, measure_deletion_insertion
from striate.explanation.explanation import Explanation
from striate.explanation.hooks import record
from striate.explanation.map_alignment import MapAlignment, check_alignment
from striate.explanation.map_resampling import resize_map
from striate.explanation.parameter_randomization import (
    MapOfModel,
    ParameterRandomization,
    randomize_parameters,
)
from striate.explanation.pointing_game import Box, PointingGame, play_pointing_game
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import Target, TargetClass, resolve_target
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from striate.model.image_input import ImageInput

MapFunction = Callable[[Classifier, PreprocessedImage, Target], np.ndarray | Explanation]

FAINT = 0.1  # probability of the class below which its fall says little


@dataclass(frozen=True)
class MapEvaluation:
    """What speaks for and against trusting a map.

    Attributes:
        target: the score that the map explains, in words: "cat" or "cat rather than dog".
        deletion: the class while what the map marks is taken away.
        insertion: the class while it comes.
        parameter_randomization: whether the map changes when the network forgets; None where it
            was not asked.
        pointing_game: the map against boxes; None where there were none.
        alignment: whether it lies where the network looks; None where it was not asked.
    """

    target: str
    deletion: PerturbationTest
    insertion: PerturbationTest
    parameter_randomization: ParameterRandomization | None = None
    pointing_game: PointingGame | None = None
    alignment: MapAlignment | None = None

    @property
    def checks(self) -> dict[str, bool]:
        """The verdict of each check that was made, by its name.

        Deletion and insertion are to beat random orders. That they also beat the middle of the
        image is told and not asked: where the thing stands in the middle, no map can do much
        better.
        """
        found = {
            "deletion": self.deletion.better_than_random,
            "insertion": self.insertion.better_than_random,
        }
        if self.parameter_randomization is not None:
            found["randomisation"] = self.parameter_randomization.passed
        if self.alignment is not None:
            found["alignment"] = self.alignment.passed
        if self.pointing_game is not None:
            energy = self.pointing_game.energy
            found["pointing"] = self.pointing_game.hit
            found["energy"] = energy is not None and energy > self.pointing_game.area
        return found

    @property
    def trusted(self) -> bool:
        """Whether the map can be trusted: it passed every check that was made."""
        return all(self.checks.values())

    @property
    def words(self) -> tuple[str, ...]:
        """The verdict, and the figures of every check, a sentence each."""
        checks = self.checks
        good = [name for name, passed in checks.items() if passed]
        bad = [name for name, passed in checks.items() if not passed]
        count = f"{len(good)} of {len(checks)} checks"
        verdict = f"the map of '{self.target}' earned trust: it passes {count}"
        if bad and good:
            verdict = (
                f"the map of '{self.target}' did not earn full trust: it passes {count}, not "
                f"{', '.join(bad)}"
            )
        elif bad:
            verdict = (
                f"the map of '{self.target}' did not earn trust: it passes none of {count[5:]}"
            )
        better = [each.kind for each in (self.deletion, self.insertion) if each.better_than_center]
        verdict += (
            f"; it beats the middle of the image in {join_words(better)}"
            if better
            else "; it does not beat the middle of the image"
        )
        others = [
            each.words
            for each in (self.parameter_randomization, self.alignment, self.pointing_game)
            if each is not None
        ]
        if self.parameter_randomization is None:
            others.append("whether the map follows the network was not checked")
        start = self.deletion.by_map.probability[0]
        if start < FAINT:
            others.append(
                f"the network gives '{self.target}' only {format_percent(start)} to begin with, so "
                "deletion and insertion say little"
            )
        return (verdict, self.deletion.words, self.insertion.words, *others)

    def __str__(self) -> str:
        return "\n".join(self.words)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, the verdict in words among them."""
        return {
            **asdict(self),
            "alignment": self.alignment and self.alignment.as_json(),
            "checks": self.checks,
            "trusted": self.trusted,
            "words": list(self.words),
        }


def evaluate_map(
    model: ClassifierLike,
    image: ImageInput | PreprocessedImage,
    method: MapFunction | str = "auto",
    *,
    target: TargetClass = None,
    against: TargetClass = None,
    boxes: Sequence[Box] = (),
    baseline: str = "blur",
) -> MapEvaluation:
    """Return whether a map of one image can be trusted, with the parameter randomisation test.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        image: the image, as `Classifier.predict` takes it.
        method: a method of `explain`; or a function that makes the map with a classifier, an image
            and a class: an `Explanation`, or (rows, columns) of any size, which is stretched.
        target: the class asked about; None takes the most probable.
        against: another one, or None.
        boxes: where the thing is, (top, left, bottom, right) each in pixels of the input.
        baseline: what replaces deleted pixels: "blur" or "mean".

    Raises:
        ClassifierError: the classifier cannot be opened.
        ImageError: the image cannot be read.
        SettingError: there is no such class or method, or a box has no inside.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8))
    >>> bright = lambda model, image, target: image.pixels[0].astype(float)
    >>> found = evaluate_map(model, np.arange(64, dtype=np.uint8).reshape(8, 8), bright, target="a")
    >>> found.target, found.parameter_randomization.passed
    ('a', False)
    """
    model = open_classifier(model)
    read = PreprocessedImage.read(model, image)
    passed = record(model.module, read.tensor, [])
    chosen = resolve_target(model, target, against, logits=passed.output[0].cpu().numpy())
    making = map_function(model, read, method) if isinstance(method, str) else method
    found = making(model, read, chosen)
    evaluated = evaluate_values(
        model,
        read,
        _laid(found, read),
        chosen,
        make_map=lambda other: _laid(making(other, read, chosen), read),
        baseline=baseline,
    )
    return replace(
        evaluated,
        pointing_game=_point(found, read, boxes) if boxes else None,
        alignment=check_alignment(read, lambda image: _cells(making(model, image, chosen), image)),
    )


def _laid(found: np.ndarray | Explanation, image: PreprocessedImage) -> np.ndarray:
    """Return a map over the network's input."""
    return (
        found.map if isinstance(found, Explanation) else resize_map(found, *image.pixels.shape[1:])
    )


def _cells(
    found: np.ndarray | Explanation, image: PreprocessedImage
) -> tuple[np.ndarray, CellCenters | None]:
    """Return the cells of a map and where they look, else its pixels."""
    if isinstance(found, Explanation) and found.centers is not None:
        return found.attribution, found.centers
    return _laid(found, image), None


def _point(
    found: np.ndarray | Explanation, image: PreprocessedImage, boxes: Sequence[Box]
) -> PointingGame:
    peak = found.peak if isinstance(found, Explanation) else None
    return play_pointing_game(_laid(found, image), boxes, peak=peak)


def map_function(
    model: Classifier, image: PreprocessedImage, method: str, *, layer: str | None = None
) -> MapFunction:
    """Return a method of `explain` as a function that makes maps.

    "auto" is settled once, so that a network whose weights are drawn anew is explained the same
    way as the one before.

    Args:
        model: the classifier.
        image: an image.
        method: "auto", "cam", "grad-cam", ...
        layer: whose maps are taken; None for the usual one.

    Raises:
        SettingError: there is no such method, or it does not fit the network.
    """
    settled = explain(model, image, method=method, layer=layer).method

    def make(other: Classifier, image: PreprocessedImage, target: Target) -> Explanation:
        return explain(
            other,
            image,
            target=target.index,
            against=target.against,
            method=settled,
            layer=layer,
        )

    return make


def evaluate_values(
    model: Classifier,
    image: PreprocessedImage,
    values: np.ndarray,
    target: Target,
    *,
    make_map: MapOfModel | None = None,
    boxes: Sequence[Box] = (),
    baseline: str = "blur",
) -> MapEvaluation:
    """Return whether a map can be trusted, whatever made it.

    Args:
        model: the classifier that the map explains.
        image: the image.
        values: the map, (height, width) of the network's input, higher where it matters more.
        target: the class that it explains.
        make_map: makes the map with a classifier, for the randomisation check; None leaves that
            check out, and the verdict says so.
        boxes: where the thing is, (top, left, bottom, right) each in pixels of the input; none
            leaves the pointing game out.
        baseline: what replaces deleted pixels: "blur" or "mean".

    Raises:
        SettingError: the map has another size than the input, or a box has no inside.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8))
    >>> seen = PreprocessedImage.read(model, np.arange(64, dtype=np.uint8).reshape(8, 8))
    >>> found = evaluate_values(model, seen, np.eye(8), Target(0, None, "a"), boxes=[(0, 0, 4, 4)])
    >>> found.pointing_game.energy, found.parameter_randomization is None
    (0.5, True)
    """
    deleted, inserted = measure_deletion_insertion(
        model, image.pixels, values, target, baseline=baseline
    )
    return MapEvaluation(
        target=target.name,
        deletion=deleted,
        insertion=inserted,
        parameter_randomization=None
        if make_map is None
        else randomize_parameters(model, image, make_map),
        pointing_game=play_pointing_game(values, boxes) if boxes else None,
    )
