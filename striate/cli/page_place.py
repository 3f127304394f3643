"""Where a page is written: where it is asked for, else never over another one."""

from __future__ import annotations

from pathlib import Path

from striate.errors import SettingError


def place_page(out: Path | None, usual: Path, *, beside: tuple[str, ...] = ()) -> Path:
    """Return where a page goes: as asked for, else the usual place, numbered where it is taken.

    Args:
        out: what --out says.
        usual: the place where nothing is said.
        beside: endings of files that are written beside it, and must be free too.

    Raises:
        SettingError: the path cannot be a page's.
    """
    if out is not None:
        if out.suffix.lower() != ".html":
            raise SettingError(f"--out '{out}' must end in .html")
        if out.is_dir() or any(parent.is_file() for parent in out.parents):
            raise SettingError(f"--out '{out}' cannot be written there; name another place")
        return out
    path, again = usual, 1
    while any(path.with_suffix(ending).exists() for ending in (".html", *beside)):
        again += 1
        path = usual.with_name(f"{usual.stem}-{again}.html")
    return path
