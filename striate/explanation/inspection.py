"""All that can be explained of one image, gathered once: `inspect`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from striate.backends import allocator
from striate.errors import SettingError
from striate.events import Callback
from striate.explanation.attribution_methods import explain
from striate.explanation.class_views import ClassView, view_classes
from striate.explanation.contribution_path import ContributionPath, trace_contributions
from striate.explanation.explanation import Explanation
from striate.explanation.folder_truth import read_truth
from striate.explanation.hooks import record
from striate.explanation.inspection_settings import (
    PIXELS,
    USUAL,
    InspectionSettings,
    UnitPosition,
)
from striate.explanation.layer_filters import LayerFilters, filters
from striate.explanation.layer_maps import (
    FeatureMaps,
    LayerMaps,
    feature_maps,
    select_block_outputs,
)
from striate.explanation.map_evaluation import MapEvaluation, evaluate_map, map_function
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.proportional_maps import group_proportional
from striate.explanation.receptive_fields import ReceptiveField, receptive_field
from striate.explanation.score_decomposition import ScoreDecomposition, decompose_score
from striate.explanation.target import Target, TargetClass, resolve_target
from striate.explanation.taught import Taught
from striate.explanation.unit_arithmetic import UnitArithmetic, recompute_activation
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.model.prediction import Prediction
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

if TYPE_CHECKING:
    from striate.model.image_input import ImageInput

QUICK = (
    "whether the map can be trusted",
    "the maps by occlusion, integrated gradients and SmoothGrad",
)
LISTED = 32 * 32  # numbers of a map that the JSON lists, too
FIELDS = 6  # layers whose strongest unit's receptive field is shown

Found = TypeVar("Found")
MIRRORED = "the mean with the mirror image, which answers (--tta): all here is of the image itself"


@dataclass(frozen=True, eq=False)
class Inspection:
    """One image in one network.

    Attributes:
        classes: of the classifier.
        network: its network in the notation; None for a foreign module.
        temperature: what the logits are divided by before the softmax.
        image: the image.
        answer: what the classifier answers, as `Classifier.predict` gives it: a class, a node above
            the classes, or nothing.
        logits: float64 (classes,).
        explanations: maps of where the class is, the first by the method that fits the network.
        proportional: for each of them, the other methods whose map is the same but for a factor.
        score_decomposition: why the class and not the one against it.
        evaluation: of the first map; None where it was not asked for.
        path: from the logit down to a pixel; None where it cannot begin.
        arithmetic: the whole sum of one number; None where there is none to show.
        feature_maps: what every layer made of the image, with the gradients of the class's logit.
        block_outputs: addresses of the layers that tell most: what each block ends with.
        receptive_fields: what the strongest unit sees, of some of these from the first to the last.
        unit_sums: the whole sum of each of their activations; None where there is none to show.
        filters: of every convolution, the most used for this image first.
        unavailable: what could not be shown, and why.
        left_out: what was not asked for, since it takes seconds.
        truth: the class that the image's folder names; "" where it names none.
        views: what comes back to the image from the class and from the least probable one.
        taught: the training images that speak most for and against the class; None where that was
            not asked for.
    """

    classes: tuple[str, ...]
    network: str | None = field(repr=False)
    temperature: float
    image: PreprocessedImage
    answer: Prediction
    logits: np.ndarray = field(repr=False)
    explanations: tuple[Explanation, ...]
    proportional: tuple[tuple[str, ...], ...]
    score_decomposition: ScoreDecomposition | None
    evaluation: MapEvaluation | None = field(repr=False)
    path: ContributionPath | None = field(repr=False)
    arithmetic: UnitArithmetic | None = field(repr=False)
    feature_maps: FeatureMaps = field(repr=False)
    block_outputs: tuple[str, ...] = field(repr=False)
    receptive_fields: tuple[ReceptiveField, ...] = field(repr=False)
    filters: tuple[LayerFilters, ...] = field(repr=False)
    unit_sums: tuple[UnitArithmetic | None, ...] = field(default=(), repr=False)
    unavailable: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    truth: str = ""
    views: tuple[ClassView, ...] = field(default=(), repr=False)
    taught: Taught | None = field(default=None, repr=False)

    @property
    def probabilities(self) -> np.ndarray:
        """Of each class: float64 (classes,)."""
        powers = np.exp((self.logits - self.logits.max()) / self.temperature)
        return np.asarray(powers / powers.sum())

    def top_classes(self, count: int = 5) -> tuple[tuple[str, float, float], ...]:
        """Return (class, logit, probability) of the most probable."""
        odds = self.probabilities
        order = np.argsort(-self.logits, kind="stable")[:count].tolist()
        return tuple((self.classes[k], float(self.logits[k]), float(odds[k])) for k in order)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values: all but the images and what `arrays` has in full."""
        return {
            "image": self.image.name,
            "network": self.network,
            "truth": self.truth or None,
            "answer": self.answer.as_json(),
            "classes": list(self.classes),
            "logits": self.logits.tolist(),
            "probabilities": self.probabilities.tolist(),
            "explanations": [
                {
                    name: value
                    for name, value in (each.as_json() | {"proportional": list(same)}).items()
                    if name != "map" or each.attribution.size <= LISTED
                }
                for each, same in zip(self.explanations, self.proportional, strict=True)
            ],
            "score_decomposition": self.score_decomposition and self.score_decomposition.as_json(),
            "evaluation": self.evaluation and self.evaluation.as_json(),
            "path": self.path and self.path.as_json(),
            "arithmetic": self.arithmetic and self.arithmetic.as_json(),
            "feature_maps": self.feature_maps.as_json(),
            "receptive_fields": [each.as_json() for each in self.receptive_fields],
            "filters": [each.as_json() for each in self.filters],
            "views": [each.as_json() for each in self.views],
            "unit_sums": [each and each.as_json() for each in self.unit_sums],
            "taught": self.taught and self.taught.as_json(),
            "unavailable": list(self.unavailable),
            "left_out": list(self.left_out),
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Return its arrays by name, as they go into an npz file."""
        found = {
            "pixels": self.image.pixels,
            "values": self.image.tensor[0].numpy(),
            "logits": self.logits,
        }
        for each in self.explanations:
            found[f"explanation {each.method}"] = each.attribution
        for view in self.views:
            found[f"view {view.method}"] = view.image
            found[f"view {view.method} of the least probable class"] = view.least_image
        if self.score_decomposition is not None:
            found["score by position"] = self.score_decomposition.map
            found["score by unit"] = self.score_decomposition.units
        for layer in self.feature_maps.layers:
            found[f"maps {layer.name}"] = layer.values
            if layer.gradient is not None:
                found[f"gradients {layer.name}"] = layer.gradient
        for one in self.filters:
            found[f"filters {one.name}"] = one.weights
        for seen in self.receptive_fields:
            found[f"receptive field {seen.layer} unit {seen.unit}"] = seen.gradient
        return found


def inspect(
    model: ClassifierLike,
    image: ImageInput | PreprocessedImage,
    *,
    target: TargetClass = None,
    against: TargetClass = None,
    settings: InspectionSettings = USUAL,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> Inspection:
    """Return all that can be explained of one image: where its class is, whether to trust it, why.

    What cannot be shown of a network (a foreign module may have steps that are no layers) is
    named in `unavailable`, with the reason; the rest is there.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        image: whatever `Classifier.predict` takes.
        target: the class that is explained, by name or index; None takes the most probable.
        against: the class it is compared with; None takes the most probable of the others.
        settings: which layer and activation are shown, and how much is left out.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told the progress as well.

    Raises:
        ClassifierError: the classifier cannot be opened.
        ImageError: the image cannot be read.
        SettingError: there is no such class, layer or number.
        NotationError: there is no such layer in a network of the notation.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 3 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> found = inspect(model, np.eye(8), settings=InspectionSettings(quick=True))
    >>> found.score_decomposition.target in ("dark rather than light", "light rather than dark")
    True
    >>> [each.method for each in found.explanations], found.proportional[0]
    (['cam', 'grad-cam++'], ('grad-cam', 'hires-cam'))
    """
    with display_progress(progress, callback) as tell, allocator.kept():
        return _inspect(
            open_classifier(model),
            image,
            target=target,
            against=against,
            settings=settings,
            callback=tell,
        )


def _inspect(
    model: Classifier,
    image: ImageInput | PreprocessedImage,
    *,
    target: TargetClass,
    against: TargetClass,
    settings: InspectionSettings,
    callback: Callback,
) -> Inspection:
    read = PreprocessedImage.read(model, image)
    logits = record(model.module, read.tensor, []).output[0].double().cpu().numpy()
    chosen = resolve_target(model, target, logits=logits)
    missing: dict[str, list[str]] = {}  # what, by the reason

    def attempt(what: str, make: Callable[[], Found], *, asked: bool = False) -> Found | None:
        try:
            return make()
        except SettingError as error:
            if asked:
                raise
            missing.setdefault(str(error), []).append(what)
            return None

    reporter = ProgressReporter("explaining", callback, unit="parts")
    methods = settings.methods
    parts = len(methods) + 5
    reporter(0, parts)
    explanations = []
    for number, method in enumerate(methods):
        found = attempt(
            method,
            lambda method=method: explain(  # type: ignore[misc]
                model,
                read,
                target=chosen.index,
                method=method,
                layer=None if method in (*PIXELS, "cam") else settings.layer,
            ),
            asked=method == settings.method
            or (method == "grad-cam" and settings.layer is not None),
        )
        if found is not None:
            explanations.append(found)
        reporter(number + 1, parts)
    kept, same = group_proportional(explanations)
    maps = partial(feature_maps, model, read, target=chosen.index, color_scale=settings.color_scale)
    passed = attempt("gradients", lambda: maps(gradients=True)) or maps()
    shown = select_block_outputs(
        [(each.name, each.kind, each.values.shape) for each in passed.layers]
    )
    layers = [passed[address] for address in _some(shown, FIELDS)]
    fields = attempt(
        "what units see", lambda: tuple(_strongest(model, read, layer) for layer in layers)
    )
    reporter(len(methods) + 1, parts)
    other = _against(against, chosen, logits)
    why = attempt(
        "why this class",
        lambda: decompose_score(
            model, read, target=chosen.index, against=other, layer=settings.layer
        ),
        asked=against is not None,
    )
    path = attempt(
        "the path to a pixel", lambda: trace_contributions(model, read, target=chosen.index)
    )
    reporter(len(methods) + 2, parts)

    def add_up(at: UnitPosition, *, asked: bool = False) -> UnitArithmetic | None:
        name, unit, row, column = at
        return attempt(
            f"the sum at {name}",
            lambda: recompute_activation(model, read, name, unit=unit, row=row, column=column),
            asked=asked,
        )

    at = settings.position or _last(path)
    summed = None if at is None else add_up(at, asked=settings.position is not None)
    sums = tuple(add_up((each.layer, each.unit, each.row, each.column)) for each in fields or ())
    reporter(len(methods) + 3, parts)
    views = view_classes(model, read, chosen, attempt=attempt, quick=settings.quick)
    reporter(len(methods) + 4, parts)
    evaluation = None
    if kept and not settings.quick:
        evaluation = attempt(
            "the map's evaluation", lambda: _evaluate(model, read, chosen, kept[0])
        )
    reporter(parts, parts)
    return Inspection(
        classes=model.classes,
        network=model.text,
        temperature=model.temperature,
        image=read,
        answer=read.predict(model),
        logits=logits,
        explanations=kept,
        proportional=same,
        score_decomposition=why,
        evaluation=evaluation,
        path=path,
        arithmetic=summed,
        feature_maps=passed,
        block_outputs=shown,
        receptive_fields=fields or (),
        filters=filters(model, mean_activations=passed.mean_activations),
        unit_sums=sums,
        unavailable=(
            *(MIRRORED for _ in range(model.decision.mirrored)),
            *(f"{', '.join(what)}: {reason}" for reason, what in missing.items()),
        ),
        left_out=(QUICK if settings.quick else ()),
        truth=read_truth(image, model.classes, model.ids),
        views=views,
    )


def _against(wanted: TargetClass, target: Target, logits: np.ndarray) -> TargetClass:
    """Return the class to set against: as asked for, else the most probable of the others."""
    if wanted is not None:
        return wanted
    others = np.array(logits, np.float64)
    others[target.index] = -np.inf
    return int(others.argmax()) if len(others) > 1 else None


def _last(path: ContributionPath | None) -> UnitPosition | None:
    """Return the number of the path that is nearest to the pixels and adds several up."""
    if path is None:
        return None
    added = [
        each.arithmetic
        for each in path.steps
        if len(each.arithmetic.terms.value) > 1 and not each.arithmetic.terms.function
    ]
    if not added:
        return None
    return added[-1].layer, added[-1].unit, added[-1].row, added[-1].column


def _some(names: tuple[str, ...], count: int) -> list[str]:
    """Return so many of them, spread from the first to the last."""
    places = np.unique(np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int))
    return [names[place] for place in places.tolist()]


def _strongest(model: Classifier, image: PreprocessedImage, layer: LayerMaps) -> ReceptiveField:
    """Look through the layer's strongest unit, at the place where it answers most."""
    unit = int(layer.order[0])
    row, column = np.unravel_index(int(layer.values[unit].argmax()), layer.values.shape[1:])
    return receptive_field(model, image, layer.name, unit=unit, row=int(row), column=int(column))


def _evaluate(
    model: Classifier, image: PreprocessedImage, target: Target, shown: Explanation
) -> MapEvaluation:
    layer = shown.layer if shown.method not in (*PIXELS, "cam") else None
    make = map_function(model, image, shown.method, layer=layer)
    return evaluate_map(model, image, make, target=target.index)
