"""What training checkpoints hold beside weights, read without being made: something inert instead.

numpy's numbers, argparse's Namespace, paths, dates and the like stand in a pickle as the name of a
class or function and what it is called with. torch.load refuses each such name, unless it is told
what to call; here that is a class that takes anything, keeps nothing and does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

HARMLESS = re.compile(
    r"""numpy\.(\w+\.)*\w+ | argparse\.Namespace | types\.SimpleNamespace | _codecs\.encode
    | pathlib\.(_local\.)?\w*Path | datetime\.\w+ | decimal\.Decimal | fractions\.Fraction
    | uuid\.UUID | collections\.(defaultdict|deque) | (easydict|addict)\.\w+
    | yacs\.config\.CfgNode | omegaconf\.(\w+\.)*\w+ | typing\.\w+ | copyreg\._reconstructor
    | builtins\.(bool|bytearray|bytes|complex|dict|float|frozenset|int|list|object|set|slice|str)
    | builtins\.tuple
    """,
    re.VERBOSE,
)
MAPPINGS = re.compile(r"collections\.defaultdict|(easydict|addict)\.\w+|yacs\.config\.CfgNode")
LISTS = re.compile(r"collections\.deque")
MARKS = ("Unsupported global: GLOBAL ", "unsupported GLOBAL ", "Unsupported class ")
MOST = 200  # names


class Inert:
    """Takes the place of an object: it is made of anything, and does nothing."""

    def __new__(cls, *_: object, **__: object) -> Inert:  # noqa: D102
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


class Emptied(dict[Any, Any]):
    """Takes the place of a kind of dict: what is made is a plain one."""

    def __new__(cls, *_: object, **__: object) -> Any:  # noqa: D102
        return {}


class EmptiedList(list[Any]):
    """Takes the place of a kind of list: what is made is a plain one."""

    def __new__(cls, *_: object, **__: object) -> Any:  # noqa: D102
        return []


def load(path: Path, *, mmap: bool) -> object:
    """Read a file of torch's, with something inert in the place of what is harmless and no weight.

    Args:
        path: the file.
        mmap: whether tensors are read when they are used.

    Raises:
        UnpicklingError: it holds what is neither; all such names are in the message.
        Exception: whatever torch.load raises for a damaged file.
    """
    names: dict[str, type[Any]] = {}
    while True:
        called: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = []
        called += [(kind, name) for name, kind in names.items()]
        try:
            with torch.serialization.safe_globals(called):
                found: object = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        except UnpicklingError as error:
            name = refused(" ".join(str(error).split()))
            name = name if "." in name else f"builtins.{name}"
            if not any(mark in str(error) for mark in MARKS[:1]) or name in names:
                _refuse_strange(names)
                raise
            if len(names) == MOST:
                raise
            # one class each, as torch.load goes by classes and not by names
            base: type[Any] = Emptied if MAPPINGS.fullmatch(name) else Inert
            names[name] = type("Nothing", (EmptiedList if LISTS.fullmatch(name) else base,), {})
            continue
        _refuse_strange(names)
        return found


def _refuse_strange(names: Iterable[str]) -> None:
    """Name what is not harmless, where there is such."""
    strange = sorted(name for name in names if not HARMLESS.fullmatch(name))
    if strange:
        more = f" and {len(strange) - 3:,} more" if len(strange) > 3 else ""
        raise UnpicklingError(f"Weights only load failed. {MARKS[0]}{', '.join(strange[:3])}{more}")


def refused(said: str) -> str:
    """Return the part of torch's long message that names what it refused.

    >>> refused("Weights only load failed. Unsupported global: GLOBAL a.B was not an allowed one")
    'a.B'
    """
    for mark in MARKS:
        if mark in said:
            told = said.split(mark, 1)[1]
            return re.split(r" (?=was |whose |\()|\. ", told)[0].rstrip(".,")[:120]
    return "something that is no tensor, number or text"
