"""How many photographs a second train a ResNet-18 on a card, beside plain loops of torch.

    python -m benchmarks.gpu --photos FOLDER [--rounds 3] [--copies 20] [--device cuda] [--quick]

In bf16 with channels last, batches of 256, on all sides. FOLDER holds a folder a class; each of
its photographs is taken several times, so that an epoch is long enough to be timed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.harness import (
    Machine,
    Ran,
    Report,
    Sides,
    in_turns,
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
)
from benchmarks.throughput import full, whole
from striate.architecture.layer_table import summary
from striate.terminal.tables import Table

OURS, LOOP, HELD = "Striate", "torch's loop", "the same, images held on the card"


def main() -> None:
    """Train all in turns, and say what came of it."""
    made = parser((__doc__ or "").splitlines()[0], rounds=3)
    made.add_argument("--photos", type=Path, required=True, help="a folder of a folder a class")
    made.add_argument("--copies", type=int, default=20, help="how often each is taken")
    made.add_argument("--epochs", type=int, default=5, help="the first is not counted")
    made.add_argument("--device", default="cuda", help="cpu tries it, at a small size")
    chosen = read(made)
    small = chosen.quick or chosen.device == "cpu"
    side, batch, epochs = (32, 32, 2) if small else (128, 256, chosen.epochs)
    given = ("--side", side, "--batch-size", batch, "--epochs", epochs, "--device", chosen.device)
    machine = look()
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "photos"
        copies(chosen.photos, data, 1 if small else chosen.copies)
        sides = in_turns(
            [
                ours("train", data, "--precision", "bf16", *given),
                peer(LOOP, chosen.peers, "torch_gpu", data, *given),
                peer(HELD, chosen.peers, "torch_gpu", data, "--held", *given),
            ],
            chosen.rounds,
            until=chosen.until,
        )
    publish(
        Report(
            name="throughput",
            title=f"Training a ResNet-18 at {side} pixels on {chosen.device}",
            command="tests/gpu/run.sh FOLDER",
            method=(
                f"Photographs a second in training over {epochs} epochs, batches of {batch}, bf16 "
                "with channels last on all sides; a process a round, the sides in turns. At full "
                "speed is the median of all epochs but the first; from the files on counts what "
                "comes before as well, where a side tells it. torch's loop decodes in as many "
                "workers as there are cores, with torchvision's RandomResizedCrop and flip; with "
                "the images held on the card it only mirrors them there, which is the most that "
                "the network's own steps allow; Striate keeps decoded images and changes them as "
                "by default, and holds a fifth out. "
                + rounds_told(len(sides[OURS]), chosen.rounds, chosen.minutes)
            ),
            tables=(by_side(sides),),
            findings=(finding(sides, machine, side),),
            machine=machine,
            raw=raw(sides),
        ),
        chosen.out,
    )


def copies(photos: Path, target: Path, times: int) -> None:
    """Make a folder of links in which every photograph stands so many times.

    Args:
        photos: a folder of a folder a class.
        target: is made.
        times: how often each stands in it.
    """
    for path in sorted(path for path in photos.glob("*/*") if path.is_file()):
        (target / path.parent.name).mkdir(parents=True, exist_ok=True)
        for again in range(times):
            (target / path.parent.name / f"{again:02}-{path.name}").symlink_to(path.resolve())


def by_side(sides: Sides) -> Table:
    """Show a row a side."""
    header = ("side", "at full speed", "from the files on", "whole process, s", "card, MiB", "MiB")
    rows = tuple(
        (
            name,
            spread(full(runs), 0),
            spread(whole(runs), 0) if "before" in runs[0].told else "-",
            spread([ran.seconds for ran in runs]),
            card(runs),
            memory(runs),
        )
        for name, runs in sides.items()
    )
    return Table(header, rows, set(header[1:]), "Photographs a second, median (lowest to highest)")


def card(runs: Sequence[Ran]) -> str:
    """Give the most of the card's memory that torch held, in MiB."""
    return spread([ran.told["card_memory"] / 2**20 for ran in runs], 0)


def finding(sides: Sides, machine: Machine, side: int) -> str:
    """Say how many times as fast as the loops it is, and what share of the peak each reaches."""
    rates = {name: median(full(runs)) for name, runs in sides.items()}
    network = summary("resnet18", input=(3, side, side), classes=2)
    # a multiply-accumulate is two operations
    image = 2 * (network.macs + network.backward_macs) / 1e9
    said = (
        f"At full speed Striate trains {rates[OURS] / rates[LOOP]:.2f} times as fast as torch's "
        f"loop, and {rates[OURS] / rates[HELD]:.2f} times as fast as that with images held on the "
        "card."
    )
    if machine.bf16 is None:
        return said
    shares = (f"{name} {rate * image / machine.bf16:.1%}" for name, rate in rates.items())
    return f"{said} Of the measured peak in bf16: {', '.join(shares)}."


if __name__ == "__main__":
    main()
