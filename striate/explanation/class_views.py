"""The Deep Visualization Toolbox's views of an image, each beside that of the least probable class.

What comes back to the image from a class, by the gradient, by deconvolution and by guided
backpropagation. The last two draw clear pictures of whatever is in the image, hardly different from
class to class, so each stands beside the picture of another class and the verdict of the parameter
randomisation test. Yosinski et al. 2015, https://arxiv.org/abs/1506.06579; why they recover the
image: Nie, Zhang and Patel 2018, https://arxiv.org/abs/1805.07039
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from striate.explanation.backward_rules import BACKWARD_METHODS, CHANGED, BackwardPass, go_back
from striate.explanation.parameter_randomization import (
    ParameterRandomization,
    randomize_parameters,
)
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import Target
from striate.model.classifier import Classifier


@dataclass(frozen=True, eq=False)
class ClassView:
    """What comes back to the image from two classes, by one method.

    Attributes:
        method: "gradient", "deconvolution" or "guided-backprop".
        target: the class that is explained.
        least: the least probable one.
        rule: which activations' way back was changed, in words.
        image: float32 (channels, rows, columns), of the target, with its signs.
        least_image: the same of the other class.
        cosine: of the two: 1 where the class makes no difference.
        randomization: what became of it with weights drawn anew; None where it was not asked.
    """

    method: str
    target: str
    least: str
    rule: str
    image: np.ndarray = field(repr=False)
    least_image: np.ndarray = field(repr=False)
    cosine: float
    randomization: ParameterRandomization | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, without the two images."""
        return {
            "method": self.method,
            "target": self.target,
            "least": self.least,
            "rule": self.rule,
            "cosine": self.cosine,
            "randomisation": self.randomization and self.randomization.words,
            "passed": self.randomization and self.randomization.passed,
        }


def view_classes(
    model: Classifier,
    image: PreprocessedImage,
    target: Target,
    *,
    attempt: Callable[[str, Callable[[], ClassView]], ClassView | None],
    quick: bool,
) -> tuple[ClassView, ...]:
    """Return the views of an image by the methods that fit the network.

    Args:
        model: the classifier.
        image: the image.
        target: the class that is explained.
        attempt: makes one by its name, or notes why there is none.
        quick: whether the randomisation tests are left out, which take seconds.
    """
    made = (
        attempt(method, lambda method=method: _view(model, image, target, method, quick))  # type: ignore[misc]
        for method in BACKWARD_METHODS
    )
    return tuple(each for each in made if each is not None)


def _view(
    model: Classifier, image: PreprocessedImage, target: Target, method: str, quick: bool
) -> ClassView:
    def pass_back(other: Classifier) -> BackwardPass:
        return go_back(other.module, image.tensor, target, method=method)

    found = pass_back(model)
    tested = None
    if method in CHANGED and not quick:
        tested = randomize_parameters(model, image, lambda other: pass_back(other).map.numpy())
    return ClassView(
        method=method,
        target=target.name,
        least=model.classes[found.least_index],
        rule=found.words,
        image=found.image.numpy(),
        least_image=found.least.numpy(),
        cosine=found.cosine,
        randomization=tested,
    )
