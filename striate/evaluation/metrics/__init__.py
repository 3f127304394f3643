"""What a classifier's probabilities are worth: accuracy with its interval, errors, confusion.

Plain numbers from plain arrays; nothing here knows about networks or files.
"""

from striate.evaluation.metrics.intervals import wilson
from striate.evaluation.metrics.result import ClassScore, ConfusedPair, Evaluation, Judged
from striate.evaluation.metrics.scoring import SMALLEST, score

__all__ = [
    "SMALLEST",
    "ClassScore",
    "ConfusedPair",
    "Evaluation",
    "Judged",
    "score",
    "wilson",
]
