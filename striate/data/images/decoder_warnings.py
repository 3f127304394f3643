"""What Pillow and its libraries say while they read: kept off the screen, and handed over.

Pillow speaks through `warnings` and `logging`, whose state is the whole process's; libtiff writes
to the standard error stream itself. Each of these is put back as soon as no image is read.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, cast

from PIL import Image

_heard = threading.local()  # .said: the list of this thread, while it reads an image
_lock = threading.Lock()
_stream_lock = threading.Lock()
_inside = 0
_restore: Callable[[], None] | None = None

_LOGGERS = ("PIL", "tifffile")

# How libtiff begins a line: the function, or the name Pillow gives the file.
_LIBTIFF = re.compile(rb"(_?TIFF|Fax|LZW|ZIP|JPEG|OJPEG|Packbits|Pixar|LogL|LERC|ZSTD|tempfile)\w*")


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Keep Pillow's warnings of this thread off the screen and hand them over as texts.

    Other threads, and warnings of other packages, are not touched.

    >>> with collect_warnings() as said:
    ...     pass
    >>> said
    []
    """
    global _inside, _restore
    with _lock:
        if _inside == 0:
            _restore = _listen()
        _inside += 1
    outer: list[str] | None = getattr(_heard, "said", None)
    said: list[str] = []
    _heard.said = said
    try:
        yield said
    finally:
        _heard.said = outer
        with _lock:
            _inside -= 1
            if _inside == 0 and _restore is not None:
                _restore()


@contextmanager
def hold_warnings() -> Iterator[None]:
    """Keep Pillow's warnings of this thread off the screen, unless they are collected already."""
    with contextlib.ExitStack() as stack:
        if getattr(_heard, "said", None) is None:
            stack.enter_context(collect_warnings())
        yield


class _Handler(logging.Handler):
    """Takes what Pillow logs as a warning; without any handler, Python would print it."""

    def emit(self, record: logging.LogRecord) -> None:
        said: list[str] | None = getattr(_heard, "said", None)
        if said is not None:
            said.append(_short(record.getMessage()))


def _short(text: str) -> str:
    return " ".join(text.split())[:160]


def _listen() -> Callable[[], None]:
    """Put the hooks in place; gives what takes them away again."""
    show = warnings.showwarning

    def hook(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        said: list[str] | None = getattr(_heard, "said", None)
        if said is None:
            show(message, category, filename, lineno, file, line)
        elif not issubclass(category, Image.DecompressionBombWarning):  # MAX_PIXELS decides
            said.append(_short(str(message)))

    warnings.filterwarnings("always", module=r"PIL\.")
    filters = cast("list[object]", warnings.filters)
    ours = filters[0]
    warnings.showwarning = hook
    ear = _Handler(logging.WARNING)
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(ear)

    def restore() -> None:
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(ear)
        if ours in filters:
            filters.remove(ours)
        if warnings.showwarning is hook:
            warnings.showwarning = show

    return restore


@contextmanager
def collect_libtiff_warnings(said: list[str]) -> Iterator[None]:
    """Take what libtiff writes to the standard error stream; what others write is passed on.

    The stream is the process's, so TIFF files that need libtiff are decoded one at a time.
    """
    with _stream_lock, tempfile.TemporaryFile() as taken:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # a process without such a stream
            kept = -1
        if kept >= 0:
            os.dup2(taken.fileno(), 2)
        try:
            yield
        finally:
            if kept >= 0:
                os.dup2(kept, 2)
                os.close(kept)
            taken.seek(0)
            for line in taken.read(2**20).splitlines(keepends=True):
                if _LIBTIFF.match(line):
                    said.append(_short(line.decode("ascii", "replace")))
                elif kept >= 0:
                    os.write(2, line)
