"""Where class activation maps lie: cells at the centres of their receptive fields, or stretched.

    python -m benchmarks.maps [--images 200] [--quick]

The photographs of `benchmarks.evidence`; the pointing game, the overlap with the boxes and the
alignment check of SqueezeNet 1.1, MobileNetV2 and EfficientNet-Lite0. The weights of the last two
are TensorFlow's, so both also run with its padding. Times mean nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.evidence import interval
from benchmarks.harness import Report, look, parser, publish, read
from striate.architecture import zoo
from striate.evaluation.comparison.paired_comparison import compare_pairs
from striate.evaluation.metrics.wilson import wilson_interval
from striate.explanation.attribution_methods import explain
from striate.explanation.cell_centers import CellCenters
from striate.explanation.deletion_insertion import center_gaussian
from striate.explanation.explanation import Explanation
from striate.explanation.map_alignment import MapAlignment, align_maps, check_alignment
from striate.explanation.pointing_game import Box, play_pointing_game
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.model.classifier import Classifier
from striate.model.importing import import_classifier
from striate.model.weights import find_official
from striate.model.weights.installed import find_installed
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

LITE = "efficientnet_lite0"
CASES = (
    ("squeezenet1_1", ""),
    ("mobilenet_v2", ""),
    ("mobilenet_v2", "pad=end"),
    (LITE, ""),
    (LITE, "pad=end"),
)
SHARE = 0.3  # of a map's largest number, from which a pixel counts for the overlap


@dataclass(frozen=True)
class Laid:
    """Maps of all images, laid in one way.

    Attributes:
        hit: whether the centre of the highest cell lies in a box, an image each.
        overlap: of the pixels of at least 0.3 of the largest number with the boxes: intersection
            over union.
    """

    hit: tuple[bool, ...]
    overlap: tuple[float, ...]


@dataclass(frozen=True)
class Case:
    """One network.

    Attributes:
        name: of it, with its padding.
        stretched: the grid stretched over the image.
        laid: each cell at the centre of its receptive field.
        middle: whether the image's middle lies in a box.
        alignment: of the laid maps.
    """

    name: str
    stretched: Laid
    laid: Laid
    middle: tuple[bool, ...]
    alignment: MapAlignment


def main() -> None:
    """Measure every network."""
    made = parser((__doc__ or "").splitlines()[0], rounds=1)
    made.add_argument("--images", type=int, default=200, help="how many, of 200")
    needed = tuple(f"weights/{name}.pth" for name in ("squeezenet1_1", "mobilenet_v2"))
    chosen = read(made, needed=("data/ilsvrc_boxes", *needed))
    images = 10 if chosen.quick else chosen.images
    machine = look()
    found = [measure(chosen.shared, *case, images=images) for case in CASES]
    publish(
        Report(
            name="maps",
            title="Where maps lie",
            command="make bench-maps",
            method=(
                f"{images} photographs of ILSVRC's validation part with the boxes of their class, "
                "squashed to 224 pixels; the class activation map of the true class. Stretched: "
                "cell j of n at (j + 1/2) / n of the side; laid: at the centre of its receptive "
                "field. Hit: the centre of the highest cell lies in a box. Overlap: intersection "
                f"over union of the boxes and the pixels of at least {SHARE} of the map's largest "
                "number. Intervals of 95 %: Wilson's for hits, the bootstrap for overlaps; pairs "
                "by Tango's interval and McNemar's exact test. Beside: how far the laid map lies "
                "right and below of where the network looks, by the map of the mirrored image, "
                "medians. All together: how far its cells look right of and below the middle."
            ),
            tables=(table(found), alignment_table(found)),
            findings=tuple(finding(case) for case in found),
            machine=machine,
            raw={
                case.name: {
                    "stretched": asdict(case.stretched),
                    "laid": asdict(case.laid),
                    "middle": case.middle,
                    "alignment": case.alignment.as_json(),
                }
                for case in found
            },
        ),
        chosen.out,
    )


def load(shared: Path, name: str, padding: str) -> Classifier:
    """Return a network with its ImageNet weights, its windows padded as asked for."""
    official = find_official(name)
    weights = find_installed(official) if name == LITE else shared / "weights" / f"{name}.pth"
    text = zoo.text(name).replace("stride=stride", f"stride=stride {padding}")
    return import_classifier(
        text if padding else name,
        weights or "imagenet",
        classes=shared / "weights" / "imagenet_class_index.json",
        preprocess={
            "crop_ratio": 1.0,
            "mean": official.preprocess.mean,
            "std": official.preprocess.std,
        },
    )


def measure(shared: Path, name: str, padding: str, *, images: int) -> Case:
    """Measure one network."""
    model = load(shared, name, padding)
    folder = shared / "data" / "ilsvrc_boxes"
    listed = json.loads((folder / "boxes.json").read_text("utf-8"))
    spread = np.linspace(0, len(listed) - 1, min(images, len(listed))).round().astype(int)
    stretched, laid, middle, shifts = [], [], [], []
    for entry in (listed[place] for place in spread):
        subject = PreprocessedImage.read(model, folder / entry["file"])
        target = (model.ids or ()).index(entry["wnid"])
        boxes = [(top, left, bottom, right) for left, top, right, bottom in entry["boxes"]]

        def cells(
            image: PreprocessedImage, target: int = target
        ) -> tuple[np.ndarray, CellCenters | None]:
            found = explain(model, image, target=target, method="cam")
            return found.attribution, found.centers

        one = explain(model, subject, target=target, method="cam")
        stretched.append(point(one.stretched(), boxes))
        laid.append(point(one, boxes))
        blind = play_pointing_game(center_gaussian(*subject.pixels.shape[1:]), boxes)
        middle.append(blind.center_hit)
        checked = check_alignment(subject, cells)
        shifts.append((checked.rows.shift, checked.columns.shift))
    full = f"{name}, {padding}" if padding else name
    print(f"{full}: {len(spread)} images", flush=True)
    size = (model.preprocess.height, model.preprocess.width)
    return Case(
        full,
        Laid(*zip(*stretched, strict=True)),
        Laid(*zip(*laid, strict=True)),
        tuple(middle),
        align_maps(shifts, one.centers, size),
    )


def point(found: Explanation, boxes: Sequence[Box]) -> tuple[bool, float]:
    """Return whether a map points into a box, and how far it overlaps with the boxes."""
    values = found.map
    inside = np.zeros(values.shape, np.bool_)
    for top, left, bottom, right in boxes:
        inside[round(top) : round(bottom), round(left) : round(right)] = True
    marked = values >= SHARE * max(float(values.max()), 1e-12)
    overlap = float((marked & inside).sum() / (marked | inside).sum())
    return play_pointing_game(values, boxes, peak=found.peak).hit, overlap


def table(found: Sequence[Case]) -> Table:
    """Show a row a network: hits and overlaps, stretched and laid."""
    header = ("network", "hits, stretched", "hits, laid", "overlap, stretched", "overlap, laid")
    rows = [
        (
            case.name,
            *(hits(each.hit) for each in (case.stretched, case.laid)),
            *(overlap(each.overlap) for each in (case.stretched, case.laid)),
        )
        for case in found
    ]
    rows.append(("the image's middle", hits(found[0].middle), "", "", ""))
    return Table(header, tuple(rows), set(header[1:]), "Pointing into the box")


def alignment_table(found: Sequence[Case]) -> Table:
    """Show a row a network: where its maps lie and where its cells look, in pixels."""
    header = ("network", "beside, right", "beside, down", "all together, right", "down")
    rows = tuple(
        (
            case.name,
            *(
                f"{axis.shift:.1f} ({axis.low:.1f} to {axis.high:.1f})"
                for axis in (case.alignment.columns, case.alignment.rows)
            ),
            *(f"{axis.off_center:.1f}" for axis in (case.alignment.columns, case.alignment.rows)),
        )
        for case in found
    )
    return Table(header, rows, set(header[1:]), "The alignment check, in pixels")


def hits(hit: Sequence[bool]) -> str:
    """Write a share with Wilson's interval.

    >>> hits([True, True])
    '100.0 % (34.2 to 100.0)'
    """
    low, high = wilson_interval(sum(hit), len(hit))
    return f"{format_percent(sum(hit) / len(hit))} ({low * 100:.1f} to {high * 100:.1f})"


def overlap(values: Sequence[float]) -> str:
    """Write a mean with its bootstrap interval."""
    low, high = interval(np.array(values))
    return f"{np.mean(values):.3f} ({low:.3f} to {high:.3f})"


def finding(case: Case) -> str:
    """Say what laying changes, image by image."""
    pair = compare_pairs(
        ["stretched", "laid"], [np.array(case.stretched.hit), np.array(case.laid.hit)]
    )[0]
    gained = np.array(case.laid.overlap) - np.array(case.stretched.overlap)
    low, high = interval(gained)
    aligned = "" if case.alignment.passed else " The alignment check warns."
    return (
        f"{case.name}: {pair.words}; overlap {gained.mean():+.3f} ({low:+.3f} to {high:+.3f})."
        f"{aligned}"
    )


if __name__ == "__main__":
    main()
