"""Pictures: opened safely, the right way up, as 8-bit grey or colour; then made to fit.

`read` gives a picture as numbers; `measure` its size without decoding it; `Preprocess` is
everything between a picture and a network's input, the same in training and ever after.
"""

from striate.pictures.listening import quiet
from striate.pictures.opening import HEIF_HINT, MAX_BYTES, MAX_PIXELS, UNREADABLE
from striate.pictures.preprocess import Placement, Preprocess
from striate.pictures.reading import Decoded, Measured, Source, decode, decoded, measure, read

__all__ = [
    "HEIF_HINT",
    "MAX_BYTES",
    "MAX_PIXELS",
    "UNREADABLE",
    "Decoded",
    "Measured",
    "Placement",
    "Preprocess",
    "Source",
    "decode",
    "decoded",
    "measure",
    "quiet",
    "read",
]
