"""Files below the folders that were named when the server was started, and no others.

A file's address is the name of its folder and the path below it, "photos/cat/tom.jpg". What leads
out of the folder, by "..", an absolute path or a symbolic link, is refused as if it were not there.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from striate.errors import SettingError

DEEPEST = 6  # folders below each other that are listed
MOST = 5_000  # files that are listed


@dataclass(frozen=True)
class NamedFolder:
    """A folder that may be read.

    Attributes:
        name: the first part of its files' addresses.
        path: where it is, with no symbolic link in it.
    """

    name: str
    path: Path


class ConfinedFolders:
    """Finds files by their addresses, below some folders alone.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = (Path(place) / "a.png").write_bytes(b"")
    ...     folders = ConfinedFolders.of([Path(place)], names=["here"])
    ...     folders.find("here/a.png").name, list(folders.walk([".png"]))
    ('a.png', ['here/a.png'])
    """

    def __init__(self, folders: Sequence[NamedFolder]) -> None:
        self.folders = tuple(folders)

    @staticmethod
    def of(paths: Sequence[Path], *, names: Sequence[str] = ()) -> ConfinedFolders:
        """Return those of some paths, named as given, then by their own names, each but once.

        Raises:
            SettingError: one of them is no folder.
        """
        found: list[NamedFolder] = []
        for number, path in enumerate(paths):
            if not path.is_dir():
                raise SettingError(f"'{path}' is no folder; expected one that can be read")
            own = names[number] if number < len(names) else path.resolve().name or "folder"
            taken = {each.name for each in found}
            name = next(
                new
                for new in (own, *(f"{own}-{count}" for count in range(2, len(paths) + 2)))
                if new not in taken
            )
            found.append(NamedFolder(name, path.resolve()))
        return ConfinedFolders(found)

    def find(self, address: str) -> Path:
        """Return the file or folder of an address.

        Raises:
            SettingError: there is none below the folders that may be read.
        """
        known = ", ".join(each.name for each in self.folders)
        missing = SettingError(
            f"there is no '{address[:200]}' below the folders that are read here ({known})"
        )
        parts = PurePosixPath(address).parts
        own = next((each for each in self.folders if parts and each.name == parts[0]), None)
        if own is None or ".." in parts or "\0" in address:
            raise missing
        if any(PureWindowsPath(part).anchor or "\\" in part for part in parts[1:]):
            raise missing
        try:
            path = own.path.joinpath(*parts[1:]).resolve(strict=True)
        except (OSError, RuntimeError) as error:  # absent, unreadable, links in a ring
            raise missing from error
        if not path.is_relative_to(own.path):
            raise missing
        return path

    def walk(self, endings: Collection[str]) -> Iterator[str]:
        """Give the addresses of files with these endings, in sorted order, links left aside.

        Args:
            endings: in small letters, as ".png"; at most 5,000 files are listed, of folders no
                more than six deep.
        """
        count = 0
        for folder in self.folders:
            for place, below, files in os.walk(folder.path):
                inner = Path(place).relative_to(folder.path)
                below[:] = sorted(
                    name
                    for name in below
                    if not name.startswith(".") and len(inner.parts) < DEEPEST
                )
                for name in sorted(files):
                    if Path(name).suffix.lower() not in endings or name.startswith("."):
                        continue
                    if (Path(place) / name).is_symlink():
                        continue
                    count += 1
                    if count > MOST:
                        return
                    yield PurePosixPath(folder.name, *inner.parts, name).as_posix()
