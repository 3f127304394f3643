"""The texts of the known networks, one .cnn file each, and the names that stand for them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from striate.architecture.zoo.compact_network import compact
from striate.errors import NotationError

TITLE: Final = re.compile(r"# (?P<title>.+?) \((?P<year>[0-9]{4})\)(?P<kind>, .+)?\n")


def names() -> tuple[str, ...]:
    """Give the names of the known networks, the oldest first.

    >>> names()[:4], len(names())
    (('lenet1989', 'lenet5', 'lenet5_1998', 'alexnet2012'), 26)
    """
    return tuple(_texts())


def text(
    name: str,
    *,
    input: tuple[int, ...] | None = None,  # noqa: A002 (the notation's word)
    classes: int | None = None,
) -> str:
    """Give the text of a known network, comments and all, to be read, copied and changed.

    Args:
        name: one of `names`.
        input: (channels, rows, columns) it is to be used for. Only ``compact``, which fits its
            depth to the image, becomes another text by it.
        classes: how many classes it is to be used for, with ``input``.

    Raises:
        NotationError: no known network has this name.

    >>> print(text("tiny_vgg").split("input")[1])
     3x64x64 classes=10
    [conv 10 pad=valid > relu > conv 10 pad=valid > relu > maxpool 2]*2
    flatten > fc
    >>> text("vgg15")
    Traceback (most recent call last):
    striate.errors.NotationError: no known network is called 'vgg15'; did you mean 'vgg16'?
    """
    if name not in _texts():
        raise NotationError(f"no known network is called '{name[:60]}'; {_instead(name)}")
    if name == "compact" and input is not None and len(input) == 3:
        return compact((input[0], input[1], input[2]), classes or 10)
    return _texts()[name]


def title(name: str) -> str:
    """Say what a known network is, in a few words.

    >>> title("resnet50")
    'ResNet-50 v1.5, residual blocks of three'
    """
    head = _head(text(name))
    return head["title"] + (head["kind"] or "")


def year(name: str) -> int:
    """Say in which year a network became known.

    >>> year("vgg16")
    2014
    """
    return int(_head(text(name))["year"])


def is_name(network: str) -> bool:
    """Whether a text is nothing but the name of a known network, blanks aside.

    >>> is_name(" vgg16 "), is_name("vgg16.cnn"), is_name("./vgg16")
    (True, False, False)
    """
    # no more than the name: "vgg16 > relu" would need rules for a network within a network
    return len(network) < 100 and network.strip() in _texts()


def name_of(network: str) -> str | None:
    """Give the name of the known network whose text this is, letter for letter, or None.

    >>> name_of(text("vgg16")), name_of("conv 8 > relu")
    ('vgg16', None)
    """
    return next((name for name, known in _texts().items() if known == network), None)


@cache
def _texts() -> dict[str, str]:
    """Read the files, once and when they are first needed."""
    found = {path.stem: path.read_text("utf-8") for path in Path(__file__).parent.glob("*.cnn")}
    return dict(sorted(found.items(), key=lambda pair: (_head(pair[1])["year"], pair[0])))


def _head(known: str) -> re.Match[str]:
    match = TITLE.match(known)
    if match is None:
        raise ValueError(f"a network of the zoo begins '# NAME (YEAR), KIND', not {known[:60]!r}")
    return match


def _instead(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.strip().lower(), _texts(), n=1)
    return f"did you mean '{close[0]}'?" if close else f"the names are {', '.join(_texts())}"
