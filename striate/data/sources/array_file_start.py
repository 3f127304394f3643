"""Whether a file holds arrays, told by its first bytes: what reads them is loaded for no other."""

from __future__ import annotations

from pathlib import Path

STARTS = (b"PK", b"\x1f\x8b", b"\0\0")  # of zip and so npz, of gzip, of IDX


def is_array_file(path: Path) -> bool:
    """Tell by its content whether a file is an npz or IDX file.

    >>> is_array_file(Path("nowhere.npz"))
    False
    """
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except (OSError, ValueError):
        return False
    if start not in STARTS:
        return False
    from striate.data.sources.idx import is_idx
    from striate.data.sources.npz import is_npz

    return is_npz(path) if start == b"PK" else is_idx(path)
