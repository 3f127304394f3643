"""What a classifier's probabilities are worth: accuracy with its interval, errors, confusion.

Plain numbers from plain arrays; nothing here knows about networks or files.
"""

from striate.metrics.records import ClassScore, ConfusedPair, Evaluation, Judged
from striate.metrics.scoring import SMALLEST, score
from striate.metrics.shares import percent, wilson

__all__ = [
    "SMALLEST",
    "ClassScore",
    "ConfusedPair",
    "Evaluation",
    "Judged",
    "percent",
    "score",
    "wilson",
]
