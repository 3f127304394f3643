"""Sets of images: found, surveyed, loaded and divided, without leaks and without silence."""

from striate.data.collection import Collection, Skipped, format_count, write_skipped
from striate.data.cores import OtherWork, count_cores
from striate.data.loader import Images, digest_pixels, load
from striate.data.prefetching import prefetch
from striate.data.size_survey import Survey, survey
from striate.data.sources.lookup import Data, find, source_of
from striate.data.split import Split, guess_training, split_stratified, write_split

__all__ = [
    "Collection",
    "Data",
    "Images",
    "OtherWork",
    "Skipped",
    "Split",
    "Survey",
    "count_cores",
    "digest_pixels",
    "find",
    "format_count",
    "guess_training",
    "load",
    "prefetch",
    "source_of",
    "split_stratified",
    "survey",
    "write_skipped",
    "write_split",
]
