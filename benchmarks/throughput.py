"""How many photographs a second train a ResNet-18 at 128 pixels, beside Keras and plain torch.

    python -m benchmarks.throughput [--rounds 3] [--epochs 5] [--busy 1] [--before DIR] [--quick]

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
    raw,
    read,
    rounds_told,
    spread,
    typed,
)
from striate.architecture.layer_table import summary
from striate.terminal.tables import Table

OURS = "Striate"
PEERS_HERE = ("Keras", "torch")


def main() -> None:
    """Train all in turns, and say what came of it."""
    made = parser((__doc__ or "").splitlines()[0], rounds=3)
    made.add_argument("--epochs", type=int, default=5, help="the first is not counted")
    made.add_argument("--side", type=int, default=128, help="of the images, in pixels")
    add_before(made)
    add_busy(made)
    chosen = read(made, needed=("data/hymenoptera",))
    epochs, side = (2, 32) if chosen.quick else (chosen.epochs, chosen.side)
    given = ("--side", side, "--epochs", epochs)
    data = chosen.shared / "data" / "hymenoptera"
    machine = look()
    each = [
        ours("train", data, *given),
        peer("Keras", chosen.peers, "keras_train", data, *given),
        peer("torch", chosen.peers, "torch_train", data, *given),
    ]
    if chosen.before is not None:
        each.insert(1, before(chosen.before, "train", data, *given))
    sides = in_turns(beside(each, chosen.busy), chosen.rounds, until=chosen.until)
    publish(
        Report(
            name="throughput-busy" if chosen.busy else "throughput",
            title=f"Training a ResNet-18 at {side} pixels",
            command=typed("bench-throughput", chosen),
            method=(
                f"Photographs a second in training, validation left out, over {epochs} epochs of "
                "the training photographs of ants and bees; a process a round, the sides in turns. "
                "At full speed is the median of all epochs but the first. From the files on counts "
                "what comes before as well: reading, measuring the precision, the first epoch with "
                "its compiling. Keras keeps decoded images in memory (cache), torch decodes them "
                "anew in as many worker processes as there are cores, with torchvision's "
                "RandomResizedCrop and flip; Striate keeps them and changes them as by default. "
                "The peers compute in float32, as they do by default; Striate in what it measures "
                "to be the fastest, which on processors with bf16 is bf16 with channels last. "
                "Accuracy, in percent, is that of the 153 validation photographs at the end; the "
                "peers are evaluated once, outside the epochs. "
                + rounds_told(len(sides[OURS]), chosen.rounds, chosen.minutes)
            ),
            tables=(by_side(sides),),
            findings=(
                *findings(sides, machine, side),
                *(busy_finding(sides, n) for n in chosen.busy),
            ),
            machine=machine,
            raw=raw(sides),
        ),
        chosen.out,
    )


def images(ran: Ran) -> int:
    """Give the images of an epoch, which checkouts up to November 2026 call pictures."""
    return int(ran.told["images"] if "images" in ran.told else ran.told["pictures"])


def full(runs: Sequence[Ran]) -> list[float]:
    """Give images a second of each run, its first epoch left out."""
    return [images(ran) / median(ran.told["epochs"][1:]) for ran in runs]


def whole(runs: Sequence[Ran]) -> list[float]:
    """Give images a second of each run, with all that comes before the first epoch."""
    return [
        images(ran)
        * len(ran.told["epochs"])
        / (ran.told.get("before", 0.0) + sum(ran.told["epochs"]))
        for ran in runs
    ]


def by_side(sides: Sides) -> Table:
    """Show a row a side."""
    header = ("side", "at full speed", "from the files on", "whole process, s", "accuracy", "MiB")
    rows = tuple(
        (
            name,
            spread(full(runs)),
            spread(whole(runs)),
            spread([ran.seconds for ran in runs]),
            accuracy(runs),
            memory(runs),
        )
        for name, runs in sides.items()
    )
    return Table(header, rows, set(header[1:]), "Photographs a second, median (lowest to highest)")


def accuracy(runs: Sequence[Ran]) -> str:
    """Give the share of validation photographs classified correctly, in percent; "-" if untold."""
    if not all("accuracy" in ran.told for ran in runs):
        return "-"
    return spread([100 * ran.told["accuracy"] for ran in runs], 0)


def findings(sides: Sides, machine: Machine, side: int) -> tuple[str, ...]:
    """Say how many times as fast it is as the better peer, and what share of the peak it is."""
    own = sides[OURS]
    others = {name: sides[name] for name in PEERS_HERE}
    best = max(others, key=lambda name: median(full(others[name])))
    first = max(others, key=lambda name: median(whole(others[name])))
    network = summary("resnet18", input=(3, side, side), classes=2)
    # a multiply-accumulate is two operations
    done = 2 * (network.macs + network.backward_macs) * median(full(own)) / 1e9
    peaks = {"bf16": machine.bf16, "float32": machine.float32}
    shares = [
        f"{done / peak:.0%} of the measured peak in {name}" for name, peak in peaks.items() if peak
    ]
    return (
        f"At full speed Striate trains {median(full(own)) / median(full(others[best])):.1f} times "
        f"as fast as {best}, the better of the two; from the files on "
        f"{median(whole(own)) / median(whole(others[first])):.1f} times as fast as {first}.",
        f"An image takes {network.macs / 1e6:,.0f} million multiply-accumulates forward and "
        f"{network.backward_macs / 1e6:,.0f} backward, so Striate computes {done:,.0f} GFLOP/s"
        f"{': ' if shares else ''}{', '.join(shares)}.",
        *before_finding(sides),
    )


def before_finding(sides: Sides) -> tuple[str, ...]:
    """Say how many times as fast it is as another checkout, where one ran."""
    if "before" not in sides:
        return ()
    now, then = sides[OURS], sides["before"]
    return (
        f"As fast as before: {median(full(now)) / median(full(then)):.2f} times at full speed, "
        f"{median(whole(now)) / median(whole(then)):.2f} times from the files on.",
    )


def busy_finding(sides: Sides, n: int) -> str:
    """Say what beside n busy processes is left of each side's speed, and who is the fastest."""
    kept = {
        name: median(whole(sides[loaded(name, n)])) / median(whole(runs))
        for name, runs in sides.items()
        if loaded(name, n) in sides
    }
    speeds = {name: median(whole(sides[loaded(name, n)])) for name in (OURS, *PEERS_HERE)}
    best = max(PEERS_HERE, key=lambda name: speeds[name])
    told = ", ".join(f"{name} {share:.0%}" for name, share in kept.items())
    return (
        f"Beside {n} process{'' if n == 1 else 'es'} that keep{'s' if n == 1 else ''} a core busy "
        f"training keeps of its quiet speed, from the files on: {told}. Striate is "
        f"{speeds[OURS] / speeds[best]:.1f} times as fast as {best} there."
    )


if __name__ == "__main__":
    main()
