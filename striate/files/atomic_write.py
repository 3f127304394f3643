"""Files that are written whole or not at all: a kill leaves the old one or the new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Return a path beside the one meant, to write to; it takes its place once all is written.

    The file has the mode of any new file, whatever writes it, and is on the disk before it
    takes the place of an older one. Where writing fails, nothing is left of it.

    Raises:
        OSError: the disk is full, the folder cannot be written to, or the like.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with write_atomically(Path(folder.name) / "a.txt") as partial:
    ...     _ = partial.write_text("all of it", encoding="utf-8")
    >>> [path.name for path in Path(folder.name).iterdir()]
    ['a.txt']
    >>> folder.cleanup()
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.touch()
        mode = partial.stat().st_mode & 0o777
        yield partial
        partial.chmod(mode)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
