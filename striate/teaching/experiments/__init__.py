"""The ideas behind convolutional networks, seen to happen: one experiment each.

Each compares networks of like size over several seeds, and gives accuracies with intervals, an
image, and what is to be seen in it.
"""

from __future__ import annotations

from striate.teaching.experiments.experiment_result import ComparedNetwork, Experiment, Point
from striate.teaching.experiments.experiment_run import NAMES, Effort, experiment

__all__ = ["NAMES", "ComparedNetwork", "Effort", "Experiment", "Point", "experiment"]
