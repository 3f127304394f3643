"""Texts of other programs: in UTF-8 or UTF-16, or in a code page as spreadsheets write them."""

from __future__ import annotations

import os
from collections.abc import Iterable

CODE_PAGES = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "cp936", "cp949", "cp950", "cp850",
)  # fmt: skip


def decode(data: bytes, names: Iterable[str] = ()) -> tuple[str, str]:
    """Return a text and the encoding that it was read in; "" where that is beyond doubt.

    UTF-8 and UTF-16 say what they are. Anything else is in a code page of Windows: the one in
    which one of the names stands in it, else the first that has a letter for every byte.

    Args:
        data: the bytes, perhaps with a byte order mark.
        names: of files and folders that the text may speak of; used only where it must be.

    >>> decode("Bär".encode()), decode("Bär".encode("cp1252"))
    (('Bär', ''), ('Bär', 'cp1252'))
    >>> decode("мед".encode("cp1251"), names=["мед"])
    ('мед', 'cp1251')
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16"), ""
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        pass
    told = [name for name in names if not name.isascii()]
    if any(os.fsencode(name) in data for name in told):
        return data.decode("utf-8", "surrogateescape"), ""  # as the system has it
    for page in CODE_PAGES:
        spelt = [name.encode(page, "ignore") for name in told]
        if any(each in data for each in spelt if not each.isascii()) and _fits(data, page):
            return data.decode(page), page
    page = next((each for each in CODE_PAGES if _fits(data, each)), "latin-1")
    return data.decode(page), page


def _fits(data: bytes, page: str) -> bool:
    try:
        data.decode(page)
    except UnicodeDecodeError:
        return False
    return True
