"""How long it takes to reach 99.0 % on MNIST's test digits, beside Keras's own example.

    python -m benchmarks.mnist [--rounds 5] [--busy 1] [--before DIR] [--quick]

Five seeds a side. Keras trains the eight epochs that its example needs for 99.0 %; Striate's
network, epochs, batch and rate were chosen on digits held out of the training files. Test files
are read once, after training.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.harness import (
    Ran,
    Report,
    Sides,
    add_before,
    add_busy,
    before,
    beside,
    in_turns,
    loaded,
    look,
    memory,
    ours,
    parser,
    peer,
    publish,
    ratio,
    raw,
    read,
    rounds_told,
    spread,
    typed,
)
from striate.evaluation.metrics.wilson import wilson_interval
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

KERAS = "Keras"
OURS = "Striate"


def main() -> None:
    """Train both in turns, and say what came of it."""
    made = parser((__doc__ or "").splitlines()[0], rounds=5)
    add_before(made)
    add_busy(made)
    chosen = read(made, needed=("data/mnist",))
    data = chosen.shared / "data" / "mnist"
    short = ["--epochs", 1] if chosen.quick else []
    machine = look()
    each = [ours("mnist", data, *short), peer(KERAS, chosen.peers, "keras_mnist", data, *short)]
    if chosen.before is not None:
        each.insert(1, before(chosen.before, "mnist", data, *short))
    sides = in_turns(beside(each, chosen.busy), chosen.rounds, until=chosen.until)
    publish(
        Report(
            name="mnist-busy" if chosen.busy else "mnist",
            title="MNIST to 99.0 % of the test digits",
            command=typed("bench-mnist", chosen),
            method=(
                "Time of training, a process a seed, the sides in turns. Keras's is that of fit(), "
                "for its own simple convolutional network with the settings of its example and "
                "as many epochs as that takes to 99.0 %. Striate's is that of the whole call of "
                "train(): reading the files, choosing the precision, training, judging the test "
                "digits, writing the report. Its epochs alone stand beside it. Neither counts the "
                "start of Python and imports; the whole process does. "
                + rounds_told(len(sides[OURS]), chosen.rounds, chosen.minutes)
            ),
            tables=(summary(sides), seeds(sides)),
            findings=(*findings(sides), *(busy_finding(sides, n) for n in chosen.busy)),
            machine=machine,
            raw=raw(sides),
        ),
        chosen.out,
    )


def seconds(runs: Sequence[Ran]) -> list[float]:
    """Give the seconds of training of each."""
    return [float(ran.told["seconds"]) for ran in runs]


def epochs(ran: Ran) -> float:
    """Give the seconds of the epochs alone; Keras's fit() is nothing else."""
    parts = ran.told.get("epoch_seconds")
    return float(ran.told["seconds"]) if parts is None else float(sum(parts))


def accuracy(ran: Ran) -> float:
    """Give the share of the test digits told right."""
    return float(ran.told["right"]) / float(ran.told["n"])


def summary(sides: Sides) -> Table:
    """Show a row a side: medians, with the lowest and the highest."""
    header = ("side", "training, s", "its epochs, s", "whole process, s", "test accuracy", "MiB")
    rows = tuple(
        (
            name,
            spread(seconds(runs)),
            spread([epochs(ran) for ran in runs]),
            spread([ran.seconds for ran in runs]),
            format_percent(median(accuracy(ran) for ran in runs)),
            memory(runs),
        )
        for name, runs in sides.items()
    )
    return Table(header, rows, set(header[1:]), "Median (lowest to highest) of the seeds")


def seeds(sides: Sides) -> Table:
    """Show a row a seed and side, with the interval of its accuracy."""
    header = ("seed", "side", "training, s", "told right", "accuracy", "95 % interval")
    rows = []
    for name, runs in sides.items():
        for seed, ran in enumerate(runs):
            right, n = int(ran.told["right"]), int(ran.told["n"])
            low, high = wilson_interval(right, n)
            rows.append(
                (
                    str(seed),
                    name,
                    f"{ran.told['seconds']:.1f}",
                    f"{right:,} of {n:,}",
                    format_percent(right / n),
                    f"{format_percent(low)} to {format_percent(high)}",
                )
            )
    return Table(header, tuple(rows), {"seed", "training, s", "told right"}, "Every seed")


def findings(sides: Sides) -> tuple[str, ...]:
    """Say how many times as fast it is, and how many seeds reach 99.0 %."""
    theirs, own = sides[KERAS], sides[OURS]
    then = sides.get("before")
    reached = {name: sum(accuracy(ran) >= 0.99 for ran in runs) for name, runs in sides.items()}
    return (
        f"Training is {ratio(seconds(theirs), seconds(own)):.1f} times as fast by the "
        "medians; its epochs alone are "
        f"{ratio(seconds(theirs), [epochs(ran) for ran in own]):.1f} times as fast, whole "
        f"processes {ratio([ran.seconds for ran in theirs], [ran.seconds for ran in own]):.1f} "
        f"times. 99.0 % is reached by {reached[OURS]} of {len(own)} seeds here and by "
        f"{reached[KERAS]} of {len(theirs)} of Keras.",
        *([] if then is None else [f"As fast as before: {before_told(own, then)}."]),
    )


def before_told(own: Sequence[Ran], then: Sequence[Ran]) -> str:
    """Say how many times as fast as another checkout it is."""
    call = ratio(seconds(then), seconds(own))
    process = ratio([ran.seconds for ran in then], [ran.seconds for ran in own])
    return f"{call:.2f} times as a call, {process:.2f} times as a whole process"


def busy_finding(sides: Sides, n: int) -> str:
    """Say what beside n busy processes is left of each side's speed when quiet."""
    kept = {
        name: ratio(seconds(sides[name]), seconds(sides[loaded(name, n)]))
        for name in sides
        if loaded(name, n) in sides
    }
    own, theirs = sides[loaded(OURS, n)], sides[loaded(KERAS, n)]
    told = ", ".join(f"{name} {share:.0%}" for name, share in kept.items())
    return (
        f"Beside {n} process{'' if n == 1 else 'es'} that keep{'s' if n == 1 else ''} a core busy "
        f"training keeps of its quiet speed: {told}. It is "
        f"{ratio(seconds(theirs), seconds(own)):.1f} times as fast as {KERAS} there."
    )


if __name__ == "__main__":
    main()
