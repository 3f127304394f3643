"""Weights that others have trained: fetched, verified, read safely, and fitted."""

from striate.model.weights.checkpoint_file import read
from striate.model.weights.download import fetch, sha256_of
from striate.model.weights.fit_result import Fit, Pair, Unfit
from striate.model.weights.matching import compare, fill, fit
from striate.model.weights.official import OFFICIAL, Official, official, official_file

__all__ = [
    "OFFICIAL",
    "Fit",
    "Official",
    "Pair",
    "Unfit",
    "compare",
    "fetch",
    "fill",
    "fit",
    "official",
    "official_file",
    "read",
    "sha256_of",
]
