"""Which class is asked about: one, or the difference of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from striate.architecture.notation.suggestions import shorten, suggestion
from striate.errors import SettingError
from striate.model.classifier import Classifier

TargetClass = str | int | None
LISTED = 12  # classes that a refusal names, at most


@dataclass(frozen=True)
class Target:
    """The score that is explained: the logit of a class, or how far it is above another's.

    Attributes:
        index: which output.
        against: which other output is taken off; None for none.
        name: as a person says it, "cat" or "cat rather than dog".
    """

    index: int
    against: int | None
    name: str

    def score(self, logits: Tensor) -> Tensor:
        """Return the score of each image: (batch, classes) in, (batch,) out.

        >>> import torch
        >>> Target(0, 2, "a rather than c").score(torch.tensor([[5.0, 1.0, 2.0]]))
        tensor([3.])
        """
        score = logits[:, self.index]
        return score if self.against is None else score - logits[:, self.against]

    def weights(self, classes: int) -> np.ndarray:
        """Return the score as weights of the logits: float64 (classes,).

        >>> Target(0, 2, "a rather than c").weights(3).tolist()
        [1.0, 0.0, -1.0]
        """
        found = np.zeros(classes)
        found[self.index] = 1.0
        if self.against is not None:
            found[self.against] -= 1.0
        return found


def resolve_target(
    model: Classifier, target: TargetClass, against: TargetClass = None, *, logits: np.ndarray
) -> Target:
    """Return the class that is meant.

    Args:
        model: with the names of the classes.
        target: a class by its name, by its second name (`Classifier.ids`) or by its place;
            None takes the most probable.
        against: another one, or None.
        logits: (classes,) of the image.

    Raises:
        SettingError: there is no such class, or both are the same.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> resolve_target(model, None, "dark", logits=np.array([0.0, 1.0])).name
    'light rather than dark'
    >>> resolve_target(model, "lihgt", logits=np.zeros(2))
    Traceback (most recent call last):
    striate.errors.SettingError: there is no class 'lihgt'; did you mean 'light'?
    """
    place = int(np.argmax(logits)) if target is None else _place(model, target)
    if against is None:
        return Target(place, None, model.classes[place])
    other = _place(model, against)
    if other == place:
        raise SettingError(
            f"'{model.classes[place]}' against itself is nothing; give two different classes"
        )
    return Target(place, other, f"{model.classes[place]} rather than {model.classes[other]}")


def _place(model: Classifier, wanted: str | int) -> int:
    count = len(model.classes)
    if isinstance(wanted, int):
        if not 0 <= wanted < count:
            raise SettingError(f"class {wanted}: expected 0 to {count - 1}, or a name")
        return wanted
    for names in (model.classes, model.ids):
        if wanted in names:
            return names.index(wanted)
    close = suggestion(wanted, list(model.classes))
    instead = f"did you mean '{close}'?" if close else f"expected one of {_listed(model.classes)}"
    raise SettingError(f"there is no class '{shorten(wanted)}'; {instead}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
