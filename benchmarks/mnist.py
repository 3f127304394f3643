"""How long it takes to reach 99.0 % on MNIST's test digits, beside Keras's own example.

    python -m benchmarks.mnist [--rounds 5] [--quick]

Five seeds a side. Keras trains the eight epochs that its example needs for 99.0 %; Striate's
network, epochs, batch and rate were chosen on digits held out of the training files. Test files
are read once, after training.
"""

from __future__ import annotations

from statistics import median

from benchmarks.harness import (
    Ran,
    Report,
    Sides,
    in_turns,
    look,
    ours,
    parser,
    peer,
    publish,
    ratio,
    raw,
    read,
    spread,
)
from striate.evaluation.metrics.wilson import wilson_interval
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

KERAS = "Keras"
OURS = "Striate"


def main() -> None:
    """Train both in turns, and say what came of it."""
    chosen = read(parser((__doc__ or "").splitlines()[0], rounds=5), needed=("data/mnist",))
    data = chosen.shared / "data" / "mnist"
    short = ["--epochs", 1] if chosen.quick else []
    machine = look()
    sides = in_turns(
        [ours("mnist", data, *short), peer(KERAS, chosen.peers, "keras_mnist", data, *short)],
        chosen.rounds,
    )
    publish(
        Report(
            name="mnist",
            title="MNIST to 99.0 % of the test digits",
            command="make bench-mnist",
            method=(
                "Time of training, a process a seed, the sides in turns. Keras's is that of fit(), "
                "for its own simple convolutional network with the settings of its example and "
                "as many epochs as that takes to 99.0 %. Striate's is that of the whole call of "
                "train(): reading the files, choosing the precision, training, judging the test "
                "digits, writing the report. Its epochs alone stand beside it. Neither counts the "
                "start of Python and imports; the whole process does."
            ),
            tables=(summary(sides), seeds(sides)),
            findings=findings(sides),
            machine=machine,
            raw=raw(sides),
        ),
        chosen.out,
    )


def seconds(runs: tuple[Ran, ...] | list[Ran]) -> list[float]:
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
    header = ("side", "training, s", "its epochs, s", "whole process, s", "test accuracy")
    rows = tuple(
        (
            name,
            spread(seconds(list(runs))),
            spread([epochs(ran) for ran in runs]),
            spread([ran.seconds for ran in runs]),
            format_percent(median(accuracy(ran) for ran in runs)),
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
    reached = {name: sum(accuracy(ran) >= 0.99 for ran in runs) for name, runs in sides.items()}
    return (
        f"Training is {ratio(seconds(list(theirs)), seconds(list(own))):.1f} times as fast by the "
        "medians; its epochs alone are "
        f"{ratio(seconds(list(theirs)), [epochs(ran) for ran in own]):.1f} times as fast, whole "
        f"processes {ratio([ran.seconds for ran in theirs], [ran.seconds for ran in own]):.1f} "
        f"times. 99.0 % is reached by {reached[OURS]} of {len(own)} seeds here and by "
        f"{reached[KERAS]} of {len(theirs)} of Keras.",
    )


if __name__ == "__main__":
    main()
