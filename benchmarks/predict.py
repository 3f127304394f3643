"""How long a folder of photographs takes, from the start of the program to the CSV.

    python -m benchmarks.predict [--rounds 5] [--before DIR] [--quick]

`striate predict MODEL FOLDER --csv` beside a script of Keras and one of torch, all with
MobileNetV2 at 224 pixels and two classes. The classifier is learnt before, from ImageNet's weights
and the photographs of ants and bees; torch gets the same weights.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.harness import (
    Report,
    Side,
    Sides,
    add_before,
    in_turns,
    look,
    memory,
    parser,
    publish,
    ratio,
    raw,
    read,
    refuse_emulation,
    rounds_told,
    run,
    spread,
    typed,
)
from benchmarks.harness.process import ROOT
from striate.terminal.tables import Table

OURS = "Striate"
WEIGHTS = "weights/mobilenet_v2.pth"


def main() -> None:
    """Classify with all in turns, and say what came of it."""
    made = parser((__doc__ or "").splitlines()[0], rounds=5)
    made.add_argument("--times", type=int, default=1, help="how often the folder holds each")
    add_before(made)
    chosen = read(made, needed=("data/hymenoptera", WEIGHTS))
    photographs = chosen.shared / "data" / "hymenoptera"
    refuse_emulation()
    machine = look()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n = spread_out(photographs, folder / "photos", chosen.times, most=8 if chosen.quick else 0)
        learnt = run(
            [
                *(sys.executable, "-m", "benchmarks.ours.classifier", str(photographs)),
                *("--weights", str(chosen.shared / WEIGHTS), "--out", str(folder)),
            ],
            environment={"STRIATE_CACHE": str(folder / "cache")},
            folder=chosen.before or ROOT,  # a later version opens what an earlier one wrote
        )
        each = contestants(folder, chosen.peers, chosen.before)
        sides = in_turns(each, chosen.rounds, until=chosen.until)
        agreed = agreement(folder, learnt.told["classes"])
    publish(
        Report(
            name="predict",
            title=f"Prediction over a folder of {n:,} photographs",
            command=typed("bench-predict", chosen),
            method=(
                "Whole processes, from their start to the end of the CSV, the sides in turns: "
                "imports, loading the network, reading, decoding, computing, writing. MobileNetV2 "
                "at 224 pixels in batches of 32, in float32; torch reads in as many worker "
                "processes as there are cores, Keras by image_dataset_from_directory. Keras's "
                "weights are random: its work is the same, its answers are not compared. Striate "
                "decodes JPEG files smaller where they are much larger than needed, the others "
                "whole. " + rounds_told(len(sides[OURS]), chosen.rounds, chosen.minutes)
            ),
            tables=(summary(sides, n),),
            findings=(
                f"Striate is {against(sides, 'Keras'):.1f} times as fast as the script of Keras "
                f"and {against(sides, 'torch'):.1f} times as fast as that of torch, with which it "
                f"agrees on {agreed} of {n:,} photographs."
                + (f" Before: {against(sides, 'before'):.2f} times." if chosen.before else ""),
            ),
            machine=machine,
            raw=raw(sides),
        ),
        chosen.out,
    )


def spread_out(photographs: Path, folder: Path, times: int, *, most: int) -> int:
    """Make one folder of links to all JPEG files, each so many times, and say how many.

    Args:
        photographs: holds them at any depth.
        folder: is made.
        times: how often each stands in it.
        most: how many there may be; 0 for any number.
    """
    folder.mkdir()
    found = sorted(photographs.rglob("*.jp*g"))[: most or None]
    for again in range(times):
        for path in found:
            (folder / f"{again}-{path.parent.parent.name}-{path.name}").symlink_to(path.resolve())
    return times * len(found)


def contestants(folder: Path, peers: Path, before: Path | None) -> list[Side]:
    """Give the three, or four, each of which writes NAME.csv into the folder."""
    programs = ROOT / "benchmarks" / "peers"
    photos = folder / "photos"
    model = folder / "run"
    commands: dict[str, list[object]] = {
        OURS: [sys.executable, "-m", "striate", "predict", model, photos, "--csv"],
        "Keras": [peers, programs / "keras_predict.py", photos],
        "torch": [peers, programs / "torch_predict.py", folder / "weights.pt", photos],
    }

    def side(name: str, words: list[object]) -> Side:
        command = [str(word) for word in words]
        return Side(name, lambda _: command, output=folder / f"{name}.csv")

    sides = [side(name, words) for name, words in commands.items()]
    if before is not None:
        old = folder / "before.csv"
        sides.append(replace(sides[0], name="before", folder=before.resolve(), output=old))
    return sides


def agreement(folder: Path, classes: Sequence[str]) -> int:
    """Count the photographs of which ours and torch say the same class."""
    with (folder / f"{OURS}.csv").open(encoding="utf-8", newline="") as file:
        own = {Path(row["file"]).name: row["class"] for row in csv.DictReader(file)}
    with (folder / "torch.csv").open(encoding="utf-8", newline="") as file:
        other = {Path(row[0]).name: classes[int(row[1])] for row in csv.reader(file)}
    return sum(other[name] == label for name, label in own.items())


def against(sides: Sides, name: str) -> float:
    """Give how many times as long a peer's process takes."""
    return ratio([ran.seconds for ran in sides[name]], [ran.seconds for ran in sides[OURS]])


def summary(sides: Sides, n: int) -> Table:
    """Show a row a side."""
    header = ("side", "whole process, s", "photographs a second", "processor, s", "MiB")
    rows = tuple(
        (
            name,
            spread([ran.seconds for ran in runs]),
            spread([n / ran.seconds for ran in runs]),
            spread([ran.processor_seconds for ran in runs]),
            memory(runs),
        )
        for name, runs in sides.items()
    )
    return Table(header, rows, set(header[1:]), "Median (lowest to highest)")


if __name__ == "__main__":
    main()
