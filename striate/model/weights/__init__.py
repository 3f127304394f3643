"""Weights that others have trained: fetched, verified, read safely, and fitted."""

from striate.files.sha256 import compute_sha256
from striate.model.weights.checkpoint_file import read
from striate.model.weights.download import fetch
from striate.model.weights.fit_result import Fit, Pair, Unfit
from striate.model.weights.installed import find_installed
from striate.model.weights.matching import compare, fill, fit
from striate.model.weights.official import OFFICIAL, Official, find_official, find_official_file

__all__ = [
    "OFFICIAL",
    "Fit",
    "Official",
    "Pair",
    "Unfit",
    "compare",
    "fetch",
    "fill",
    "find_installed",
    "fit",
    "find_official",
    "find_official_file",
    "read",
    "compute_sha256",
]
