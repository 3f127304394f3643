"""The classifiers that are compared: opened, named, and what each of them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from striate.architecture import zoo
from striate.architecture.layer_table import Summary, summary
from striate.errors import SettingError
from striate.model import classifier_file
from striate.model.classifier import Classifier, load
from striate.model.run_folder import RECORD, RunFolder

Model = str | Path | Classifier


@dataclass(frozen=True, eq=False)
class Contender:
    """One classifier of a comparison.

    Attributes:
        name: what it is called here; no two have the same.
        model: the classifier.
        origin: "from scratch, resnet18", "transfer from squeezenet1_1 with ...", "imported", or
            "" where that is not known.
        source: where the images of its run are; None where that is not known.
        parameters: numbers that it has learnt.
        macs: multiply-accumulates for one image; None for a torch module.
        training_seconds: of its run; None where there is no record of it.
        chose: whether the images that its run held out chose its best state; where a head
            alone was learnt, there were no states to choose from.
    """

    name: str
    model: Classifier
    origin: str
    source: str | None
    parameters: int
    macs: int | None
    training_seconds: float | None
    chose: bool


def open_all(models: Sequence[Model]) -> tuple[Contender, ...]:
    """Open two or more classifiers, each by its run's folder, its file, or as it is.

    Raises:
        SettingError: there are not two, or one stands twice.
        ClassifierError: one cannot be opened.
        RunError: the record of a run cannot be read.
    """
    if isinstance(models, (str, Path, Classifier)):
        raise SettingError("one classifier is given alone; give a list of two or more to compare")
    if len(models) < 2:
        raise SettingError(f"{len(models)} to compare; expected two classifiers or more")
    places = [None if isinstance(one, Classifier) else _place(one) for one in models]
    for number, (one, place) in enumerate(zip(models, places, strict=True)):
        earlier = zip(models[:number], places, strict=False)
        if any(one is other or (place is not None and place == there) for other, there in earlier):
            said = f"classifier {number + 1}" if place is None else f"'{one}'"
            raise SettingError(f"{said} is given twice; give different ones to compare")
    names = _names(models, places)
    return tuple(
        _opened(one, place, name) for one, place, name in zip(models, places, names, strict=True)
    )


def _place(path: str | Path) -> Path:
    return classifier_file.find_file(Path(path)).resolve()


def _names(models: Sequence[Model], places: Sequence[Path | None]) -> list[str]:
    """Call each by the last part of its path, or by all of it where that is not enough."""
    short = [
        f"classifier {number}" if place is None else _short(place)
        for number, place in enumerate(places, 1)
    ]
    often = Counter(short)
    return [
        name if often[name] == 1 or place is None else str(model)
        for name, model, place in zip(short, models, places, strict=True)
    ]


def _short(place: Path) -> str:
    return place.parent.name if place.name == classifier_file.NAME else place.stem


def _opened(given: Model, place: Path | None, name: str) -> Contender:
    model = given if isinstance(given, Classifier) else load(given)
    record = {}
    if place is not None and place.name == classifier_file.NAME:
        folder = RunFolder(place.parent)
        record = folder.read_record() if (folder.path / RECORD).is_file() else {}
    table = None if model.text is None else summary(model.text)
    source = record.get("data", model.data).get("source")
    seconds = record.get("seconds")
    return Contender(
        name=name,
        model=model,
        origin=_origin(model, table, record.get("network_given")),
        source=None if source is None else str(source),
        parameters=model.parameters,
        macs=None if table is None else table.macs,
        training_seconds=None if seconds is None else float(seconds),
        chose=bool(model.training.get("transfer", {"shares": True}).get("shares")),
    )


def _origin(model: Classifier, table: Summary | None, given: object) -> str:
    """Say where a classifier comes from, in a few words."""
    transfer = model.training.get("transfer")
    if transfer:
        return f"{'fine-tuned' if transfer.get('shares') else 'head on'} {transfer['body']}"
    network = _network(table, given)
    if "imported" in model.training:
        return f"imported, {network}"
    return f"from scratch, {network}" if model.training else network


def _network(table: Summary | None, given: object) -> str:
    """Name a network: by its own name, or by what it learns with."""
    if table is None:
        return "a torch module"
    if isinstance(given, str) and zoo.is_name(given):
        return given.strip()
    if table.name != "network":
        return table.name
    kinds = Counter(row.kind for row in table.layers if row.kind in ("conv", "fc"))
    return " and ".join(f"{count} {kind}" for kind, count in kinds.items()) or "nothing learnt"
