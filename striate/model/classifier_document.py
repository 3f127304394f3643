"""The document inside a classifier's file: all of it but the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from striate.errors import ClassifierError
from striate.model.json_value import JsonObject

NEEDED: dict[str, tuple[type, ...]] = {
    "network": (str, type(None)),
    "classes": (list,),
    "preprocess": (dict,),
    "calibration": (dict,),
    "metrics": (dict,),
    "data": (dict,),
    "training": (dict,),
    "digest": (str,),
}


@dataclass(frozen=True)
class ClassifierDocument:
    """What a file says of its classifier.

    Attributes:
        network: its text in the notation; None where a torch module was given.
        classes: their names, in the order of the outputs.
        ids: second names of these, or none.
        preprocess: as `Preprocess.as_json` gives it.
        calibration: as `Decision.as_json` gives it.
        metrics: the figures of its own evaluation.
        data: what it was trained on.
        training: how.
    """

    network: str | None
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    preprocess: JsonObject
    calibration: JsonObject
    metrics: JsonObject
    data: JsonObject
    training: JsonObject

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in the file's metadata."""
        values = {**vars(self), "classes": list(self.classes), "ids": list(self.ids)}
        return {name: value for name, value in values.items() if name != "ids" or self.ids}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str) -> ClassifierDocument:
        """Return what `as_json` wrote.

        Args:
            values: the document.
            where: the file, for messages.

        Raises:
            ClassifierError: something is missing, or is what no classifier has.
        """
        for name, kinds in NEEDED.items():
            if not isinstance(values.get(name, ...), kinds):
                raise ClassifierError(
                    f"the document inside '{where}' lacks '{name}', or it is damaged"
                )
        classes, ids = values["classes"], values.get("ids", [])
        if not classes or not _are_different_texts(classes):
            raise ClassifierError(
                f"the classes in '{where}' are {str(classes)[:60]}; expected different names, at "
                "least one"
            )
        if not _are_different_texts(ids) or len(ids) not in (0, len(classes)):
            raise ClassifierError(
                f"the ids in '{where}' are {str(ids)[:60]}; expected a different one a class, or "
                "none"
            )
        known = {name: values[name] for name in NEEDED if name != "digest"}
        return cls(**{**known, "classes": tuple(classes), "ids": tuple(ids)})


def _are_different_texts(names: object) -> bool:
    return (
        isinstance(names, list)
        and all(isinstance(name, str) for name in names)
        and len(set(names)) == len(names)
    )
