"""What stands for a classifier: itself, its file, the folder of its run, or a training's result."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from striate.errors import ClassifierError
from striate.model.classifier import Classifier
from striate.model.classifier_file import find_file
from striate.model.loading import load


@runtime_checkable
class HasModel(Protocol):
    """What came out of a training: a classifier, and the folder of its run."""

    @property
    def model(self) -> Classifier:
        """The classifier."""

    @property
    def folder(self) -> Path:
        """The folder of the run that made it."""


ClassifierLike: TypeAlias = Classifier | str | Path | HasModel


def open_classifier(model: ClassifierLike) -> Classifier:
    """Return the classifier that is given, whichever way it is.

    Args:
        model: a classifier, the path of its file, the folder of a run, or the result of a training.

    Raises:
        ClassifierError: it is none of these, or its file is missing or damaged.

    >>> open_classifier("runs/nowhere")
    Traceback (most recent call last):
    striate.errors.ClassifierError: there is no file 'runs/nowhere'; ...
    >>> open_classifier(3)
    Traceback (most recent call last):
    striate.errors.ClassifierError: int is no classifier; expected one, its file, ...
    """
    match model:
        case Classifier():
            return model
        case str() | Path():
            return load(model)
        case HasModel():
            return model.model
    raise ClassifierError(
        f"{type(model).__name__} is no classifier; expected one, its file, the folder of its run, "
        "or what st.train gives"
    )


def path_of(model: ClassifierLike) -> Path | None:
    """Return the file of a classifier, which stands in the folder of its run; None without one.

    Raises:
        ClassifierError: there is no such file.

    >>> path_of("runs/nowhere")
    Traceback (most recent call last):
    striate.errors.ClassifierError: there is no file 'runs/nowhere'; ...
    """
    match model:
        case str() | Path():
            return find_file(Path(model)).resolve()
        case Classifier():
            return None
    return find_file(model.folder).resolve()
