"""Two classifiers on the same images: the counts, and what they allow one to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from striate.evaluation.comparison import comparison_tables as tables
from striate.evaluation.comparison.comparison_rows import ModelPair
from striate.evaluation.comparison.mcnemar import adjust_holm, mcnemar_test
from striate.evaluation.comparison.sample_size import estimate_images_needed
from striate.evaluation.comparison.tango import tango_interval

LEVEL = 0.05


def compare_pairs(names: Sequence[str], right: Sequence[np.ndarray]) -> tuple[ModelPair, ...]:
    """Set each of the others beside the first.

    The first is the yardstick because the caller chose it before anything was measured; against
    the best, chance would have chosen the yardstick, and every difference would look larger.

    Args:
        names: of the classifiers.
        right: bool (images,) for each, where it told the truth.

    >>> first, second = np.repeat([1, 0], [300, 55]), np.repeat([1, 0], [330, 25])
    >>> print(compare_pairs(["old", "new"], [first == 1, second == 1])[0].words)
    new is better than old: 8.5 points more (95 % interval 6.0 to 11.8; p <0.001)
    """
    raw = [
        _count(names[0], name, right[0], own)
        for name, own in zip(names[1:], right[1:], strict=True)
    ]
    adjusted = adjust_holm([pair.p for pair in raw])
    return tuple(
        _describe(replace(pair, p_adjusted=p)) for pair, p in zip(raw, adjusted, strict=True)
    )


def _count(first: str, second: str, one: np.ndarray, other: np.ndarray) -> ModelPair:
    n = len(one)
    only_first, only_second = int((one & ~other).sum()), int((other & ~one).sum())
    # by these counts alone; for two that never differ on 100 images Newcombe's tenth gives +-1.9 or
    # +-6.8 points, by how many both classify correctly, and Tango's +-3.7
    low, high = tango_interval(only_first, only_second, n)
    p = mcnemar_test(only_first, only_second)
    return ModelPair(
        first=first,
        second=second,
        n=n,
        both_correct=int((one & other).sum()),
        only_first=only_first,
        only_second=only_second,
        both_wrong=int((~one & ~other).sum()),
        difference=(only_second - only_first) / n,
        difference_low=low,
        difference_high=high,
        p=p,
        p_adjusted=p,
        better=None,
        images_needed=None,
        words="",
    )


def _describe(pair: ModelPair) -> ModelPair:
    """Describe what the counts allow: who is better, or that it cannot be told."""
    ahead, behind = (pair.second, pair.first) if pair.difference > 0 else (pair.first, pair.second)
    more = tables.format_points(abs(pair.difference), pair.n)
    interval = tables.format_interval(pair, turned=pair.difference < 0)
    p = tables.format_p(pair.p_adjusted)
    sure = f"95 % interval {interval}; p {'' if p.startswith('<') else '= '}{p}"
    apart = pair.difference_low > 0 or pair.difference_high < 0
    certain = pair.p_adjusted < LEVEL
    # both, as of few images the exact test is stricter than the interval
    if apart and certain:
        words = f"{ahead} is better than {behind}: {more} points more ({sure})"
        return replace(pair, better=ahead, words=words)
    needed = estimate_images_needed(pair.only_first, pair.only_second, pair.n)
    if needed is None:
        words = (
            f"no difference between {pair.first} and {pair.second} can be shown: as many right "
            f"of {pair.n:,} ({sure})"
        )
        return replace(pair, words=words)
    images = tables.format_rough_count(needed)
    enough = f"; about {images} images would be needed to show a difference of this size"
    if apart:
        words = f"{ahead} may be better than {behind}, but it is not certain: {more} points more"
    else:
        words = (
            f"no difference between {pair.first} and {pair.second} can be shown: {more} points "
            f"more for {ahead}"
        )
    return replace(pair, images_needed=needed, words=f"{words} ({sure}){enough}")
