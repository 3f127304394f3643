"""Sets of pictures: found, surveyed, loaded and divided, without leaks and without silence."""

from striate.data.batches import prefetched
from striate.data.collection import Collection, Skipped, counted, write_skipped
from striate.data.finding import find
from striate.data.loader import Pictures, cores, load
from striate.data.split import Split, divide, write_split
from striate.data.survey import Survey, survey

__all__ = [
    "Collection",
    "Pictures",
    "Skipped",
    "Split",
    "Survey",
    "cores",
    "counted",
    "divide",
    "find",
    "load",
    "prefetched",
    "survey",
    "write_skipped",
    "write_split",
]
