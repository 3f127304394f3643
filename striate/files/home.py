"""Paths that begin with a tilde."""

from __future__ import annotations

from pathlib import Path


def expand_home(path: str | Path) -> Path:
    """Return a path with ~ and ~user followed, where there is such a home and no such name here.

    A folder called ``~backup`` is a folder, and without a home ``~`` is a name like any other.

    >>> expand_home("photos"), expand_home("~nobody-of-this-name/photos")
    (...Path('photos'), ...Path('~nobody-of-this-name/photos'))
    """
    path = Path(path)
    first = path.parts[:1]
    if not first or not first[0].startswith("~") or Path(first[0]).exists():
        return path
    try:
        return path.expanduser()
    except RuntimeError:
        return path
