"""The ideas behind convolutional networks, seen to happen: one experiment each.

Each compares networks of like size over several seeds, and gives accuracies with intervals, an
image, and what is to be seen in it.
"""

from __future__ import annotations

from striate.teaching.experiments.result import Contestant, Experiment, Point
from striate.teaching.experiments.running import NAMES, Effort, experiment

__all__ = ["NAMES", "Contestant", "Effort", "Experiment", "Point", "experiment"]
