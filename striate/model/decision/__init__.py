"""From what a network says to what a classifier answers: probabilities, a class or "I don't know".

Depends on numpy alone, and needs none of the libraries that fitted the numbers it applies. All of
it can stand in an ONNX graph: products of matrices, sums, maxima and comparisons, in float32.
"""

from __future__ import annotations

from striate.model.decision.answers import REFUSED, Answers
from striate.model.decision.decision import Decision
from striate.model.decision.feature_distance import FeatureDistance
from striate.model.decision.rules import Promise, RejectRule
from striate.model.decision.taxonomy import Level, Taxonomy

__all__ = [
    "REFUSED",
    "Answers",
    "Decision",
    "FeatureDistance",
    "Level",
    "Promise",
    "RejectRule",
    "Taxonomy",
]
