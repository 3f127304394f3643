"""What a classifier's probabilities are worth: accuracy with its interval, errors, confusion.

Plain numbers from plain arrays; nothing here knows about networks or files.
"""

from striate.evaluation.metrics.evaluated_image import ClassScore, ConfusedPair, EvaluatedImage
from striate.evaluation.metrics.evaluation_result import Evaluation
from striate.evaluation.metrics.scoring import SMALLEST, score
from striate.evaluation.metrics.wilson import wilson_interval

__all__ = [
    "SMALLEST",
    "ClassScore",
    "ConfusedPair",
    "EvaluatedImage",
    "Evaluation",
    "score",
    "wilson_interval",
]
