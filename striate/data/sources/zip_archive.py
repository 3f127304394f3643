"""A zip file of images, unpacked once, never outside its own folder nor past its limits."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from striate.data.cache_folder import make_once
from striate.data.collection import Skipped, read_skipped, write_skipped
from striate.errors import DataError

MAX_MEMBERS = 2_000_000
MAX_UNPACKED = 2**35
"""The most bytes that one zip may become: 32 GiB."""

_CHUNK = 2**20
_DAMAGED = (
    OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """How much a zip may become.

    Attributes:
        members: files and folders in it.
        unpacked: bytes of all files together, counted while they are unpacked.
    """

    members: int = MAX_MEMBERS
    unpacked: int = MAX_UNPACKED


def unpack(path: Path, cache: Path, limits: Limits | None = None) -> tuple[Path, list[Skipped]]:
    """Unpack a zip into a folder of the cache named by its content, unless it is there.

    The folder appears whole or not at all. Members that would land outside it, links, and names
    that stand twice are left out and named.

    Returns:
        The folder with the files, and what was left out.

    Raises:
        DataError: where the zip is damaged, encrypted, too large or the disk is full.
    """
    limits = limits or Limits()

    def make(folder: Path) -> None:
        (folder / "files").mkdir()
        write_skipped(folder / "skipped.csv", _unpack_all(path, folder / "files", limits))

    place = make_once(cache / "unzipped" / _content_key(path), make)
    return place / "files", read_skipped(place / "skipped.csv")


def _content_key(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _unpack_all(path: Path, folder: Path, limits: Limits) -> list[Skipped]:
    skipped: list[Skipped] = []
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise DataError(
            f"{path.name!r} is not a whole zip file ({error}); fetch it again"
        ) from error
    with archive:
        members = archive.infolist()
        if len(members) > limits.members:
            raise DataError(
                f"{path.name!r} has {len(members):,} members, above the limit of "
                f"{limits.members:,}; unpack it yourself and give the folder"
            )
        room = min(limits.unpacked, max(0, shutil.disk_usage(folder).free - 2**28))
        for member in members:
            if member.is_dir():
                continue
            reason = _refused(member)
            if not reason:
                room, reason = _unpack_one(archive, member, folder, room)
            if room < 0:
                raise DataError(
                    f"{path.name!r} unpacks to more than the limit of {limits.unpacked:,} bytes "
                    "or than the disk has room for; unpack it yourself and give the folder"
                )
            if reason:
                skipped.append(Skipped(member.filename, reason))
    return skipped


def _refused(member: zipfile.ZipInfo) -> str:
    """Return the reason why a member is not unpacked, or ""."""
    parts = re.split(r"[/\\]", member.filename)
    if parts[0] == "" or any(re.match(r"[A-Za-z]:", part) for part in parts):
        return "its path in the zip is absolute"
    if ".." in parts:
        return "its path in the zip leads outside (..)"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "a link or special file in the zip, not a file"
    if member.flag_bits & 1:
        return "encrypted in the zip; unpack it yourself and give the folder"
    if any(part in ("", ".") or part != part.rstrip(". ") for part in parts):
        return "its path in the zip is not a plain one"
    if not all(letter.isprintable() or letter == "\n" for letter in member.filename):
        return "its name in the zip holds control characters"
    return ""


def _unpack_one(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, room: int
) -> tuple[int, str]:
    """Write one file; give the room that is left (negative: too little) and a reason or ""."""
    target = folder / re.sub(r"\\", "/", member.filename)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        out = target.open("xb")
    except FileExistsError:
        return room, "its name stands twice in the zip"
    except (OSError, ValueError) as error:
        return room, f"it cannot be written: {getattr(error, 'strerror', None) or error}"
    try:
        with out, archive.open(member) as packed:
            while chunk := packed.read(_CHUNK):
                room -= len(chunk)
                if room < 0:
                    return room, ""
                out.write(chunk)
    except _DAMAGED as error:
        target.unlink(missing_ok=True)
        return room, f"damaged in the zip: {error}"
    return room, ""
