"""How accuracy grows with the number of images: from scratch, and from trained backbones.

    python -m benchmarks.learning [--rounds 3] [--quick]

Ants and bees: 20 to 244 photographs to learn from, drawn anew by each seed, as many of each class;
the same 153 validation photographs are judged every time. Times mean nothing here, so this may
run beside other work.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import mean

import numpy as np
from matplotlib.figure import Figure

from benchmarks.harness import Report, look, parser, publish, read, rounds_told, within
from striate.render.confidence_bands import Band, draw_bands
from striate.render.figure_files import Still
from striate.render.palette import BLUE, GREEN, ORANGE
from striate.settings import Settings
from striate.terminal.tables import Table
from striate.terminal.units import format_percent
from striate.training.runs import start_run

SIZES = (20, 40, 80, 160, 244)
SCRATCH = "from scratch"
SQUEEZENET = "from SqueezeNet 1.1"
TRANSFER = "from EfficientNet-Lite0"  # what a run starts from where pip has brought it
LOOKS = {SCRATCH: (ORANGE, "s"), SQUEEZENET: (BLUE, "o"), TRANSFER: (GREEN, "^")}

Found = Mapping[str, Mapping[int, list[float]]]  # accuracies by way and number of images


def main() -> None:
    """Train each way on ever more images, and draw what came of it."""
    made = parser((__doc__ or "").splitlines()[0], rounds=3)
    made.add_argument("--figure", type=Path, help="where to draw it, as a PNG")
    chosen = read(made, needed=("data/hymenoptera", "weights/squeezenet1_1.pth"))
    weights = str(chosen.shared / "weights" / "squeezenet1_1.pth")
    settings = {
        SCRATCH: Settings(image_size=64, epochs=1 if chosen.quick else 30),
        SQUEEZENET: Settings(pretrained="squeezenet1_1", weights=weights, offline=True),
        TRANSFER: Settings(pretrained="efficientnet_lite0", offline=True),
    }
    sizes = SIZES[:2] if chosen.quick else SIZES
    found: dict[str, dict[int, list[float]]] = {way: {n: [] for n in sizes} for way in settings}
    machine = look()
    for seed in within(chosen.rounds, chosen.until):
        for n in sizes:
            with tempfile.TemporaryDirectory() as folder:
                data = Path(folder) / "hymenoptera"
                draw(chosen.shared / "data" / "hymenoptera", data, n=n, seed=seed)
                for way, given in settings.items():
                    network = "compact" if way == SCRATCH else None
                    run = Path(folder) / way.replace(" ", "-")
                    ran = start_run(data, network, out=run, settings=given)
                    found[way][n].append(ran.evaluation.accuracy)
                    print(f"seed {seed}, {n} images, {way}: {format_percent(found[way][n][-1])}")
    if chosen.figure is not None:
        chosen.figure.write_bytes(Still(lambda figure: plot(figure, found)).png())
    publish(
        Report(
            name="learning",
            title="Accuracy by the number of images",
            command="make bench-learning",
            method=(
                "Ants and bees, as many of each, drawn anew by each seed; judged on the same 153 "
                "validation photographs. From scratch: the compact network at 64 pixels, 30 "
                "epochs, of which those photographs chose the best. From SqueezeNet 1.1 and "
                "EfficientNet-Lite0 with their ImageNet weights: a new head, chosen without them. "
                + rounds_told(len(found[SCRATCH][sizes[0]]), chosen.rounds, chosen.minutes)
            ),
            tables=(table(found),),
            findings=(finding(found),),
            machine=machine,
            raw={way: {str(n): each for n, each in by.items()} for way, by in found.items()},
        ),
        chosen.out,
    )


def draw(source: Path, target: Path, *, n: int, seed: int) -> None:
    """Make a folder of n training images, as many of each class, and all validation images."""
    generator = np.random.default_rng(seed)
    for part in ("train", "val"):
        classes = sorted(path for path in (source / part).iterdir() if path.is_dir())
        for each in classes:
            files = sorted(path for path in each.iterdir() if path.is_file())
            if part == "train":
                order = generator.permutation(len(files))  # of all, so that few are among many
                files = [files[place] for place in order[: n // len(classes)]]
            (target / part / each.name).mkdir(parents=True)
            for file in files:
                (target / part / each.name / file.name).symlink_to(file.resolve())


def finding(found: Found) -> str:
    """Say how few images a trained backbone needs for what all of them give from scratch."""
    scratch, transfer = (
        {n: mean(each) for n, each in found[way].items()} for way in (SCRATCH, TRANSFER)
    )
    most = max(scratch)
    enough = [n for n, accuracy in transfer.items() if accuracy >= scratch[most]]
    return (
        f"All {most} photographs give {format_percent(scratch[most])} from scratch and "
        f"{format_percent(transfer[most])} from the trained backbone"
        + (
            f", which gives {format_percent(transfer[enough[0]])} of {enough[0]}."
            if enough
            else "."
        )
    )


def table(found: Found) -> Table:
    """Show a row a number of images: the mean of each way, with the lowest and highest."""
    header = ("images", *found)
    rows = tuple(
        (
            str(n),
            *(
                f"{format_percent(mean(by[n]))} "
                f"({format_percent(min(by[n]))} to {format_percent(max(by[n]))})"
                for by in found.values()
            ),
        )
        for n in next(iter(found.values()))
    )
    return Table(header, rows, set(header), "Mean (lowest to highest) accuracy of the seeds")


def plot(figure: Figure, found: Found) -> None:
    """Draw all ways over the number of images."""
    bands = [
        Band(
            label=way,
            across=list(by),
            middle=[mean(each) for each in by.values()],
            low=[min(each) for each in by.values()],
            high=[max(each) for each in by.values()],
            colour=LOOKS[way][0],
            mark=LOOKS[way][1],
        )
        for way, by in found.items()
    ]
    axes = figure.add_subplot()
    draw_bands(
        axes, bands, title="Ants or bees: accuracy", across="photographs to learn from (log scale)"
    )
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(bands[0].across), [str(n) for n in bands[0].across])


if __name__ == "__main__":
    main()
