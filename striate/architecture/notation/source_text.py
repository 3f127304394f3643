"""What a user names as the network -> its text: itself, a known network's, or a file's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from striate.architecture import zoo
from striate.architecture.words import WORDS
from striate.errors import NotationError
from striate.files.home import expand_home

PLACE: Final = re.compile(r"(?:[A-Za-z]:)?[\w.~-]*[/\\][\w./\\~ -]*")  # holds a slash
ENDED: Final = re.compile(r"[\w.~-]+\.[A-Za-z]\w*")  # net.txt
BARE: Final = re.compile(r"[\w-]{1,200}")  # may be a file's name without its ending


def source(network: str | Path) -> str:
    """Give the text that a user means; it is not read yet.

    The name of a known network means that network, and a word of the notation that word, even
    where a file or folder of this name lies in the working directory; ``./NAME`` means the file.

    Args:
        network: a text, the name of a known network, or the path of a file that holds a text.

    Raises:
        NotationError: the file is missing or cannot be read.

    >>> source("flatten > fc")
    'flatten > fc'
    >>> source("tiny_vgg").splitlines()[-1]
    'flatten > fc'
    >>> source("nets/missing.txt")
    Traceback (most recent call last):
    striate.errors.NotationError: the network file 'nets/missing.txt' cannot be read: No such ...
    """
    if isinstance(network, Path):
        return text_in(network)
    check_given(network, str, "a text, a known network's name or a path")
    name = network.strip()
    if zoo.is_name(name):
        return zoo.text(name)
    path = file_named(name)
    return network if path is None else text_in(path)


def file_named(name: str) -> Path | None:
    """Return the path that stands for a network; None where it is no path but a text.

    Raises:
        NotationError: it is none, but would be with an ending.

    >>> file_named("conv 8 > relu"), file_named("conv in/2"), file_named("relu")
    (None, None, None)
    >>> str(file_named("net.txt"))
    'net.txt'
    """
    if not name or name in WORDS:
        return None
    path = expand_home(name)
    try:
        there = path.exists()
    except (OSError, ValueError):  # too long for a file's name, or what none can hold
        return None
    if there:
        return path
    if BARE.fullmatch(name) or PLACE.fullmatch(name):
        for ending in (".cnn", ".txt", ".safetensors"):
            if path.with_name(path.name + ending).is_file():
                raise NotationError(f"'{name}' is no known network; did you mean {name}{ending}?")
    return path if PLACE.fullmatch(name) or ENDED.fullmatch(name) else None


def check_given(network: object, kinds: type | tuple[type, ...], expected: str) -> None:
    """Make sure that what stands for a network is of a kind that can.

    Args:
        network: what the user gave.
        kinds: what it may be.
        expected: the same in words.

    Raises:
        NotationError: it is something else; a torch module, say, which can be traced.

    >>> check_given(12, str, "a text")
    Traceback (most recent call last):
    striate.errors.NotationError: a network is expected as a text, but got int
    """
    if isinstance(network, kinds):
        return
    mend = ""
    if hasattr(network, "plan"):  # a module that Striate built, or what `summary` gave
        mend = "; its text is str(module.plan.network)"
    elif hasattr(network, "state_dict"):
        traced = "st.from_torch(module, input).network"
        mend = f"; convert it first: {f'str({traced})' if kinds is str else traced}"
    elif isinstance(getattr(network, "text", None), str):  # a classifier
        mend = "; its text is classifier.text"
    elif hasattr(network, "network"):  # a plan
        mend = "; its text is str(plan.network)"
    elif hasattr(network, "with_input"):  # a tree
        mend = "; its text is str(network)"
    raise NotationError(
        f"a network is expected as {expected}, but got {type(network).__name__}{mend}"
    )


def text_in(path: Path) -> str:
    """Read the network text in a file.

    Raises:
        NotationError: there is none, it cannot be read, or it is no text.

    >>> text_in(Path("missing.cnn"))
    Traceback (most recent call last):
    striate.errors.NotationError: the network file 'missing.cnn' cannot be read: No such file ...
    """
    path = expand_home(path)
    if path.is_dir() or path.suffix == ".safetensors" and path.is_file():
        what = "a folder" if path.is_dir() else "a classifier"
        raise NotationError(
            f"'{path}' is {what}; expected a network: a text, a known network's name, or a file "
            "with a text (`striate describe RUN` shows that of a run)"
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is no text ({error})"
        raise NotationError(f"the network file '{path}' cannot be read: {reason}") from error
