"""Sets of images: found, surveyed, loaded and divided, without leaks and without silence."""

from striate.data.collection import Collection, Skipped, counted, write_skipped
from striate.data.loader import Images, cores, load
from striate.data.prefetch import prefetched
from striate.data.size_survey import Survey, survey
from striate.data.sources.lookup import find
from striate.data.split import Split, split_stratified, write_split

__all__ = [
    "Collection",
    "Images",
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
