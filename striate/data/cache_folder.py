"""Things that are made once and kept: each is a folder that appears whole or not at all."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from striate.errors import DataError


def find_cache_folder() -> Path:
    """Return the folder where Striate keeps what it can make again, as the system has it.

    STRIATE_CACHE where it is set; else the folder "striate" in XDG_CACHE_HOME or ~/.cache on
    Linux, in ~/Library/Caches on macOS, in LOCALAPPDATA on Windows. Where there is no home, or that
    cannot be written to, a folder that lasts as long as this process; `explain_temporary` says so.
    """
    if os.environ.get("STRIATE_CACHE"):
        return Path(os.environ["STRIATE_CACHE"])
    try:
        lasting = _lasting_folder()
    except RuntimeError:  # there is no home
        return _make_temporary()
    places = (lasting, *lasting.absolute().parents)
    there = next(each for each in places if os.access(each, os.F_OK))  # exists() may be forbidden
    return lasting if os.access(there, os.W_OK | os.X_OK) else _make_temporary()


def explain_temporary() -> tuple[str, ...]:
    """Return what there is to say of a cache that does not last; nothing of one that does."""
    folder = find_cache_folder()
    if os.environ.get("STRIATE_CACHE") or folder != _temporary.get("folder"):
        return ()
    said = (
        "there is no home folder whose cache can be written: what is unpacked, fetched and "
        f"computed is kept in {folder} until this ends; set STRIATE_CACHE to a folder that lasts"
    )
    return (said,)


def _lasting_folder() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "striate"


_temporary: dict[str, Path] = {}  # made when it is asked for, and taken away when the process ends


def _make_temporary() -> Path:
    if "folder" not in _temporary:
        _temporary["folder"] = Path(tempfile.mkdtemp(prefix="striate-"))
        atexit.register(shutil.rmtree, _temporary["folder"], ignore_errors=True)
    return _temporary["folder"]


def make_once(place: Path, make: Callable[[Path], None]) -> Path:
    """Return a folder of the cache; where it is not there yet, make it beside and rename it.

    Two processes that make the same one at once do not disturb each other.

    Args:
        place: the folder wanted.
        make: fills the empty folder that it is given.

    Raises:
        DataError: where the cache cannot be written.
    """
    if place.is_dir():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
    except OSError as error:
        raise DataError(
            f"the cache folder {str(place.parent)!r} cannot be written "
            f"({error.strerror or error}); mend its permissions or set STRIATE_CACHE to another"
        ) from error
    try:
        make(working)
        try:
            working.rename(place)
        except OSError:
            if not place.is_dir():  # else another process was first, with the same content
                raise
    except OSError as error:
        raise DataError(
            f"the cache folder {str(place.parent)!r} cannot be written "
            f"({error.strerror or error}); make room or set STRIATE_CACHE to another"
        ) from error
    finally:
        shutil.rmtree(working, ignore_errors=True)
    return place
