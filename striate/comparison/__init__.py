"""Classifiers side by side on the same pictures: is one really better than the other."""

from striate.comparison.comparing import compare
from striate.comparison.paired import difference, holm, mcnemar, pictures_needed
from striate.comparison.picture import picture
from striate.comparison.records import Answered, Compared, Pair
from striate.comparison.result import Comparison
from striate.comparison.table_file import write_csv

__all__ = [
    "Answered",
    "Compared",
    "Comparison",
    "Pair",
    "compare",
    "difference",
    "holm",
    "mcnemar",
    "picture",
    "pictures_needed",
    "write_csv",
]
