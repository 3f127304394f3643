"""One image inside one network: what there is to see of it, gathered once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from striate.data.images.decoding import Source
from striate.errors import SettingError
from striate.events import Callback, ignore
from striate.explanation.contribution_path import Contrast, Walk, contrast, walk
from striate.explanation.explanation import Explanation
from striate.explanation.feature_maps import LayerMaps, Maps, Span, maps, telling
from striate.explanation.hooks import record
from striate.explanation.layer_filters import Filters, filters
from striate.explanation.map_evidence import Evidence, by_method, evidence
from striate.explanation.methods import METHODS, explain
from striate.explanation.receptive_fields import Receptive, receptive
from striate.explanation.subject import Subject
from striate.explanation.target import Aim, Wanted, aim_at
from striate.explanation.unit_arithmetic import Arithmetic, arithmetic
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter

SLOW = ("occlusion", "integrated-gradients", "smooth-gradients")  # seconds instead of a moment
LISTED = 32 * 32  # numbers of a map that the JSON lists, too
FIELDS = 6  # layers whose strongest unit's receptive field is shown
ALIKE = 1e-3  # maps that differ by less, as a share of their largest number, are the same

Found = TypeVar("Found")
Number = tuple[str, int, int, int]  # layer, unit, row, column; the last two are -1 for features


@dataclass(frozen=True)
class Question:
    """What is asked of a specimen.

    Attributes:
        of: the class, by name or place; None takes the most probable.
        against: the class that it is set against; None takes the most probable of the others.
        layer: whose maps explain; None takes the last layer with positions.
        at: (layer, unit, row, column) of the number whose whole sum is shown, row and column -1
            where there are none; None takes the one that the walk ends with.
        span: what one colour scale of the maps spans: "layer", "block" or "network".
        quick: whether what takes seconds is left out: the evidence and the slower maps.
    """

    of: Wanted = None
    against: Wanted = None
    layer: str | None = None
    at: Number | None = None
    span: Span = "layer"
    quick: bool = False


USUAL = Question()


@dataclass(frozen=True, eq=False)
class Specimen:
    """An image inside a network.

    Attributes:
        classes: of the classifier.
        text: its network in the notation; None for a foreign module.
        temperature: what the logits are divided by before the softmax.
        subject: the image.
        logits: float64 (classes,).
        explanations: maps of where the class is, the first by the method that fits the network.
        same: for each of them, the other methods whose map is the same but for a factor.
        contrast: why the class and not the one against it.
        evidence: of the first map; None where it was not asked for.
        walk: from the logit down to a pixel; None where it cannot begin.
        sum: the whole sum of one number; None where there is none to show.
        maps: what every layer made of the image, with the gradients of the class's logit.
        shown: addresses of the layers that tell most: what each block ends with.
        fields: what the strongest unit sees, of some of these from the first to the last.
        filters: of every convolution, the most used for this image first.
        missing: what could not be shown, and why.
    """

    classes: tuple[str, ...]
    text: str | None = field(repr=False)
    temperature: float
    subject: Subject
    logits: np.ndarray = field(repr=False)
    explanations: tuple[Explanation, ...]
    same: tuple[tuple[str, ...], ...]
    contrast: Contrast | None
    evidence: Evidence | None = field(repr=False)
    walk: Walk | None = field(repr=False)
    sum: Arithmetic | None = field(repr=False)
    maps: Maps = field(repr=False)
    shown: tuple[str, ...] = field(repr=False)
    fields: tuple[Receptive, ...] = field(repr=False)
    filters: tuple[Filters, ...] = field(repr=False)
    missing: tuple[str, ...] = ()

    @property
    def probabilities(self) -> np.ndarray:
        """Of each class: float64 (classes,)."""
        powers = np.exp((self.logits - self.logits.max()) / self.temperature)
        return np.asarray(powers / powers.sum())

    def best(self, count: int = 5) -> tuple[tuple[str, float, float], ...]:
        """Give (class, logit, probability) of the most probable."""
        odds = self.probabilities
        order = np.argsort(-self.logits, kind="stable")[:count].tolist()
        return tuple((self.classes[k], float(self.logits[k]), float(odds[k])) for k in order)

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON values: all but the images and what `arrays` has in full."""
        return {
            "image": self.subject.name,
            "network": self.text,
            "classes": list(self.classes),
            "logits": self.logits.tolist(),
            "probabilities": self.probabilities.tolist(),
            "explanations": [
                {
                    name: value
                    for name, value in (each.as_json() | {"same": list(same)}).items()
                    if name != "map" or each.native.size <= LISTED
                }
                for each, same in zip(self.explanations, self.same, strict=True)
            ],
            "contrast": self.contrast and self.contrast.as_json(),
            "evidence": self.evidence and self.evidence.as_json(),
            "walk": self.walk and self.walk.as_json(),
            "sum": self.sum and self.sum.as_json(),
            "maps": self.maps.as_json(),
            "fields": [each.as_json() for each in self.fields],
            "filters": [each.as_json() for each in self.filters],
            "missing": list(self.missing),
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Give its arrays by name, as they go into an npz file."""
        found = {
            "pixels": self.subject.pixels,
            "values": self.subject.values[0].numpy(),
            "logits": self.logits,
        }
        for each in self.explanations:
            found[f"explanation {each.method}"] = each.native
        if self.contrast is not None:
            found["contrast positions"] = self.contrast.map
            found["contrast units"] = self.contrast.units
        for layer in self.maps.layers:
            found[f"maps {layer.address}"] = layer.values
            if layer.gradient is not None:
                found[f"gradients {layer.address}"] = layer.gradient
        for one in self.filters:
            found[f"filters {one.address}"] = one.weights
        for seen in self.fields:
            found[f"field {seen.address} unit {seen.unit}"] = seen.gradient
        return found


def specimen(
    model: Classifier, source: Source, *, question: Question = USUAL, callback: Callback = ignore
) -> Specimen:
    """Look at one image inside a network: where the class is, whether that can be trusted, why.

    What cannot be shown of a network (a foreign module may have steps that are no layers) is
    named in `missing`, with the reason; the rest is there.

    Args:
        model: the classifier.
        source: whatever `Classifier.predict` takes.
        question: which class, layer and number.
        callback: is told the progress.

    Raises:
        ImageError: the image cannot be read.
        SettingError: there is no such class, layer or number.
        NotationError: there is no such layer in a network of the notation.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 3 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> found = specimen(model, np.eye(8), question=Question(quick=True))
    >>> found.contrast.of in ("dark rather than light", "light rather than dark")
    True
    >>> [each.method for each in found.explanations], found.same[0]
    (['cam', 'grad-cam++'], ('grad-cam', 'hires-cam'))
    """
    subject = Subject.of(model, source)
    logits = record(model.module, subject.values, []).output[0].double().cpu().numpy()
    aim = aim_at(model, question.of, logits=logits)
    missing: dict[str, list[str]] = {}  # what, by the reason

    def attempt(what: str, make: Callable[[], Found], *, asked: bool = False) -> Found | None:
        try:
            return make()
        except SettingError as error:
            if asked:
                raise
            missing.setdefault(str(error), []).append(what)
            return None

    reporter = ProgressReporter("looking inside", callback, unit="parts")
    methods = [each for each in METHODS if not (question.quick and each in SLOW)]
    parts = len(methods) + 4
    reporter(0, parts)
    explanations = []
    for number, method in enumerate(methods):
        found = attempt(
            method,
            lambda method=method: explain(  # type: ignore[misc]
                model,
                subject,
                of=aim.place,
                method=method,
                layer=None if method in (*SLOW, "cam") else question.layer,
            ),
            asked=method == "grad-cam" and question.layer is not None,
        )
        if found is not None:
            explanations.append(found)
        reporter(number + 1, parts)
    kept, same = _grouped(explanations)
    passed = maps(model, subject, of=aim.place, gradients=True, span=question.span)
    shown = telling([(each.address, each.word, each.values.shape) for each in passed.layers])
    fields = tuple(_strongest(model, subject, passed[address]) for address in _some(shown, FIELDS))
    reporter(len(methods) + 1, parts)
    against = _against(question.against, aim, logits)
    why = attempt(
        "why this class",
        lambda: contrast(model, subject, aim.place, against, layer=question.layer),
        asked=question.against is not None,
    )
    walked = attempt("the walk", lambda: walk(model, subject, of=aim.place))
    reporter(len(methods) + 2, parts)
    at = question.at or _last(walked)
    summed = None
    if at is not None:
        layer, unit, row, column = at
        summed = attempt(
            f"the sum at {layer}",
            lambda: arithmetic(model, subject, layer, unit=unit, row=row, column=column),
            asked=question.at is not None,
        )
    reporter(len(methods) + 3, parts)
    proof = None
    if kept and not question.quick:
        proof = attempt("the evidence", lambda: _evidence(model, subject, aim, kept[0]))
    reporter(parts, parts)
    return Specimen(
        classes=model.classes,
        text=model.text,
        temperature=model.temperature,
        subject=subject,
        logits=logits,
        explanations=kept,
        same=same,
        contrast=why,
        evidence=proof,
        walk=walked,
        sum=summed,
        maps=passed,
        shown=shown,
        fields=fields,
        filters=filters(model, use=passed.use),
        missing=tuple(f"{', '.join(what)}: {reason}" for reason, what in missing.items()),
    )


def _against(wanted: Wanted, aim: Aim, logits: np.ndarray) -> Wanted:
    """Give the class to set against: as asked for, else the most probable of the others."""
    if wanted is not None:
        return wanted
    others = np.array(logits, np.float64)
    others[aim.place] = -np.inf
    return int(others.argmax()) if len(others) > 1 else None


def _last(walked: Walk | None) -> Number | None:
    """Give the number of the walk that is nearest to the pixels and adds several up."""
    if walked is None:
        return None
    added = [
        each.step
        for each in walked.strides
        if len(each.step.terms.value) > 1 and not each.step.terms.function
    ]
    if not added:
        return None
    return added[-1].address, added[-1].unit, added[-1].row, added[-1].column


def _some(names: tuple[str, ...], count: int) -> list[str]:
    """Give so many of them, spread from the first to the last."""
    places = np.unique(np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int))
    return [names[place] for place in places.tolist()]


def _strongest(model: Classifier, subject: Subject, layer: LayerMaps) -> Receptive:
    """Look through the layer's strongest unit, at the place where it answers most."""
    unit = int(layer.order[0])
    row, column = np.unravel_index(int(layer.values[unit].argmax()), layer.values.shape[1:])
    return receptive(model, subject, layer.address, unit=unit, row=int(row), column=int(column))


def _evidence(model: Classifier, subject: Subject, aim: Aim, shown: Explanation) -> Evidence:
    layer = shown.layer if shown.method not in (*SLOW, "cam") else None
    make = by_method(model, subject, shown.method, layer=layer)
    return evidence(model, subject, make, of=aim.place)


def _grouped(
    found: list[Explanation],
) -> tuple[tuple[Explanation, ...], tuple[tuple[str, ...], ...]]:
    """Put together the methods whose maps are the same but for a factor."""
    kept: list[Explanation] = []
    same: list[list[str]] = []
    for each in found:
        for place, other in enumerate(kept):
            if _proportional(other.native, each.native):
                same[place].append(each.method)
                break
        else:
            kept.append(each)
            same.append([])
    return tuple(kept), tuple(map(tuple, same))


def _proportional(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    largest = float(np.abs(one).max()), float(np.abs(other).max())
    if not all(largest):
        return largest[0] == largest[1]
    return bool(np.abs(one / largest[0] - other / largest[1]).max() < ALIKE)
