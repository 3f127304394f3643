"""What the run of a classifier knows of it beside its file: energy, slices, what was odd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from striate.doctor import KINDS, ImageFinding, read_findings
from striate.errors import RunError
from striate.model.classifier_like import ClassifierLike, path_of
from striate.model.json_value import Json, JsonObject
from striate.model.run_folder import RunFolder
from striate.terminal.units import format_energy, format_mass

KEPT_OF_A_SLICE: Final = (
    *("attribute", "value", "n", "accuracy", "accuracy_low", "accuracy_high", "rest", "p_holm"),
    "surely_worse",
)
NAMES_OF_FILES: Final = ("folder",)  # attributes whose values are parts of paths


@dataclass(frozen=True)
class RunFacts:
    """What leaves with an exported file of the run that made its classifier.

    Attributes:
        energy: of the training, in words; "" where it was not measured.
        slices: how good it is on slices of the images that it was evaluated on, the most surely
            worse first, without names of images; None where that was not measured.
        findings: how many findings of each kind there are among the images, in words; None where
            they were not looked at.
        shortcuts: by what its classes could be told apart without looking at what is on an image.
    """

    energy: str = ""
    slices: tuple[JsonObject, ...] | None = None
    findings: tuple[str, ...] | None = None
    shortcuts: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        """Return it as plain values, as the document holds it."""
        slices: Json = None if self.slices is None else list(self.slices)
        findings: Json = None if self.findings is None else list(self.findings)
        return {
            "energy": self.energy or None,
            "slices": slices,
            "findings": findings,
            "shortcuts": list(self.shortcuts),
        }


NOTHING: Final = RunFacts()


def read_run_facts(model: ClassifierLike) -> RunFacts:
    """Read what stands beside a classifier in the folder of its run; nothing where it has none.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> from striate.model.classifier import Classifier
    >>> text = "input 1x8x8 classes=2 > gap > flatten > fc"
    >>> read_run_facts(Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8))).energy
    ''
    """
    file = path_of(model)
    if file is None:
        return NOTHING
    run = RunFolder(file.parent)
    try:
        origin = run.read_origin()
        if origin is None:
            return NOTHING
        outcome = run.read_record().get("outcome") or {}
        found = read_findings(run.findings)
    except RunError:  # of a damaged record nothing is known
        return NOTHING
    energy = ""
    if origin.kwh is not None and origin.kg_co2e is not None:
        energy = f"{format_energy(origin.kwh)}, {format_mass(origin.kg_co2e)} of CO2e"
        energy += f" ({'; '.join(origin.known_by)})" if origin.known_by else ""
    return RunFacts(
        energy,
        _keep_slices((outcome.get("evaluation") or {}).get("slices")),
        None if found is None else tuple(_count(found)),
        tuple(one.reason for one in found or () if one.kind == "shortcut"),
    )


def _count(found: Sequence[ImageFinding]) -> Iterator[str]:
    """Give how many findings there are of each kind, in words: they name images themselves."""
    for name, count in Counter(one.kind for one in found).items():
        kind = KINDS.get(name)
        if kind is not None:
            yield f"{count:,} {kind.one if count == 1 else kind.many}"


def _keep_slices(slices: Json) -> tuple[JsonObject, ...] | None:
    """Return slices without names of images and folders."""
    if not isinstance(slices, list):
        return None
    return tuple(
        {name: one[name] for name in KEPT_OF_A_SLICE if name in one}
        for one in slices
        if isinstance(one, dict) and one.get("attribute") not in NAMES_OF_FILES
    )
