"""Several sides of one comparison, run in turns, and what is said of their times."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

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
    """

    name: str
    command: Callable[[int], Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    output: Path | None = None


Sides = Mapping[str, Sequence[Ran]]


def in_turns(sides: Sequence[Side], rounds: int, *, say: Callable[[str], None] = print) -> Sides:
    """Run every side once a round, every second round in the reverse order.

    So a machine that grows warm or busy burdens all sides alike.

    Returns:
        What each run took, by the name of its side, in the order of the rounds.

    Raises:
        Failed: a side ended with an error.
    """
    ran: dict[str, list[Ran]] = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            found = run(side.command(number), environment=side.environment, output=side.output)
            ran[side.name].append(found)
            say(f"round {number + 1} of {rounds}, {side.name}: {found.seconds:.1f} s")
    return ran


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Give a median with the lowest and the highest behind it.

    >>> spread([3.0, 1.0, 2.5]), spread([3.0])
    ('2.5 (1.0 to 3.0)', '3.0')
    """
    middle = f"{median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


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


def peer(name: str, python: Path, program: str, *arguments: object) -> Side:
    """Give a peer's side: benchmarks/peers/PROGRAM.py in its own Python, the round as its seed.

    >>> peer("Keras", Path("python"), "keras_mnist", "data").command(0)[2:]
    ['data', '--seed', '0']
    """
    given = [str(argument) for argument in arguments]
    start = [str(python), str(ROOT / "benchmarks" / "peers" / f"{program}.py"), *given]
    return Side(name, lambda seed: [*start, "--seed", str(seed)])
