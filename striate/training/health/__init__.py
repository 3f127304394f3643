"""What goes wrong while a network learns, in plain words with a cure.

figures      what a check-up measures, as plain numbers
checkup      takes them, between two epochs, and leaves everything as it was
diagnosis    says what they mean
"""

from __future__ import annotations

from striate.training.health.checkup import Sample, check_up
from striate.training.health.diagnosis import diagnose
from striate.training.health.figures import Bend, CheckUp, Layer, Normalisation, Values
from striate.training.health.finding import Finding

__all__ = [
    "Bend",
    "CheckUp",
    "Finding",
    "Layer",
    "Normalisation",
    "Sample",
    "Values",
    "check_up",
    "diagnose",
]
