"""One image worked through a network to a loss and back, number by number.

`work_through` gives a `WorkedPath`: every step with its values, the sum of any value (`at`), the
loss with its terms, all gradients, one step of gradient descent. Only numpy is needed.

working     carries it out, by the passes of `striate.backends.numpy`
step, record, path   what comes of it, as frozen dataclasses
sums, gradient_sums  how one value comes about, and its gradient
loss        cross-entropy with its terms and its Jacobian
starting_parameters  those that are given, or small whole numbers
path_text, path_json, page  the same as text, as JSON, as a page (its templates beside it)
"""

from striate.teaching.worked_path.gradient_sums import GradientSum, GradientTerm
from striate.teaching.worked_path.loss import WorkedLoss
from striate.teaching.worked_path.path import WorkedPath
from striate.teaching.worked_path.record import Descent
from striate.teaching.worked_path.starting_parameters import parse_parameters
from striate.teaching.worked_path.step import WorkedParameter, WorkedStep
from striate.teaching.worked_path.sums import WorkedSum, WorkedTerm
from striate.teaching.worked_path.working import begin_with, work_through

__all__ = [
    "Descent",
    "GradientSum",
    "GradientTerm",
    "WorkedLoss",
    "WorkedParameter",
    "WorkedPath",
    "WorkedStep",
    "WorkedSum",
    "WorkedTerm",
    "begin_with",
    "parse_parameters",
    "work_through",
]
