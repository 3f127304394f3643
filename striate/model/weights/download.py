"""Fetch a file once and keep it: resumed where a connection broke, verified before it is used.

A download grows in NAME.part and gets its name only after its SHA-256 has been checked. A lock on
the part keeps two processes from writing into it.
"""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from striate import __version__
from striate.data.cache_folder import find_cache_folder
from striate.errors import WeightsError
from striate.events import Callback, Note, ignore
from striate.files.lock import try_lock
from striate.files.sha256 import compute_sha256
from striate.model.weights.connection import open_url
from striate.model.weights.installed import take_installed
from striate.model.weights.official import Official, find_official
from striate.terminal.progress import ProgressReporter

TRIES = 5
PAUSE = 1.0  # seconds before the second try; twice as long before each further one
BLOCK = 2**18
BY_HAND = "download it by other means and give its path as --weights FILE"
AGAIN = {408, 425, 429, 500, 502, 503, 504}  # what a server may answer differently next time


@dataclass(frozen=True)
class RemoteFile:
    """A file that lies on a server.

    Attributes:
        file: the name that it is kept under.
        url: where it lies.
        sha256: how its SHA-256 begins: eight hexadecimal digits, or all 64.
        by_hand: what to do where it cannot be fetched, as the end of a sentence.
    """

    file: str
    url: str
    sha256: str
    by_hand: str = BY_HAND


class _Broken(Exception):
    """A connection that broke, or a server that is busy: worth another try."""


def fetch(
    weights: str | Official,
    *,
    cache: Path | None = None,
    offline: bool = False,
    pause: float = PAUSE,
    callback: Callback = ignore,
) -> Path:
    """Return the official weights of a network as a local file; downloaded the first time.

    Those that a Python package brings are taken from it, and no connection is opened. Others are
    kept in the folder "weights" of the user's cache (`STRIATE_CACHE`, else as the system has it).
    Proxies are taken from the environment (https_proxy), as Python's urllib does.

    Args:
        weights: a network of the zoo by its name, or where a file lies and what it is.
        cache: the folder to keep it in; left out, the user's.
        offline: take it from the cache or fail; no connection is opened.
        pause: seconds before another try after a connection broke.
        callback: is told how far the download is, and what went wrong on the way.

    Raises:
        WeightsError: it cannot be fetched, its hash is wrong, or the cache cannot be written.

    >>> fetch("resnet18", cache=Path("nowhere"), offline=True)
    Traceback (most recent call last):
    striate.errors.WeightsError: 'resnet18-f37072fd.pth' is not in the cache ...
    """
    source = find_official(weights) if isinstance(weights, str) else weights
    if source.package:
        return take_installed(source)
    folder = find_cache_folder() / "weights" if cache is None else cache
    remote = RemoteFile(source.file, source.url, source.sha256)
    return fetch_file(remote, folder, offline=offline, pause=pause, callback=callback)


def fetch_file(
    source: RemoteFile,
    folder: Path,
    *,
    offline: bool = False,
    pause: float = PAUSE,
    callback: Callback = ignore,
) -> Path:
    """Return a file of a server as a local one; downloaded into the folder the first time.

    The arguments and what is raised are those of `fetch`.

    >>> remote = RemoteFile("tiny.bin", "http://127.0.0.1/tiny.bin", "0" * 64)
    >>> fetch_file(remote, Path("nowhere"), offline=True)
    Traceback (most recent call last):
    striate.errors.WeightsError: 'tiny.bin' is not in the cache ...
    """
    path = folder / source.file
    try:
        if path.is_file():
            found = compute_sha256(path)
            if found.startswith(source.sha256):
                return path
            if offline:
                raise WeightsError(f"{_wrong(path, source, found)}; delete it and fetch it anew")
            callback(Note(f"{_wrong(path, source, found)}; it is fetched anew"))
            path.unlink()
        if offline:
            raise WeightsError(
                f"'{source.file}' is not in the cache '{folder}', and --offline forbids to fetch "
                f"it from {source.url}; {source.by_hand}"
            )
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            if not path.is_file():  # else another process has just brought it
                _download(source, path, pause=pause, callback=callback)
    except OSError as error:
        raise WeightsError(
            f"the cache folder '{folder}' cannot be used ({error.strerror or error}); make room "
            "there or set STRIATE_CACHE to another"
        ) from error
    return path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep a download for this process; the system lets go when it ends, killed or not."""
    with path.with_name(f"{path.name}.lock").open("ab") as file:
        if not try_lock(file.fileno()):
            raise WeightsError(
                f"'{path}' is being downloaded by another process; wait for it to end"
            )
        yield


def _download(source: RemoteFile, path: Path, *, pause: float, callback: Callback) -> None:
    """Bring the part to its end and verify it; a part that proves wrong is begun anew, once."""
    part = path.with_name(f"{path.name}.part")
    resumed = part.is_file() and part.stat().st_size > 0
    found = _complete(source, part, pause=pause, callback=callback)
    if resumed and not found.startswith(source.sha256):
        callback(Note("what an earlier download had left is of another file; it begins anew"))
        part.unlink()
        found = _complete(source, part, pause=pause, callback=callback)
    if not found.startswith(source.sha256):
        part.unlink()
        raise WeightsError(
            f"{_wrong(source.url, source, found)}; it was deleted: try again later, or "
            f"{source.by_hand}"
        )
    part.replace(path)


def _complete(source: RemoteFile, part: Path, *, pause: float, callback: Callback) -> str:
    """Ask for what is missing until all is there; give the SHA-256 of it."""
    reporter = ProgressReporter("downloading", callback, unit="bytes")
    said = ""
    for attempt in range(TRIES):
        if said:
            callback(Note(f"the download broke off ({said}); it goes on"))
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            with part.open("ab") as file:
                _receive(source, file, reporter)
            return compute_sha256(part)
        except _Broken as broken:
            said = str(broken)
        except urllib.error.URLError as error:
            reason = str(getattr(error.reason, "strerror", None) or error.reason)
            if not said:  # never there: no connection, no such server, no trust in it
                raise _offline(source, reason) from error
            said = reason
        finally:
            if part.stat().st_size == 0:
                part.unlink()
    raise WeightsError(
        f"the download of {source.url} broke off {TRIES} times ({said}); what is there is kept: "
        f"call again to go on, or {source.by_hand}"
    )


def _receive(source: RemoteFile, file: IO[bytes], reporter: ProgressReporter) -> None:
    """Make one request for what is missing and append what comes."""
    file.seek(0, 2)
    start = file.tell()
    request = urllib.request.Request(
        source.url,
        headers={"User-Agent": f"striate/{__version__}", "Accept-Encoding": "identity"},
    )
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = open_url(request)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # nothing behind what is there: whole, or of another file
            if _total(error.headers.get("Content-Range", "")) != start:
                file.truncate(0)
                raise _Broken("the server has another file than before") from error
            return
        if error.code in AGAIN:
            raise _Broken(f"the server answered {error.code} {error.reason}") from error
        raise WeightsError(
            f"the server answered {error.code} {error.reason} for {source.url}; {source.by_hand}"
        ) from error
    except urllib.error.URLError:
        raise
    except (http.client.HTTPException, OSError) as error:
        raise _Broken(str(error) or type(error).__name__) from error
    with response:
        if start and not _continues(response, start):
            file.truncate(0)
            file.seek(0)
            start = 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else 0
        _append(response, file, total=total, reporter=reporter)


def _append(
    response: http.client.HTTPResponse, file: IO[bytes], *, total: int, reporter: ProgressReporter
) -> None:
    """Write what comes; total is 0 where the server does not say it."""
    while True:
        try:
            block = response.read1(BLOCK)
        except (http.client.HTTPException, OSError) as error:
            raise _Broken(str(error) or type(error).__name__) from error
        if not block:
            break
        file.write(block)
        reporter(file.tell(), total)
    if total and file.tell() < total:
        raise _Broken(f"{file.tell():,} of {total:,} bytes came")


def _continues(response: http.client.HTTPResponse, start: int) -> bool:
    """Return whether an answer goes on where the part ends, or brings all anew."""
    stated = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status == 206 and stated is not None and int(stated[1]) == start


def _total(stated: str) -> int | None:
    """Return the whole length that a Content-Range states: "bytes */1234" -> 1234."""
    match = re.fullmatch(r"bytes \*/(\d+)", stated.strip())
    return int(match[1]) if match else None


def _wrong(which: Path | str, source: RemoteFile, found: str) -> str:
    return (
        f"'{which}' is not the file it should be: its SHA-256 begins with {found[:8]}, expected "
        f"{source.sha256}"
    )


def _offline(source: RemoteFile, reason: str) -> WeightsError:
    return WeightsError(
        f"{source.url} cannot be reached ({reason}): without a connection, {source.by_hand}"
    )
