"""A logit, or the difference of two, split over the positions and the units of a layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor, nn

from striate.explanation.cell_centers import CellCenters
from striate.explanation.hooks import LayerCall, Recording, gradients_of, record
from striate.explanation.last_spatial_layer import resolve_layer
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import Target, TargetClass, resolve_target
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.dataframe import make_dataframe

if TYPE_CHECKING:
    from pandas import DataFrame

    from striate.model.image_input import ImageInput

CURVED = (  # bend elsewhere than at 0
    *(nn.Sigmoid, nn.Tanh, nn.Softmax, nn.LocalResponseNorm),
    *(nn.SiLU, nn.GELU, nn.Hardswish, nn.Hardsigmoid, nn.ReLU6),
)


@dataclass(frozen=True, eq=False)
class ScoreDecomposition:
    """Why one class and not another: the difference of two logits, split over a map's positions.

    Attributes:
        target: "cat rather than dog", or one class.
        layer: whose positions they are.
        map: float64 (rows, columns), what each position adds to the difference.
        units: float64 (units,), what each unit adds, over all positions.
        remainder: what neither adds: the difference of the biases, and of all above that is no
            product.
        score: the difference; map.sum() + remainder, and units.sum() + remainder.
        exact: whether all between the layer and the logits is linear or bends at 0 alone (relu,
            maxpool), so that remainder is of biases only.
        image: the image.
        centers: where the positions look; None where that is not known.
    """

    target: str
    layer: str
    map: np.ndarray = field(repr=False)
    units: np.ndarray = field(repr=False)
    remainder: float
    score: float
    exact: bool
    image: PreprocessedImage = field(repr=False)
    centers: CellCenters | None = field(default=None, repr=False)

    def highest(self, count: int = 5) -> tuple[tuple[int, float], ...]:
        """Return (unit, what it adds) of those that speak most for the first class."""
        order = np.argsort(-self.units, kind="stable")[:count]
        return tuple((int(k), float(self.units[k])) for k in order if self.units[k] > 0)

    def lowest(self, count: int = 5) -> tuple[tuple[int, float], ...]:
        """Return (unit, what it adds) of those that speak most against it."""
        order = np.argsort(self.units, kind="stable")[:count]
        return tuple((int(k), float(self.units[k])) for k in order if self.units[k] < 0)

    def to_pandas(self) -> DataFrame:
        """Return what each unit adds to the score as a pandas DataFrame.

        Raises:
            StriateError: pandas is not installed.
        """
        return make_dataframe(("unit", "contribution"), enumerate(self.units.tolist()))

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "target": self.target,
            "layer": self.layer,
            "score": self.score,
            "remainder": self.remainder,
            "exact": self.exact,
            "map": self.map.tolist(),
            "units": self.units.tolist(),
        }

    def __str__(self) -> str:
        most = ", ".join(f"{k} ({value:+.3g})" for k, value in self.highest()) or "none"
        least = ", ".join(f"{k} ({value:+.3g})" for k, value in self.lowest()) or "none"
        rest = "biases" if self.exact else "biases and what bends between"
        return (
            f"{self.target}: {self.score:.4g} = {self.map.sum():.4g} over the positions of "
            f"{self.layer} + {self.remainder:.4g} ({rest})\n  for it: units {most}\n"
            f"  against it: units {least}"
        )


def decompose_score(
    model: ClassifierLike,
    image: ImageInput | PreprocessedImage,
    *,
    target: TargetClass = None,
    against: TargetClass = None,
    layer: str | None = None,
) -> ScoreDecomposition:
    """Return why one class and not another, position by position and unit by unit of a layer.

    Each number is the activation times the gradient of the difference. Where all that follows is
    linear or bends at 0 alone, the whole is exact: the score is their sum and what the biases
    between add.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        image: whatever `Classifier.predict` takes.
        target: a class; None takes the most probable.
        against: another one; None splits the logit of the first alone.
        layer: None takes the last spatial layer.

    Raises:
        ClassifierError: the classifier cannot be opened.
        ImageError: the image cannot be read.
        SettingError: there is no such class or layer.

    >>> from striate.backends.torch import build
    >>> from striate.model.classifier import Classifier
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x4x4 classes=2 > conv 2 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 4, 4))
    >>> found = decompose_score(model, np.eye(4), target="light", against="dark")
    >>> found.layer, found.exact, round(found.map.sum() + found.remainder - found.score, 3)
    ('relu1', True, np.float64(0.0))
    """
    model = open_classifier(model)
    image = PreprocessedImage.read(model, image)
    module = model.module
    address, _ = resolve_layer(module, image.tensor, layer)
    passed = record(module, image.tensor, gradients=True)
    chosen = resolve_target(
        model, target, against, logits=passed.output[0].detach().float().cpu().numpy()
    )
    (gradient,) = gradients_of(chosen.score(passed.output), [passed[address].output])
    return split_score(passed, passed[address], gradient, chosen, image)


def split_score(
    passed: Recording, call: LayerCall, gradient: Tensor, target: Target, image: PreprocessedImage
) -> ScoreDecomposition:
    """Split the score of a recorded pass over a layer's positions and units.

    Args:
        passed: the pass, with all layers behind this one.
        call: the layer's.
        gradient: of the score by what the layer gave.
        target: which class, or which against which.
        image: the image.

    Example: ``split_score(passed, passed["relu1"], gradient, Target(0, None, "cat"), image)``.
    """
    parts = (call.output.detach().double() * gradient.double())[0].cpu().numpy()
    total = float(target.score(passed.output).detach().double())
    return ScoreDecomposition(
        target=target.name,
        layer=call.name,
        map=parts.sum(0),
        units=parts.sum((1, 2)),
        remainder=total - float(parts.sum()),
        score=total,
        exact=is_exact(passed, call.name),
        image=image,
        centers=call.centers,
    )


def is_exact(passed: Recording, layer: str) -> bool:
    """Return whether all behind a layer is linear or bends at 0 alone.

    Args:
        passed: a pass that was recorded whole.
        layer: its name.

    Example: ``is_exact(record(model.module, image.tensor), "relu1")``.
    """
    behind = passed.calls[passed.calls.index(passed[layer]) + 1 :]
    return not any(isinstance(call.module, CURVED) for call in behind)
