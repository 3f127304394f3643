"""Several sides of one comparison, run in turns, and what is said of their times."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from benchmarks.harness.busy import busy
from benchmarks.harness.process import ROOT, Ran, run


@dataclass(frozen=True)
class Side:
    """One contestant: a process of its own for every round.

    Attributes:
        name: as it stands in the tables.
        command: gives the program and its arguments for a round, counted from 0; the round
            serves as the seed where one is needed.
        environment: variables beside those of the benchmark.
        output: the file for its standard output; None reads it for the JSON of the last line.
        folder: the checkout that it runs in.
        busy: processes beside it that keep a core busy each.
    """

    name: str
    command: Callable[[int], Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    output: Path | None = None
    folder: Path = ROOT
    busy: int = 0


Sides = Mapping[str, Sequence[Ran]]


def in_turns(
    sides: Sequence[Side],
    rounds: int,
    *,
    until: float | None = None,
    say: Callable[[str], None] = print,
) -> Sides:
    """Run every side once a round, every second round in the reverse order.

    So a machine that grows warm or busy burdens all sides alike. Each run has an empty cache of
    its own (STRIATE_CACHE), so that what Striate keeps of a run, such as features and the choice
    of precision, is computed in each.

    Args:
        sides: the contestants.
        rounds: how often each runs.
        until: no round is begun that would end later, by `time.perf_counter`; the first always is.
        say: is told of each run.

    Returns:
        What each run took, by the name of its side, in the order of the rounds.

    Raises:
        Failed: a side ended with an error.
    """
    ran: dict[str, list[Ran]] = {side.name: [] for side in sides}
    for number in within(rounds, until):
        for side in sides if number % 2 == 0 else reversed(sides):
            with busy(side.busy), tempfile.TemporaryDirectory() as cache:
                found = run(
                    side.command(number),
                    environment={"STRIATE_CACHE": cache, **side.environment},
                    output=side.output,
                    folder=side.folder,
                )
            ran[side.name].append(found)
            say(f"round {number + 1} of {rounds}, {side.name}: {found.seconds:.1f} s")
    return ran


def within(rounds: int, until: float | None) -> Iterator[int]:
    """Count rounds from 0, and stop before one that would end too late, by those before it.

    >>> list(within(3, None)), list(within(3, time.perf_counter() - 1))
    ([0, 1, 2], [0])
    """
    begun = time.perf_counter()
    for number in range(rounds):
        now = time.perf_counter()
        if until is not None and number and now + (now - begun) / number > until:
            return
        yield number


def rounds_told(ran: int, asked: int, minutes: float) -> str:
    """Say how many rounds there were, and why not more.

    >>> rounds_told(3, 5, 10.0)
    '3 rounds of 5: a further one would have ended after the 10 minutes that all may take.'
    """
    many = f"{ran} round{'' if ran == 1 else 's'}"
    if ran >= asked:
        return f"{many}."
    return (
        f"{many} of {asked}: a further one would have ended after the {minutes:g} minutes that all "
        "may take."
    )


def beside(sides: Sequence[Side], loads: Sequence[int]) -> list[Side]:
    """Give the sides, and each of them again beside so many busy processes.

    >>> [side.name for side in beside([peer("Keras", Path("python"), "keras_mnist")], [1, 2])]
    ['Keras', 'Keras, 1 busy', 'Keras, 2 busy']
    """
    return [
        *sides,
        *(replace(each, name=loaded(each.name, n), busy=n) for n in loads for each in sides),
    ]


def loaded(name: str, n: int) -> str:
    """Name a side beside n busy processes."""
    return f"{name}, {n} busy"


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Give a median with the lowest and the highest behind it.

    >>> spread([3.0, 1.0, 2.5]), spread([3.0])
    ('2.5 (1.0 to 3.0)', '3.0')
    """
    middle = f"{median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def memory(runs: Sequence[Ran]) -> str:
    """Give the median of the most memory that each held, in MiB, with the lowest and highest."""
    return spread([ran.peak_memory / 2**20 for ran in runs], 0)


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """Give how many times as long theirs took, by the medians.

    >>> ratio([10.0, 12.0, 11.0], [1.0, 1.1, 1.2])
    10.0
    """
    return median(theirs) / median(ours)


def ours(name: str, *arguments: object) -> Side:
    """Give Striate's side: benchmarks/ours/NAME.py, the round as its seed.

    >>> ours("mnist", "data").command(3)[1:]
    ['-m', 'benchmarks.ours.mnist', 'data', '--seed', '3']
    """
    given = [str(argument) for argument in arguments]
    start = [sys.executable, "-m", f"benchmarks.ours.{name}", *given]
    return Side("Striate", lambda seed: [*start, "--seed", str(seed)])


def before(folder: Path, name: str, *arguments: object) -> Side:
    """Give the side of another checkout: its own benchmarks/ours/NAME.py, run in its folder.

    >>> side = before(Path("../old"), "mnist", "data")
    >>> side.name, side.command(0)[1:4], side.folder.name
    ('before', ['-m', 'benchmarks.ours.mnist', 'data'], 'old')
    """
    return replace(ours(name, *arguments), name="before", folder=folder.resolve())


def peer(name: str, python: Path, program: str, *arguments: object) -> Side:
    """Give a peer's side: benchmarks/peers/PROGRAM.py in its own Python, the round as its seed.

    >>> peer("Keras", Path("python"), "keras_mnist", "data").command(0)[2:]
    ['data', '--seed', '0']
    """
    given = [str(argument) for argument in arguments]
    start = [str(python), str(ROOT / "benchmarks" / "peers" / f"{program}.py"), *given]
    return Side(name, lambda seed: [*start, "--seed", str(seed)])
