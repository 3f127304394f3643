"""Weights that others have trained: fetched, verified, read safely, and fitted."""

from striate.weights.fetching import fetch, sha256_of
from striate.weights.fitting import Fit, Pair, Unfit
from striate.weights.matching import compare, fill, fit
from striate.weights.official import OFFICIAL, Official, official, official_file
from striate.weights.reading import read

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
