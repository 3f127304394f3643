"""What two classifiers tell apart on the same images: counts that every paired test starts from.

Of two classifiers on n images, those on which both are right or both are wrong say nothing about
which is better. All follows from the others: on `only_first` the first alone was right, on
`only_second` the second alone. A difference is always the second's accuracy minus the first's,
(only_second - only_first) / n.
"""

from __future__ import annotations

from striate.errors import SettingError


def check_counts(only_first: int, only_second: int, n: int) -> None:
    """Refuse counts that do not fit each other.

    Raises:
        SettingError: n is below 1, or the two counts do not fit into it.

    >>> check_counts(3, 2, 4)
    Traceback (most recent call last):
    striate.errors.SettingError: 3 images only the first classified correctly and 2 only the ...
    """
    if n < 1 or only_first < 0 or only_second < 0 or only_first + only_second > n:
        raise SettingError(
            f"{only_first} images only the first classified correctly and {only_second} only the "
            f"second, of {n}; expected counts from 0 that are at most {max(n, 1)} together, of at "
            "least one image"
        )
