"""The classifiers that are compared: opened, named, and what each of them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from striate.architecture import zoo
from striate.architecture.layer_table import Summary, summary
from striate.errors import SettingError, join_words
from striate.model import classifier_file
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier, path_of
from striate.model.run_folder import RunFolder


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """One classifier of a comparison.

    Attributes:
        name: what it is called here; no two have the same.
        classifier: itself.
        origin: "from scratch, resnet18", "head on squeezenet1_1 with ...", "imported, ...", or
            "" where that is not known.
        source: where the images of its run are; None where that is not known.
        parameters: numbers that it has learnt.
        macs: multiply-accumulates for one image; None for a torch module.
        training_seconds: of its run; None where there is no record of it.
        training_kwh: the electricity of its run; None where that was not measured.
        training_kg_co2e: the CO2e of that.
        known_by: how, part by part: "processor estimated".
        checkpoint_selected: whether the images that its run held out selected its checkpoint;
            where a head alone was learnt, there was none to select.
    """

    name: str
    classifier: Classifier
    origin: str
    source: str | None
    parameters: int
    macs: int | None
    training_seconds: float | None
    training_kwh: float | None
    training_kg_co2e: float | None
    known_by: tuple[str, ...]
    checkpoint_selected: bool


def open_models(models: Sequence[ClassifierLike], *, least: int = 2) -> tuple[OpenedModel, ...]:
    """Return the classifiers of a comparison, each opened by whatever stands for it.

    Args:
        models: the classifiers.
        least: how many there must be: two, or one beside answers from outside.

    Raises:
        SettingError: there are fewer, or one stands twice.
        ClassifierError: one cannot be opened.
        RunError: the record of a run cannot be read.
    """
    if isinstance(models, (str, Path, Classifier)):
        raise SettingError("one classifier is given alone; give a list of two or more to compare")
    if len(models) < least:
        raise SettingError(
            f"{len(models)} to compare; expected two classifiers or more, or one and --answers "
            "(answers= in Python) of another tool or a person"
        )
    classifiers = [open_classifier(one) for one in models]
    places = [path_of(one) for one in models]
    given = [
        str(one) if isinstance(one, (str, Path)) else str(place and place.parent)
        for one, place in zip(models, places, strict=True)
    ]
    for number, (one, place) in enumerate(zip(models, places, strict=True)):
        earlier = zip(models[:number], places, strict=False)
        if any(one is other or (place is not None and place == there) for other, there in earlier):
            said = f"classifier {number + 1}" if place is None else f"'{given[number]}'"
            raise SettingError(f"{said} is given twice; give different ones to compare")
    names = _name_models(given, places)
    return tuple(
        _describe(classifier, place, name)
        for classifier, place, name in zip(classifiers, places, names, strict=True)
    )


def _name_models(given: Sequence[str], places: Sequence[Path | None]) -> list[str]:
    """Name each by the last part of its path, or by all of it where that is not enough."""
    short = [
        f"classifier {number}" if place is None else _shorten(place)
        for number, place in enumerate(places, 1)
    ]
    often = Counter(short)
    return [
        name if often[name] == 1 or place is None else path
        for name, path, place in zip(short, given, places, strict=True)
    ]


def _shorten(place: Path) -> str:
    return place.parent.name if place.name == classifier_file.NAME else place.stem


def _describe(classifier: Classifier, place: Path | None, name: str) -> OpenedModel:
    origin = None
    if place is not None and place.name == classifier_file.NAME:
        origin = RunFolder(place.parent).read_origin()
    table = None if classifier.text is None else summary(classifier.text)
    source = classifier.origin.source if origin is None else origin.source
    return OpenedModel(
        name=name,
        classifier=classifier,
        origin=_describe_origin(classifier, table, None if origin is None else origin.network),
        source=source,
        parameters=classifier.parameters,
        macs=None if table is None else table.macs,
        training_seconds=None if origin is None else origin.seconds,
        training_kwh=None if origin is None else origin.kwh,
        training_kg_co2e=None if origin is None else origin.kg_co2e,
        known_by=() if origin is None else origin.known_by,
        checkpoint_selected=classifier.origin.in_steps,
    )


def _describe_origin(classifier: Classifier, table: Summary | None, given: object) -> str:
    """Describe where a classifier comes from, in a few words."""
    origin = classifier.origin
    if origin.backbone is not None:
        return f"{'fine-tuned' if origin.in_steps else 'head on'} {origin.backbone}"
    network = _name_network(table, given)
    if origin.imported is not None:
        return f"imported, {network}"
    return f"from scratch, {network}" if origin.trained else network


def _name_network(table: Summary | None, given: object) -> str:
    """Name a network: by its own name, or by what it learns with."""
    if table is None:
        return "a torch module"
    if isinstance(given, str) and zoo.is_name(given):
        return given.strip()
    if table.name != "network":
        return table.name
    kinds = Counter(row.kind for row in table.layers if row.kind in ("conv", "fc"))
    return join_words(f"{count} {kind}" for kind, count in kinds.items()) or "nothing learnt"
