"""Which values are black and white in the images of a data set that have more than 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from striate.data.collection import Collection, format_count
from striate.data.cores import count_decoders
from striate.data.images import Extremes, ValueRanges, find_extremes
from striate.data.images.value_range import Range, find_data_range
from striate.data.size_survey import Survey
from striate.errors import ImageError

_BLOCK = 64  # images that are decoded before it is asked whether more could change anything


def find_value_ranges(
    collection: Collection, looks: Survey, say: Callable[[str], None]
) -> ValueRanges:
    """Return the one range of all images of more than 8 bits, and say it; none without such.

    Of files, those that the survey found to be of this kind are decoded, until the full range of
    16 bits is found to be used.

    >>> from striate.data import find, survey
    >>> digits = find("digits")
    >>> find_value_ranges(digits, survey(digits), print)
    ValueRanges(integers=None, floats=None)
    """
    if isinstance(collection.content, np.ndarray):
        extremes = find_extremes(collection.content)
        of_each = [extremes] * len(collection) if extremes else []
        return ValueRanges(_range(of_each, whole=True, say=say))
    found: list[Extremes] = []
    with ThreadPoolExecutor(count_decoders(), "striate-values") as pool:
        for start in range(0, len(looks.deep), _BLOCK):
            block = looks.deep[start : start + _BLOCK]
            found.extend(each for each in pool.map(lambda i: _look(collection, i), block) if each)
            plain = all(each.whole and each.low >= 0 and each.high <= 65535 for each in found)
            if plain and any(each.high > 16383 for each in found):
                break
    integers, floats = (
        _range([each for each in found if each.whole == whole], whole=whole, say=say)
        for whole in (True, False)
    )
    return ValueRanges(integers, None if floats == (0.0, 1.0) else floats)


def _look(collection: Collection, index: int) -> Extremes | None:
    try:
        return find_extremes(collection.open(index))
    except ImageError:
        return None  # it is skipped, with the reason, when it is read


def _range(found: list[Extremes], *, whole: bool, say: Callable[[str], None]) -> Range | None:
    if not found:
        return None
    low, high = min(each.low for each in found), max(each.high for each in found)
    black, white = find_data_range(low, high, whole=whole) or (low, high)
    if black == white:  # all of one value, which no rule takes
        return None
    say(
        f"{format_count(len(found), 'image')} of more than 8 bits, with "
        f"{'whole numbers' if whole else 'floats'} from {low:g} to {high:g}: {black:g} is taken as "
        f"black and {white:g} as white in all, here and in prediction"
    )
    return black, white
