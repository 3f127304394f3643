"""How wrong an answer is, with every term: cross-entropy behind a softmax or a sigmoid.

Behind either, the gradient by the scores is y - t: what was said less what is true.
Goodfellow, Bengio and Courville 2016, Deep Learning, sections 6.2.2.2 and 6.2.2.3,
https://www.deeplearningbook.org/contents/mlp.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from striate.architecture.aspects.numpy_pass import Visit
from striate.architecture.words.sigmoid import Sigmoid
from striate.architecture.words.softmax import softmax_jacobian
from striate.backends import numpy as reference
from striate.errors import SettingError
from striate.teaching.convolution.number_text import format_number

LITTLE: Final = 1e-12  # a probability whose logarithm is better taken of the scores
Ending = Literal["softmax", "sigmoid"]  # what makes probabilities of the scores


@dataclass(frozen=True, eq=False, repr=False)
class WorkedLoss:
    """The loss of one answer, and its gradients down to the scores.

    Attributes:
        ending: the word that makes probabilities of the scores.
        classes: their names; of one sigmoid, the class of 0 and that of 1.
        label: the true class.
        scores: what goes into the ending, the logits, (outputs,).
        outputs: the probabilities y, (outputs,).
        target: t, (outputs,): 1 for the true class and 0 for the others.
        value: the loss, with natural logarithms.
        output_gradient: of the loss by y, (outputs,).
        jacobian: of y by the scores, (outputs, outputs): how fast y[i] grows with score j.
        score_gradient: of the loss by the scores, which is y - t.
    """

    ending: Ending
    classes: tuple[str, ...]
    label: str
    scores: np.ndarray
    outputs: np.ndarray
    target: np.ndarray
    value: float
    output_gradient: np.ndarray
    jacobian: np.ndarray
    score_gradient: np.ndarray

    @property
    def name(self) -> str:
        """What it is called: cross-entropy, or binary cross-entropy."""
        return "cross-entropy" if self.ending == "softmax" else "binary cross-entropy"

    @property
    def output_names(self) -> tuple[str, ...]:
        """What each output speaks for: the classes; of a lone sigmoid the second one."""
        return self.classes[1:] if len(self.outputs) == 1 else self.classes

    @property
    def calculation(self) -> str:
        """The arithmetic of the loss with its numbers, without the result.

        Where what the truth got is all but 0, it is written by the scores instead: of softmax as
        the largest less the true one and ln of the sum of e to all less the largest, of sigmoids
        as ln(1 + e^-x), or ln(1 + e^x) where 0 is true.
        """
        if self.ending == "softmax":
            true = int(self.target.argmax())
            if self.outputs[true] > LITTLE:
                return f"-ln({format_number(float(self.outputs[true]))})"
            largest = float(self.scores.max())
            others = float(np.exp(self.scores - largest).sum())
            own = format_number(float(self.scores[true]))
            own = f"({own})" if own.startswith("-") else own
            return f"{format_number(largest)} - {own} + ln({format_number(others)})"
        costs = []
        for x, y, t in zip(self.scores, self.outputs, self.target, strict=True):
            if (y if t else 1 - y) > LITTLE:
                told = format_number(float(y))
                costs.append(f"-ln({told})" if t else f"-ln(1 - {told})")
            else:
                costs.append(f"ln(1 + e^{format_number(float(-x if t else x))})")
        return " + ".join(costs).replace("+ -", "- ")

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        arrays = ("scores", "outputs", "target", "output_gradient", "jacobian", "score_gradient")
        return {
            "name": self.name,
            "label": self.label,
            "classes": list(self.classes),
            "value": self.value,
            "calculation": self.calculation,
            **{name: to_lists(getattr(self, name)) for name in arrays},
        }


def to_lists(values: np.ndarray) -> list[object]:
    """Return an array as nested lists for JSON, where an infinite number is null.

    >>> to_lists(np.array([1.0, np.inf]))
    [1.0, None]
    """
    told = values.astype(object)
    told[~np.isfinite(values)] = None
    listed: list[object] = told.tolist()
    return listed


def work_loss(
    scores: np.ndarray, ending: Ending, *, classes: Sequence[str], label: str
) -> WorkedLoss:
    """Return the loss of one image's scores against its true class, with its gradients.

    Args:
        scores: (outputs,), before the ending.
        ending: the word behind them.
        classes: their names.
        label: that of the true class, or its number from 0.

    Raises:
        SettingError: there is no such class.

    >>> found = work_loss(np.array([0.0, 0.0]), "softmax", classes=("a", "b"), label="b")
    >>> found.calculation, round(found.value, 4), found.score_gradient.tolist()
    ('-ln(0.5)', 0.6931, [0.5, -0.5])
    """
    index = find_class(classes, label)
    if len(scores) == 1:
        target = np.array([float(index)])
    else:
        target = reference.one_hot([index], len(scores))[0]
    value, slope = measure_loss(scores, target, ending)
    if ending == "softmax":
        powers = np.exp(scores - scores.max())
        y = powers / powers.sum()
        jacobian = softmax_jacobian(y)
        with np.errstate(divide="ignore"):
            output_gradient = np.divide(-target, y, out=np.zeros_like(y), where=target > 0)
    else:
        y = Sigmoid().numpy_pass(scores, Visit())[0]
        jacobian = np.diag(y * (1 - y))
        with np.errstate(divide="ignore"):
            output_gradient = np.where(target > 0, -1 / y, 1 / (1 - y))
    return WorkedLoss(
        ending=ending,
        classes=tuple(classes),
        label=classes[index],
        scores=scores,
        outputs=y,
        target=target,
        value=value,
        output_gradient=output_gradient,
        jacobian=jacobian,
        score_gradient=slope,
    )


def measure_loss(
    scores: np.ndarray, target: np.ndarray, ending: Ending
) -> tuple[float, np.ndarray]:
    """Return the cross-entropy of one image's scores, and its gradient by them, y - t.

    Of sigmoids it is summed over the outputs, -t ln y - (1 - t) ln(1 - y), and written as
    max(x, 0) - x t + ln(1 + e^-|x|), which needs no y that may round to 0 or 1.

    Args:
        scores: (outputs,), before the ending.
        target: (outputs,).
        ending: softmax or sigmoid.

    >>> measure_loss(np.array([0.0]), np.array([1.0]), "sigmoid")
    (0.6931471805599453, array([-0.5]))
    """
    if ending == "softmax":
        value, slope = reference.softmax_cross_entropy(scores[None], target[None])
        return value, slope[0]
    y = Sigmoid().numpy_pass(scores, Visit())[0]
    costs = np.maximum(scores, 0) - scores * target + np.log1p(np.exp(-np.abs(scores)))
    return float(costs.sum()), y - target


def find_class(classes: Sequence[str], label: str) -> int:
    """Return the number of a class by its name, or by the number itself.

    Raises:
        SettingError: there is no such class.

    >>> find_class(("cat", "dog"), "dog"), find_class(("cat", "dog"), "0")
    (1, 0)
    >>> find_class(("cat", "dog"), "cow")
    Traceback (most recent call last):
    striate.errors.SettingError: the label is 'cow'; expected one of the classes cat, dog
    """
    if label in classes:
        return tuple(classes).index(label)
    if label.isdecimal() and int(label) < len(classes):
        return int(label)
    known = ", ".join(classes[:12]) + (", ..." if len(classes) > 12 else "")
    raise SettingError(f"the label is '{label[:40]}'; expected one of the classes {known}")
