"""What a user names as the network -> its text: itself, a known network's, or a file's."""

from __future__ import annotations

from pathlib import Path

from striate.architecture import zoo
from striate.errors import NotationError


def source(network: str | Path) -> str:
    """Give the text that a user means; it is not read yet.

    The name of a known network means that network, even where a file or folder of this name
    lies in the working directory; ``./NAME`` or ``NAME.cnn`` means the file.

    Args:
        network: a text, the name of a known network, the name of a ``.cnn`` file, or a path.

    Raises:
        NotationError: the file is missing or cannot be read.

    >>> source("flatten > fc")
    'flatten > fc'
    >>> source("tiny_vgg").splitlines()[-1]
    'flatten > fc'
    """
    if isinstance(network, Path):
        return text_in(network)
    check_given(network, str, "a text, a known network's name or a path")
    if zoo.is_name(network):
        return zoo.text(network.strip())
    if network.strip().endswith(".cnn"):
        return text_in(Path(network.strip()))
    return network


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
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is no text ({error})"
        raise NotationError(f"the network file '{path}' cannot be read: {reason}") from error
