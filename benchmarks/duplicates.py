"""How long near duplicates of a folder take, beside imagededup's PHash, and fastdup where it is.

    python -m benchmarks.duplicates [--rounds 5] [--quick] [--fastdup PYTHON]

The photographs of ants and bees as they are (about 500 pixels wide), and four times as wide, as
cameras make them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.harness import (
    Report,
    Side,
    Sides,
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
    spread,
)
from benchmarks.harness.process import ROOT
from striate.terminal.tables import Table

OURS, WHOLE, PEER = "Striate, the same work", "Striate, all that a check looks for", "imagededup"
FASTDUP, FASTDUP_PROGRAM = "fastdup", str(ROOT / "benchmarks" / "peers" / "fastdup_similar.py")
LARGE = 100  # photographs that are made larger


def main() -> None:
    """Find near duplicates with all in turns, and say what came of it."""
    made = parser((__doc__ or "").splitlines()[0], rounds=5)
    add_fastdup(made)
    chosen = read(made, needed=("data/hymenoptera",))
    refuse_emulation()
    machine = look()
    tables, findings, kept = [], [], {}
    with tempfile.TemporaryDirectory() as name:
        found = sorted((chosen.shared / "data" / "hymenoptera").rglob("*.jp*g"))
        for what, times, most in (("as they are", 1, len(found)), ("four times as wide", 4, LARGE)):
            folder = Path(name) / what.replace(" ", "-")
            n = copy(found[: 8 if chosen.quick else most], folder, times)
            rivals = contestants(folder, chosen.peers, chosen.fastdup)
            sides = in_turns(rivals, chosen.rounds, until=chosen.until)
            tables.append(summary(sides, f"{n:,} photographs {what}"))
            findings.append(
                f"{n:,} photographs {what}: reading, hashing and comparing takes imagededup "
                f"{against(sides, OURS):.1f} times as long, whole processes "
                f"{processes(sides, OURS):.1f} times. All that a check looks for (cut, turned and "
                f"mirrored copies too) takes {1 / against(sides, WHOLE):.1f} times as long as "
                f"imagededup's hash, the whole process {1 / processes(sides, WHOLE):.1f} times."
            )
            if chosen.fastdup:
                findings.append(
                    f"{n:,} photographs {what}: fastdup takes {against(sides, WHOLE, FASTDUP):.1f} "
                    "times as long as all that a check looks for, the whole process "
                    f"{processes(sides, WHOLE, FASTDUP):.1f} times."
                )
            kept[what] = raw(sides)
    publish(
        Report(
            name="duplicates",
            title="Near duplicates in a folder of photographs",
            command="make bench-duplicates",
            method=(
                "Processes in turns. The work is timed within each, from the first file to the "
                "list of pairs within 10 of 64 bits, without imports: one perceptual hash an image "
                "by both, imagededup in a process a core, Striate in a thread a core; JPEG files "
                "are decoded smaller by Striate where they are much larger than needed. "
                + rounds_told(chosen.rounds, chosen.rounds, chosen.minutes)
            ),
            tables=tuple(tables),
            findings=tuple(findings),
            machine=machine,
            raw=kept,
        ),
        chosen.out,
    )


def add_fastdup(made: argparse.ArgumentParser) -> None:
    """Add --fastdup, another peer, which needs an environment of its own."""
    made.add_argument(
        "--fastdup", type=Path, help="a Python that has fastdup (pip install fastdup==2.54)"
    )


def copy(photographs: list[Path], folder: Path, times: int) -> int:
    """Write photographs, so many times as wide and high, into folders of their classes."""
    for path in photographs:
        place = folder / path.parent.name / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if times == 1:
            place.symlink_to(path.resolve())
            continue
        with Image.open(path) as image:
            size = (image.width * times, image.height * times)
            image.convert("RGB").resize(size).save(place, quality=92)
    return len(photographs)


def contestants(folder: Path, peers: Path, fastdup: Path | None) -> list[Side]:
    """Give the three, and fastdup where there is one."""
    ours = [sys.executable, "-m", "benchmarks.ours.duplicates", str(folder)]
    peer = [str(peers), str(ROOT / "benchmarks" / "peers" / "imagededup_phash.py"), str(folder)]
    sides = [
        Side(OURS, lambda _: ours),
        Side(WHOLE, lambda _: [*ours, "--all"]),
        Side(PEER, lambda _: peer),
    ]
    if fastdup:
        sides.append(Side(FASTDUP, lambda _: [str(fastdup), FASTDUP_PROGRAM, str(folder)]))
    return sides


def against(sides: Sides, name: str, peer: str = PEER) -> float:
    """Give how many times as long the peer's work takes."""
    return ratio(
        [ran.told["work"] for ran in sides[peer]], [ran.told["work"] for ran in sides[name]]
    )


def processes(sides: Sides, name: str, peer: str = PEER) -> float:
    """Give how many times as long the peer's process takes."""
    return ratio([ran.seconds for ran in sides[peer]], [ran.seconds for ran in sides[name]])


def summary(sides: Sides, title: str) -> Table:
    """Show a row a side."""
    header = ("side", "work, s", "whole process, s", "processor, s", "MiB", "pairs")
    rows = tuple(
        (
            name,
            spread([ran.told["work"] for ran in runs]),
            spread([ran.seconds for ran in runs]),
            spread([ran.processor_seconds for ran in runs]),
            memory(runs),
            str(runs[0].told["pairs"]),
        )
        for name, runs in sides.items()
    )
    return Table(header, rows, set(header[1:]), f"{title}: median (lowest to highest)")


if __name__ == "__main__":
    main()
