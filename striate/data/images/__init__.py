"""Images: opened safely, the right way up, as 8-bit grey or colour; then made to fit.

`read` gives an image as numbers; `measure` its size without decoding it; `Preprocess` is
everything between an image and a network's input, the same in training and ever after.
"""

from striate.data.images.damaged_files import UNREADABLE
from striate.data.images.decoder_warnings import collect_warnings
from striate.data.images.decoding import (
    Decoded,
    ImageSize,
    decode,
    find_extremes,
    hold_decoded,
    measure,
    read,
)
from striate.data.images.deep_values import Extremes
from striate.data.images.placement import Placement
from striate.data.images.preprocess import Preprocess
from striate.data.images.safe_open import HEIF_HINT
from striate.data.images.size_limits import MAX_BYTES, MAX_PIXELS
from striate.data.images.source import Source
from striate.data.images.value_range import ValueRanges

__all__ = [
    "HEIF_HINT",
    "MAX_BYTES",
    "MAX_PIXELS",
    "UNREADABLE",
    "Decoded",
    "Extremes",
    "ImageSize",
    "Placement",
    "Preprocess",
    "Source",
    "ValueRanges",
    "decode",
    "find_extremes",
    "hold_decoded",
    "measure",
    "collect_warnings",
    "read",
]
