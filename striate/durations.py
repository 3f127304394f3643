"""Times as people say them."""

from __future__ import annotations


def spell(seconds: float) -> str:
    """Write a time as people say it.

    >>> spell(4.2), spell(100), spell(7300)
    ('4 s', '1 min 40 s', '2 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60} min"
