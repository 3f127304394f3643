"""Classifiers side by side on the same images: is one really better than the other."""

from striate.evaluation.comparison.csv_file import write_csv
from striate.evaluation.comparison.figure import draw
from striate.evaluation.comparison.paired_tests import difference, holm, images_needed, mcnemar
from striate.evaluation.comparison.records import Answered, Compared, Pair
from striate.evaluation.comparison.result import Comparison
from striate.evaluation.comparison.running import compare

__all__ = [
    "Answered",
    "Compared",
    "Comparison",
    "Pair",
    "compare",
    "difference",
    "holm",
    "mcnemar",
    "draw",
    "images_needed",
    "write_csv",
]
