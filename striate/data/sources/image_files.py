"""The image files that a list names: found where it says, or where they must be meant."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from unicodedata import normalize

from striate.data.collection import quote_few
from striate.data.sources.folder_tree import DOCUMENTS
from striate.data.split_names import name_split

_PREFIX = re.compile(r"[0-9a-f]{8}-(?=.)")  # which Label Studio puts before the name of a file


class ImageFiles:
    """What a list's names are looked for in.

    Args:
        root: the folder that names are given relative to.
        base: the list's own folder, below it: "" or "train/".
        list_name: the file's, which says where to look first: train.csv in train_images/.
        within: a folder that no path may lead out of; None where any may.

    Attributes:
        elsewhere: what was found, but not where the list says.
    """

    def __init__(self, root: Path, base: str, list_name: str, within: Path | None) -> None:
        self._root, self._base, self._within = root, base, within
        self._split = name_split(Path(list_name).stem)
        self.elsewhere: list[str] = []

    def locate(self, name: str) -> tuple[str, str]:
        """Return the name under which an image is found, or the reason why it is not.

        It is found where the list says; else by its name and the last of its folders, wherever
        that is below the list, in any case, with or without an ending.
        """
        plain = name.replace("\\", "/")
        spellings = (name, plain, normalize("NFC", plain), normalize("NFD", plain))  # macOS: NFD
        for spelt in dict.fromkeys(spellings):
            try:
                target = self._root / self._base / spelt
                if not target.is_file():
                    continue
                if self._within is not None and not target.resolve().is_relative_to(
                    self._within.resolve()
                ):
                    return name, "leads out of the zip's own folder"
            except (OSError, ValueError):
                return name, "not a possible file name"
            return os.path.normpath(Path(self._base) / spelt).replace(os.sep, "/"), ""
        place, reason = self._search(name, plain)
        if not reason:
            self.elsewhere.append(place)
        return place, reason

    def _search(self, name: str, plain: str) -> tuple[str, str]:
        wanted = [_key(each) for each in plain.split("/") if each not in ("", ".", "..")]
        if not wanted:
            return name, "there is no such file"
        last = wanted[-1]
        for key in dict.fromkeys((last, _PREFIX.sub("", last))):
            if found := self._by_name.get(key, []) or self._by_stem.get(key, []):
                break
        else:
            return name, "there is no such file"
        scores = [_common_end(each, wanted) for each in found]
        most = max(scores)
        if most < 0:
            return name, f"there is no such file; {found[0]!r} has its name, but in another folder"
        best = [each for each, score in zip(found, scores, strict=True) if score == most]
        if len(best) > 1 and self._split is not None:
            best = [each for each in best if name_split(each.split("/")[0]) == self._split] or best
        if len(best) > 1:
            return name, f"stands in several folders: {quote_few(best)}"
        return self._base + best[0], ""

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for path in self.walk():
            found[_key(path.rpartition("/")[2])].append(path)
        return found

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for name, paths in self._by_name.items():
            if not name.endswith(DOCUMENTS):
                found[name.rpartition(".")[0] or name].extend(paths)
        return found

    def walk(self) -> Iterator[str]:
        """Return every file below the list's folder, as a path below it."""
        top = self._root / self._base
        for folder, inner, files in os.walk(top):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            below = Path(folder).relative_to(top).as_posix()
            prefix = "" if below == "." else f"{below}/"
            yield from (prefix + name for name in sorted(files) if not name.startswith("."))


def _key(name: str) -> str:
    return normalize("NFC", name).casefold()


def _common_end(path: str, wanted: list[str]) -> int:
    """Count the folders that two paths end with both; -1 where neither is the end of the other."""
    folders = [_key(each) for each in path.split("/")[:-1]]
    pairs = zip(reversed(folders), reversed(wanted[:-1]), strict=False)
    return -1 if any(one != other for one, other in pairs) else min(len(folders), len(wanted) - 1)
