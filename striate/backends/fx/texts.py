"""Flows -> text, what repeats itself written as a repeat."""

from __future__ import annotations

from collections.abc import Sequence

from striate.architecture.words import WORDS, Shape, text_of
from striate.backends.fx.flow import Branched, Flow, Single

SHORTEST = 12  # characters that a repeat must save


def network_text(name: str, flow: Flow, *, input: Shape, output: Shape) -> str:  # noqa: A002
    """Write a whole network.

    The last fc, or the last conv of a network without one, has as many outputs as there are
    classes; it is written so, and the text fits any number of classes.
    """
    last = _last_to_learn(flow)
    classes = last is not None and output == (last.word.width,)
    head = f"input {text_of(input)}" + (f" classes={output[0]}" if classes else "")
    return f"# {name}\n{head}\n{_text(flow, last if classes else None)}"


def _last_to_learn(flow: Flow) -> Single | None:
    for item in reversed(flow):
        if isinstance(item, Branched):
            return None
        if item.word.width is not None:
            return item
    return None


def _text(flow: Flow, last: Single | None) -> str:
    return " > ".join(_repeated([_item(item, last) for item in flow]))


def _item(item: Single | Branched, last: Single | None) -> str:
    if isinstance(item, Branched):
        return f"{item.word}({' | '.join(_text(branch, None) for branch in item.branches)})"
    return item.word.for_classes() if item is last else str(item.word)


def _repeated(items: Sequence[str]) -> list[str]:
    """Write what follows itself as a repeat.

    >>> _repeated(["conv 3x3 64", "relu", "conv 3x3 64", "relu", "gap"])
    ['[conv 3x3 64 > relu]*2', 'gap']
    """
    done: list[str] = []
    at = 0
    while at < len(items):
        saved, length, times = 0, 1, 1
        for period in range(1, (len(items) - at) // 2 + 1):
            turns = _turns(items, at, period)
            size = (turns - 1) * sum(len(item) + 3 for item in items[at : at + period])
            if size > max(saved, SHORTEST):
                later = _is_activation(items[at]) and _turns(items, at + 1, period) >= turns
                if not later:  # else a block would start with the activation of the one before
                    saved, length, times = size, period, turns
        part = list(items[at : at + length])
        done += part if times == 1 else [f"[{' > '.join(_repeated(part))}]*{times}"]
        at += length * times
    return done


def _is_activation(item: str) -> bool:
    kind = WORDS.get(item.partition(" ")[0])
    return kind is not None and kind.is_activation


def _turns(items: Sequence[str], at: int, period: int) -> int:
    """How often a part of some length follows itself."""
    turns = 1
    while items[at : at + period] == items[at + turns * period : at + (turns + 1) * period]:
        turns += 1
    return turns
