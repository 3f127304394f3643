"""Classifiers side by side on the same images: is one really better than the other."""

from striate.evaluation.comparison.answered_levels import AnsweredLevel, AnsweredPair
from striate.evaluation.comparison.answers_csv import write_csv
from striate.evaluation.comparison.comparison_page import make_page, write_page
from striate.evaluation.comparison.comparison_plot import draw_comparison
from striate.evaluation.comparison.comparison_result import Comparison
from striate.evaluation.comparison.comparison_rows import ImageAnswers, ModelPair, ModelScores
from striate.evaluation.comparison.comparison_run import compare
from striate.evaluation.comparison.mcnemar import adjust_holm, mcnemar_test
from striate.evaluation.comparison.sample_size import estimate_images_needed
from striate.evaluation.comparison.tango import tango_interval

__all__ = [
    "AnsweredLevel",
    "AnsweredPair",
    "Comparison",
    "ImageAnswers",
    "ModelPair",
    "ModelScores",
    "adjust_holm",
    "compare",
    "draw_comparison",
    "estimate_images_needed",
    "make_page",
    "mcnemar_test",
    "tango_interval",
    "write_csv",
    "write_page",
]
