"""What comes of an import."""

from __future__ import annotations

from dataclasses import dataclass

from striate.errors import SettingError
from striate.model.classifier import Classifier
from striate.model.importing.classes import ClassList
from striate.model.weights import Fit


@dataclass(frozen=True)
class Imported:
    """What came of an import.

    Attributes:
        classifier: network, weights, classes and preprocessing.
        fit: which tensor went where.
        notes: what was decided on the way, to be shown.
    """

    classifier: Classifier
    fit: Fit
    notes: tuple[str, ...]


def wrong_count(listed: ClassList, expected: int, file: str) -> SettingError:
    """Return the error of a list that has not a name for each output."""
    return SettingError(
        f"the list of classes has {len(listed.names):,} names, and the weights in '{file}' tell "
        f"{expected:,} classes apart; expected a name for each of them, in the order of the outputs"
    )
