"""How many photographs a second train a ResNet-18 at 128 pixels, beside Keras and plain torch.

    python -m benchmarks.throughput [--rounds 3] [--epochs 5] [--quick]

From JPEG files on disk and random weights, in batches of 32.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.harness import (
    Machine,
    Ran,
    Report,
    Sides,
    in_turns,
    look,
    ours,
    parser,
    peer,
    publish,
    raw,
    read,
    spread,
)
from striate.architecture.layer_table import summary
from striate.terminal.tables import Table

OURS = "Striate"


def main() -> None:
    """Train all in turns, and say what came of it."""
    made = parser((__doc__ or "").splitlines()[0], rounds=3)
    made.add_argument("--epochs", type=int, default=5, help="the first is not counted")
    made.add_argument("--side", type=int, default=128, help="of the images, in pixels")
    chosen = read(made, needed=("data/hymenoptera",))
    epochs, side = (2, 32) if chosen.quick else (chosen.epochs, chosen.side)
    given = ("--side", side, "--epochs", epochs)
    data = chosen.shared / "data" / "hymenoptera"
    machine = look()
    sides = in_turns(
        [
            ours("train", data, *given),
            peer("Keras", chosen.peers, "keras_train", data / "train", *given),
            peer("torch", chosen.peers, "torch_train", data / "train", *given),
        ],
        chosen.rounds,
    )
    publish(
        Report(
            name="throughput",
            title=f"Training a ResNet-18 at {side} pixels",
            command="make bench-throughput",
            method=(
                f"Photographs a second in training, validation left out, over {epochs} epochs of "
                "the training photographs of ants and bees; a process a round, the sides in turns. "
                "At full speed is the median of all epochs but the first. From the files on counts "
                "what comes before as well: reading, measuring the precision, the first epoch with "
                "its compiling. Keras keeps decoded images in memory (cache), torch decodes them "
                "anew in as many worker processes as there are cores, with torchvision's "
                "RandomResizedCrop and flip; Striate keeps them and changes them as by default. "
                "The peers compute in float32, as they do by default; Striate in what it measures "
                "to be the fastest, which on processors with bf16 is bf16 with channels last."
            ),
            tables=(by_side(sides),),
            findings=findings(sides, machine, side),
            machine=machine,
            raw=raw(sides),
        ),
        chosen.out,
    )


def full(runs: Sequence[Ran]) -> list[float]:
    """Give images a second of each run, its first epoch left out."""
    return [ran.told["images"] / median(ran.told["epochs"][1:]) for ran in runs]


def whole(runs: Sequence[Ran]) -> list[float]:
    """Give images a second of each run, with all that comes before the first epoch."""
    return [
        ran.told["images"]
        * len(ran.told["epochs"])
        / (ran.told.get("before", 0.0) + sum(ran.told["epochs"]))
        for ran in runs
    ]


def by_side(sides: Sides) -> Table:
    """Show a row a side."""
    header = ("side", "at full speed", "from the files on", "photographs", "whole process, s")
    rows = tuple(
        (
            name,
            spread(full(runs)),
            spread(whole(runs)),
            str(runs[0].told["images"]),
            spread([ran.seconds for ran in runs]),
        )
        for name, runs in sides.items()
    )
    return Table(header, rows, set(header[1:]), "Photographs a second, median (lowest to highest)")


def findings(sides: Sides, machine: Machine, side: int) -> tuple[str, ...]:
    """Say how many times as fast it is as the better peer, and what share of the peak it is."""
    own = sides[OURS]
    others = {name: runs for name, runs in sides.items() if name != OURS}
    best = max(others, key=lambda name: median(full(others[name])))
    first = max(others, key=lambda name: median(whole(others[name])))
    network = summary("resnet18", input=(3, side, side), classes=2)
    # a multiply-accumulate is two operations
    reached = 2 * (network.macs + network.backward_macs) * median(full(own)) / 1e9
    return (
        f"At full speed Striate trains {median(full(own)) / median(full(others[best])):.1f} times "
        f"as fast as {best}, the better of the two; from the files on "
        f"{median(whole(own)) / median(whole(others[first])):.1f} times as fast as {first}.",
        f"An image takes {network.macs / 1e6:,.0f} million multiply-accumulates forward and "
        f"{network.backward_macs / 1e6:,.0f} backward, so Striate computes {reached:,.0f} GFLOP/s: "
        f"{reached / machine.bf16:.0%} of the measured peak in bf16, "
        f"{reached / machine.float32:.0%} of that in float32.",
    )


if __name__ == "__main__":
    main()
