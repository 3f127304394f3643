"""The ideas behind convolutional networks, seen to happen: one experiment each.

Each compares networks of like size over several seeds, and gives accuracies with intervals, a
picture, and what is to be seen in it.
"""

from __future__ import annotations

from striate.experiments.records import Contestant, Experiment, Point
from striate.experiments.running import NAMES, Effort, experiment

__all__ = ["NAMES", "Contestant", "Effort", "Experiment", "Point", "experiment"]
