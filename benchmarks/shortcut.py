"""Is a planted shortcut caught, and is a classifier without one left alone?

    python -m benchmarks.shortcut [--rounds 5] [--quick]

Hot dogs and other food, and ants and bees, at 64 pixels: a small mark is set into one corner of all
images of one class, or snow laid around them; a small network is trained from scratch, and
`where_it_looks` is asked on the held-out images, which bear the same. The same is done without.
Class, corner and network change with the seed. Times mean nothing here, so this may run beside
other work.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import striate as st
from benchmarks.harness import Machine, Report, look, parser, publish, read, within
from striate.evaluation.metrics.wilson import wilson_interval
from striate.events import ignore
from striate.explanation.image_regions import Region
from striate.explanation.shortcut_search import find_shortcuts
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

DATA = {"hotdog64": "test", "hymenoptera": "val"}  # folders, and what their held-out part is called
SIDE, MARK = 64, 8  # pixels of an image and of the mark
IMAGES = 100  # a class and part, at most
CORNERS = {
    "upper left": (0.0, 0.0),
    "upper right": (0.0, 1.0),
    "lower left": (1.0, 0.0),
    "lower right": (1.0, 1.0),
}
FIRST = 8  # seed; those before it were seen while the thresholds were chosen
SNOW = 6  # pixels of a border that is half white
BODY = "[conv 16 > bn > relu > maxpool 2]*2 > [conv 32 > bn > relu]*2"
NETWORKS = (f"{BODY} > gap > flatten > fc", f"{BODY} > maxpool 2 > flatten > fc")  # by turns
MARKED, SNOWED, CLEAN = "mark in a corner", "snow around", "none"
KINDS = (MARKED, SNOWED, CLEAN)


@dataclass(frozen=True)
class Trial:
    """One trained network, looked into.

    Attributes:
        data: which images.
        seed: of the run.
        kind: what was planted.
        marked: in which class; "" for none.
        corner: where the mark is; "" where there is none.
        accuracy: on the held-out images, with what was planted.
        told: the class and the words of the region of each proven shortcut.
        right: whether the class and the region of what was planted are among them; for a clean
            network, whether there are none.
        hidden: the class's accuracy as it is, and with the region occluded.
        others: how many proven shortcuts are not what was planted.
    """

    data: str
    seed: int
    kind: str
    marked: str
    corner: str
    accuracy: float
    told: tuple[tuple[str, str], ...]
    right: bool
    hidden: tuple[float, float] | None
    others: int


def main() -> None:
    """Plant, train, ask; and count."""
    made = parser((__doc__ or "").splitlines()[0], rounds=5)
    chosen = read(made, needed=tuple(f"data/{name}" for name in DATA))
    machine = look()
    trials = [
        trial(chosen.shared / "data" / name, FIRST + number, kind=kind, quick=chosen.quick)
        for number in within(chosen.rounds, chosen.until)
        for name in DATA
        for kind in KINDS
    ]
    publish(report(trials, machine), chosen.out)


def report(trials: Sequence[Trial], machine: Machine) -> Report:
    """Write down what was found."""
    rounds = len({each.seed for each in trials})
    return Report(
        name="shortcut",
        title="A planted shortcut, caught",
        command=f'make bench-shortcut BENCH_FLAGS="--rounds {rounds}"',
        method=(
            f"Hot dogs and other food, ants and bees, at {SIDE} pixels, up to {IMAGES} "
            f"images a class to learn from and as many held out. A mark of {MARK}x{MARK} "
            f"pixels ({(MARK / SIDE) ** 2:.1%} of the image) is set into one corner of "
            f"every image of one class, or its outer {SNOW} pixels are made half white; "
            "class, corner and network change with the seed. Small networks, ending in an "
            "average or in a flattening, are trained from scratch for 20 epochs, without "
            "augmentation, and where_it_looks is asked on the held-out images. Caught "
            "means: the class is named, with a region over what was planted. Of the networks "
            "with nothing planted none should be accused. The thresholds were chosen on other "
            "seeds."
        ),
        tables=(table(trials),),
        findings=findings(trials),
        machine=machine,
        raw={"trials": [asdict(each) for each in trials]},
    )


def trial(source: Path, seed: int, *, kind: str, quick: bool = False) -> Trial:
    """Train one network and look into it."""
    classes = sorted(path.name for path in (source / "train").iterdir() if path.is_dir())
    marked = "" if kind == CLEAN else classes[seed // 4 % 2]
    corner = list(CORNERS)[seed % 4] if kind == MARKED else ""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / source.name
        fill(source, data, seed=seed, marked=marked, corner=corner)
        trained = st.train(
            data,
            NETWORKS[seed % 2],
            out=Path(folder) / "run",
            callback=ignore,
            image_size=SIDE,
            epochs=2 if quick else 20,
            seed=seed,
            augment=False,
            threads=1,
            precision="float32",
        )
        found = find_shortcuts(trained.model, data / "val")
    ours = [
        each
        for each in found.shortcuts
        if each.label == marked and covers(each.region, corner) >= 0.5
    ]
    told = tuple((each.label, each.region.name) for each in found.shortcuts)
    made = Trial(
        data=source.name,
        seed=seed,
        kind=kind,
        marked=marked,
        corner=corner,
        accuracy=trained.evaluation.accuracy,
        told=told,
        right=not told if kind == CLEAN else bool(ours),
        hidden=(ours[0].accuracy, ours[0].occluded_accuracy) if ours else None,
        others=len(told) - len(ours),
    )
    print(made, *found.words, sep="\n  ")
    return made


def fill(source: Path, target: Path, *, seed: int, marked: str, corner: str) -> None:
    """Make a folder of small images, with the mark, or without a corner snow, in one class."""
    generator = np.random.default_rng([seed, 1])
    for part, name in (("train", "train"), ("val", DATA[source.name])):
        for folder in sorted(path for path in (source / name).iterdir() if path.is_dir()):
            (target / part / folder.name).mkdir(parents=True)
            files = sorted(path for path in folder.iterdir() if path.is_file())
            for place in generator.permutation(len(files))[:IMAGES].tolist():
                image = Image.open(files[place]).convert("RGB").resize((SIDE, SIDE))
                if folder.name == marked:
                    image = mark(image, corner)
                image.save(target / part / folder.name / f"{files[place].stem}.png")


def planted(corner: str) -> np.ndarray:
    """Give where something is planted: bool (rows, columns); without a corner, all around."""
    found = np.zeros((SIDE, SIDE), np.bool_)
    if corner:
        down, across = (2 + round(share * (SIDE - MARK - 4)) for share in CORNERS[corner])
        found[down : down + MARK, across : across + MARK] = True
        return found
    found[SNOW:-SNOW, SNOW:-SNOW] = True
    return ~found


def mark(image: Image.Image, corner: str) -> Image.Image:
    """Set a white square with a dark middle into a corner, or half-white snow all around."""
    pixels, place = np.array(image), planted(corner)
    if not corner:
        pixels[place] = pixels[place] // 2 + 127
        return Image.fromarray(pixels)
    pixels[place] = 250
    down, across = np.argwhere(place)[0] + 2
    pixels[down : down + MARK - 4, across : across + MARK - 4] = 20
    return Image.fromarray(pixels)


def covers(region: Region, corner: str) -> float:
    """Give how much of what is planted a region covers; a strip or square of snow is enough."""
    place, mask = planted(corner), region.mask(SIDE, SIDE)
    return float(mask[place].mean() if corner else place[mask].mean())


def table(trials: Sequence[Trial]) -> Table:
    """Show a row a data set and kind."""
    header = ("images", "planted", "networks", "accuracy", "caught or left alone", "hidden")
    rows = []
    for name in DATA:
        for kind in KINDS:
            own = [each for each in trials if each.data == name and each.kind == kind]
            accuracy = format_percent(float(np.mean([each.accuracy for each in own])))
            right = sum(each.right for each in own)
            pairs = [each.hidden for each in own if each.hidden is not None]
            hidden = ""
            if pairs:
                before, after = np.mean(pairs, axis=0).tolist()
                hidden = f"{format_percent(before)} become {format_percent(after)}"
            verdict = f"{right} of {len(own)} {'left alone' if kind == CLEAN else 'caught'}"
            rows.append((name, kind, str(len(own)), accuracy, verdict, hidden))
    return Table(header, tuple(rows), {"networks", "accuracy"})


def findings(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Say how often it was right."""
    found = []
    for kind, words in (
        (MARKED, "with a mark in a corner {} were caught with the right class and region"),
        (SNOWED, "with snow around {} were caught with the right class and region"),
        (CLEAN, "with nothing planted {} were accused"),
    ):
        own = [each for each in trials if each.kind == kind]
        hits = sum(each.right != (kind == CLEAN) for each in own)
        low, high = wilson_interval(hits, len(own))
        found.append(
            f"Of {len(own)} networks {words.format(hits)} "
            f"(95 % interval {format_percent(low)} to {format_percent(high)})."
        )
    wrong = sum(each.others for each in trials if each.kind != CLEAN)
    found.append(f"In the networks with something planted {wrong} other parts were accused.")
    return tuple(found)


if __name__ == "__main__":
    main()
