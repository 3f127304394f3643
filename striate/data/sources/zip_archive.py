"""A zip file of images, unpacked once, never outside its own folder nor past its limits."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import re
import shutil
import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from striate.data.cache_folder import make_once
from striate.data.collection import (
    Skipped,
    format_count,
    quote_few,
    read_skipped,
    write_skipped,
)
from striate.data.sources.folder_tree import DOCUMENTS, list_folder
from striate.errors import DataError, SettingError

MAX_MEMBERS = 2_000_000
MAX_UNPACKED = 2**35
"""The most bytes that one zip may become: 32 GiB."""

_CHUNK = 2**20
_DEEPEST = 3  # zips within zips
_IN_UTF8 = 0x800
_UNKNOWN = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}  # of Windows, WinZip, 7-Zip
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


@dataclass(frozen=True)
class Unpacked:
    """What came of a zip.

    Attributes:
        folder: with its files.
        skipped: members that were left out, and why.
        notes: what was decided, one line each.
    """

    folder: Path
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


def unpack(
    path: Path, cache: Path, *, encoding: str | None = None, limits: Limits | None = None
) -> Unpacked:
    """Unpack a zip into a folder of the cache named by its content, unless it is there.

    The folder appears whole or not at all. Members that would land outside it, links, and names
    that stand twice are left out and named. A zip of nothing but zips is unpacked with these, each
    into a folder of its name.

    Args:
        path: of the zip.
        cache: the folder of all that is kept.
        encoding: of the names that are not in UTF-8; None takes code page 437, and says so.
        limits: of what it may become.

    Raises:
        DataError: where the zip is damaged, too large or the disk is full.
        SettingError: there is no such encoding.
    """
    try:
        codecs.lookup(encoding or "cp437")
    except LookupError as error:
        raise SettingError(
            f"zip_encoding is '{encoding}'; expected a code page, as cp932 (Japanese), cp936 "
            "(Chinese), cp866 (Russian) or cp850 (Western Europe)"
        ) from error

    def make(folder: Path) -> None:
        (folder / "files").mkdir()
        work = _Unpacking(path, folder / "files", encoding, limits or Limits())
        work.unpack(path, folder / "files")
        write_skipped(folder / "skipped.csv", work.skipped)
        (folder / "notes.json").write_text(json.dumps(work.notes()), "utf-8")

    place = make_once(cache / "unzipped" / _content_key(path, encoding), make)
    return Unpacked(
        place / "files",
        tuple(read_skipped(place / "skipped.csv")),
        tuple(json.loads((place / "notes.json").read_text("utf-8"))),
    )


def _content_key(path: Path, encoding: str | None) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
    digest.update(f"format 2, {encoding}".encode())
    return digest.hexdigest()


class _Unpacking:
    """The unpacking of one zip and of those in it."""

    def __init__(self, path: Path, root: Path, encoding: str | None, limits: Limits) -> None:
        self.skipped: list[Skipped] = []
        self._path, self._root, self._encoding = path, root, encoding
        self._limits, self._members = limits, 0
        self._room = min(limits.unpacked, max(0, shutil.disk_usage(root).free - 2**28))
        self._old_names: dict[str, None] = {}

    def notes(self) -> list[str]:
        """Return what was decided, one line each."""
        if not self._old_names or self._encoding:
            return []
        which = format_count(len(self._old_names), "name")
        return [
            f"{which} in {self._path.name} not in UTF-8, read in code page 437: "
            f"{quote_few(self._old_names, 10)}; if that looks wrong, say which code page it is, as "
            "--zip-encoding cp932"
        ]

    def unpack(self, path: Path, folder: Path, depth: int = 0) -> None:
        """Unpack one zip into a folder, and those in it where it holds nothing else."""
        try:
            archive = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise DataError(
                f"{path.name!r} is not a whole zip file ({error}); fetch it again"
            ) from error
        with archive:
            members = archive.infolist()
            self._members += len(members)
            if self._members > self._limits.members:
                raise DataError(
                    f"{self._path.name!r} has {self._members:,} members, above the limit of "
                    f"{self._limits.members:,}; unpack it yourself and give the folder"
                )
            for member in members:
                if member.is_dir():
                    continue
                name = self._name(member)
                parts, reason = _plain_parts(name)
                reason = reason or _refused(member)
                if not reason:
                    reason = self._unpack_one(archive, member, folder.joinpath(*parts))
                if self._room < 0:
                    raise DataError(
                        f"{self._path.name!r} unpacks to more than the limit of "
                        f"{self._limits.unpacked:,} bytes or than the disk has room for; unpack it "
                        "yourself and give the folder"
                    )
                if reason:
                    below = folder.relative_to(self._root).as_posix()
                    self.skipped.append(
                        Skipped(name if below == "." else f"{below}/{name}", reason)
                    )
        if depth < _DEEPEST:
            for inner in _only_zips(folder):
                self.unpack(inner, inner.with_suffix(""), depth + 1)
                inner.unlink()

    def _name(self, member: zipfile.ZipInfo) -> str:
        """Return a member's name: in UTF-8 where it is, whatever its flag says."""
        name = member.filename
        if member.flag_bits & _IN_UTF8 or name.isascii():
            return name
        try:
            stored = name.encode("cp437")  # which zipfile has read it in
            return stored.decode("utf-8")
        except UnicodeError:
            pass
        for part in re.split(r"[/\\]", name):
            if not part.isascii():
                self._old_names[part] = None
        try:
            return stored.decode(self._encoding or "cp437")
        except UnicodeError:
            return name

    def _unpack_one(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> str:
        """Write one file, and count down the room that is left; return a reason or ""."""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            out = target.open("xb")
        except FileExistsError:
            return "its name stands twice in the zip"
        except (OSError, ValueError) as error:
            return f"it cannot be written: {getattr(error, 'strerror', None) or error}"
        try:
            with out, archive.open(member) as packed:
                while chunk := packed.read(_CHUNK):
                    self._room -= len(chunk)
                    if self._room < 0:
                        return ""
                    out.write(chunk)
        except _DAMAGED as error:
            target.unlink(missing_ok=True)
            return f"damaged in the zip: {error}"
        return ""


def _only_zips(folder: Path) -> list[Path]:
    """Return the zips in a folder, where it holds nothing else but documents."""
    listing = list_folder(folder)
    rest = [name for name in listing.files if not name.lower().endswith(DOCUMENTS)]
    found = [folder / name for name in listing.files if zipfile.is_zipfile(folder / name)]
    taken = [each for each in found if each.suffix.lower() == ".zip"]
    return taken if not rest and not listing.folders else []


def _plain_parts(name: str) -> tuple[list[str], str]:
    """Return the folders and the name of a member, or the reason why it has no place below."""
    parts = re.split(r"[/\\]", name)
    if parts[0] == "" or any(re.match(r"[A-Za-z]:", part) for part in parts):
        return [], "its path in the zip is absolute"
    if ".." in parts:
        return [], "its path in the zip leads outside (..)"
    parts = [part for part in parts if part not in ("", ".")]
    if any(unicodedata.category(letter) == "Cc" and letter != "\n" for letter in name):
        return [], "its name in the zip holds control characters"
    if os.name == "nt" and any(PureWindowsPath(part).is_reserved() or part != part.rstrip(". ")
                               for part in parts):  # fmt: skip
        return [], "Windows takes no such name; name the folder otherwise, and zip it anew"
    return parts, "" if parts else "it has no name"


def _refused(member: zipfile.ZipInfo) -> str:
    """Return the reason why a member is not unpacked, or ""."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "a link or special file in the zip, not a file"
    if member.flag_bits & 1:
        return "encrypted in the zip; unpack it yourself and give the folder"
    if member.compress_type in _UNKNOWN:
        return (
            f"its compression in the zip, {_UNKNOWN[member.compress_type]}, is not known here; zip "
            "the folder anew, or unpack it and give the folder"
        )
    return ""
