"""How time and memory grow with the number of images: 1, 4 and 16 times as many.

Photographs are drawn, so that no data are needed, each of 480 x 360 pixels and other than all
others. On each number of them one small network is trained from scratch for two epochs, a head
alone is learnt on a trained body, a classifier is evaluated, and a folder is predicted: every
one a process of its own, timed from its start to its end. The numbers take turns.

    python -m benchmarks.growth [--images 250] [--rounds 3] [--quick]
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from benchmarks.harness import (
    Report,
    Side,
    Sides,
    in_turns,
    look,
    parser,
    read,
    rounds_told,
    run,
    spread,
    write,
)
from striate.terminal.tables import Table

TIMES = (1, 4, 16)
ROWS, COLUMNS = 360, 480
NETWORK = "[conv 16 > bn > relu > maxpool 2]*3 > gap > flatten > fc"
LEARN = (
    *("--image-size", "64", "--batch-size", "25", "--precision", "float32", "--epochs", "2"),
    *("--network", NETWORK),
)
MIB = 2**20


def draw(folder: Path, images: int, seed: int) -> Path:
    """Draw noisy photographs of two classes, stripes that rise and stripes that fall."""
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    for number in range(images):
        generator = np.random.default_rng([seed, number])
        rising = number % 2
        slope = generator.uniform(0.3, 3) * (1 if rising else -1)
        wave = np.sin((columns + slope * rows) / generator.uniform(8, 24) + generator.uniform(0, 6))
        small = generator.normal(size=(12, 16, 3)).astype(np.float32)
        cloud = np.stack(
            [
                np.asarray(Image.fromarray(plane).resize((COLUMNS, ROWS)))
                for plane in small.transpose(2, 0, 1)
            ],
            axis=2,
        )
        pixels = 128 + 40 * wave[:, :, None] + 30 * cloud
        place = folder / ("falling", "rising")[rising]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(place / f"{number:06}.jpg")
    return folder


def striate(*arguments: str | Path) -> list[str]:
    """Give the command line of a verb."""
    return [sys.executable, "-m", "striate", *map(str, arguments)]


def sides(data: Path, body: Path, working: Path, name: str) -> list[Side]:
    """Give what is done with one number of images."""

    def out(verb: str, number: int) -> list[str]:
        return ["--out", str(working / f"{verb}-{name}-{number}"), "--seed", str(number)]

    return [
        Side(f"train {name}", lambda n: striate("train", data, *LEARN, *out("train", n))),
        Side(
            f"train --pretrained {name}",
            lambda n: striate("train", data, "--pretrained", body, *out("head", n)),
        ),
        Side(f"evaluate {name}", lambda n: striate("evaluate", body, data, "--json")),
        Side(f"predict {name}", lambda n: striate("predict", body, data, "--csv")),
    ]


VERBS = ("train", "train --pretrained", "evaluate", "predict")


def further(seconds: Sequence[float], images: Sequence[int]) -> tuple[float, float]:
    """Give what a further image takes among few and among many, in milliseconds.

    Args:
        seconds: of three numbers of images.
        images: these, in growing order.

    >>> further([2.0, 2.5, 4.5], [100, 600, 2600])
    (1.0, 1.0)
    """
    first, second = (
        1000 * (seconds[place + 1] - seconds[place]) / (images[place + 1] - images[place])
        for place in (0, 1)
    )
    return first, second


def tables(ran: Sides, images: Sequence[int]) -> tuple[tuple[Table, ...], list[str]]:
    """Write times and memory down, and say what they show."""
    times, memory, findings = [], [], []
    for verb in VERBS:
        each = [ran[f"{verb} {number}"] for number in images]
        seconds = [median(one.seconds for one in found) for found in each]
        peaks = [median(one.peak_memory for one in found) / MIB for found in each]
        few, many = further(seconds, images)
        times.append(
            (
                verb,
                *(spread([one.seconds for one in found]) for found in each),
                f"{few:.2f}",
                f"{many:.2f}",
            )
        )
        memory.append((verb, *(f"{peak:,.0f}" for peak in peaks), f"{peaks[-1] / peaks[0]:.2f}"))
        grown = images[-1] / images[0]
        findings.append(
            f"{verb}: {grown:.0f} times the images take {seconds[-1] / seconds[0]:.1f} times as "
            f"long and {peaks[-1] / peaks[0]:.2f} times the memory. A further image takes "
            f"{few:.2f} ms up to {images[1]:,}, and {many:.2f} ms from there to {images[2]:,}."
        )
    counts = [f"{number:,} images" for number in images]
    ends = [f"ms each, {few:,} to {many:,}" for few, many in itertools.pairwise(images)]
    return (
        Table(("seconds, median (range)", *counts, *ends), tuple(times)),
        Table(("peak MiB", *counts, "most / fewest"), tuple(memory)),
    ), findings


def main() -> None:
    """Draw, run, write."""
    made = parser(__doc__.splitlines()[0], rounds=3)
    made.add_argument("--images", type=int, default=250, help="the smallest number of them")
    chosen = read(made)
    fewest = 20 if chosen.quick else chosen.images
    images = [fewest * times for times in TIMES]
    machine = look()
    with tempfile.TemporaryDirectory() as scratch:
        working = Path(scratch)
        print("drawing the images")
        taught = draw(working / "taught", fewest, seed=1)
        data = {number: draw(working / f"data-{number}", number, seed=0) for number in images}
        body = working / "body"
        run(striate("train", taught, *LEARN, "--out", body))
        each = [
            side
            for number, folder in data.items()
            for side in sides(folder, body, working, str(number))
        ]
        ran = in_turns(each, chosen.rounds, until=chosen.until)
    found, findings = tables(ran, images)
    for table in found:
        print(f"\n{table}")
    print("\n" + "\n".join(findings))
    if chosen.out is not None:
        report = Report(
            "growth",
            "Growth: 1, 4 and 16 times the images",
            "make bench-growth",
            " ".join((__doc__ or "").split("\n\n")[1].split())
            + " "
            + rounds_told(min(map(len, ran.values())), chosen.rounds, chosen.minutes)
            + " Memory is the most that the process held; "
            "training and evaluation keep decoded images in memory, here 12 KiB each, up to "
            "2 GiB of them.",
            found,
            tuple(findings),
            machine,
            {name: [vars(one) for one in each] for name, each in ran.items()},
        )
        write(report, chosen.out)


if __name__ == "__main__":
    main()
