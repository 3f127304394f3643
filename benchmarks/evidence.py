"""Do maps find what the boxes mark, and what the network needs?

    python -m benchmarks.evidence [--images 200] [--curves 100] [--quick]

Photographs of ILSVRC's validation part with their boxes, squashed to 224 pixels; the maps of the
true class of SqueezeNet 1.1 and MobileNetV2 with their ImageNet weights. The pointing game and the
energy in the boxes, deletion and insertion, each beside the image's middle and beside chance.
Times mean nothing here, so this may run beside other work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness import Report, look, parser, publish, read
from striate.evaluation.metrics.wilson import wilson_interval
from striate.explanation.attribution_methods import explain
from striate.explanation.batch_hires_cam import batch_hires_cam, find_map_layer
from striate.explanation.deletion_insertion import center_gaussian, score_curves
from striate.explanation.explanation import Explanation
from striate.explanation.map_resampling import lay_map
from striate.explanation.pointing_game import Box, play_pointing_game
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import Target
from striate.model.classifier import Classifier
from striate.model.importing import import_classifier
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

NETWORKS = ("squeezenet1_1", "mobilenet_v2")
MIDDLE, CHANCE = "the middle", "chance"
DRAWS, STEPS = 3, 10
RESAMPLED = 2000  # of the bootstrap

MapOf = Callable[[Classifier, PreprocessedImage, int], np.ndarray | Explanation]  # of a class


def against_others(model: Classifier, subject: PreprocessedImage, place: int) -> np.ndarray:
    """Give the class activation map of a class against the mean of the others."""
    layer = find_map_layer(model)
    found, _ = batch_hires_cam(model, layer, subject.pixels[None], np.array([place]))
    return lay_map(found[0], layer.centers, *subject.pixels.shape[1:])


def by(method: str) -> MapOf:
    """Give a method of `explain`, as one that makes a map of a class."""

    def make(model: Classifier, subject: PreprocessedImage, place: int) -> Explanation:
        return explain(model, subject, target=place, method=method)

    return make


METHODS: dict[str, MapOf] = {
    "CAM": by("cam"),
    "CAM against the other classes": against_others,
    "Grad-CAM": by("grad-cam"),
    "HiRes-CAM": by("hires-cam"),
    "Grad-CAM++": by("grad-cam++"),
    "Layer-CAM": by("layer-cam"),
    "occlusion": by("occlusion"),
    "integrated gradients": by("integrated-gradients"),
    "smooth gradients": by("smoothgrad"),
}
SLOW = ("occlusion", "integrated gradients", "smooth gradients")  # on fewer images


@dataclass(frozen=True)
class Measured:
    """One map of one image.

    Attributes:
        hit: whether its highest place lies in a box; for chance, the boxes' share of the area.
        energy: the share of its positive part in the boxes.
        deletion: area under the class's probability while pixels go; None where not followed.
        insertion: while they come.
    """

    hit: float
    energy: float
    deletion: float | None
    insertion: float | None


Found = dict[str, list[Measured]]  # by method, one an image


def main() -> None:
    """Measure every method with every network."""
    made = parser((__doc__ or "").splitlines()[0], rounds=1)
    made.add_argument("--images", type=int, default=200, help="how many, of 200")
    made.add_argument("--curves", type=int, default=100, help="with how many, deletion and so on")
    weights = tuple(f"weights/{name}.pth" for name in NETWORKS)
    chosen = read(made, needed=("data/ilsvrc_boxes", *weights))
    images, curves = (10, 2) if chosen.quick else (chosen.images, chosen.curves)
    machine = look()
    found = {name: measured(chosen.shared, name, images=images, curves=curves) for name in NETWORKS}
    publish(
        Report(
            name="evidence",
            title="What maps are worth",
            command="make bench-evidence",
            method=(
                f"{images} photographs of ILSVRC's validation part, of ten classes, squashed to "
                "224 pixels, with the boxes of their class; the networks with torchvision's "
                "ImageNet weights; the map of the true class, whatever the network takes it for. "
                "Hit: the highest place of the map lies in a box, without tolerance. In the box: "
                "the share of the map's positive part; for chance, the boxes' share of the area, "
                "which is also how often a place drawn blindly hits. Deletion and insertion "
                f"(RISE), and occlusion, integrated and smooth gradients, on {curves} of the "
                "photographs, spread evenly over the classes: area "
                f"under the class's probability in {STEPS} steps, tiles of 7 pixels, a blur for "
                f"what is away; chance is the mean of {DRAWS} random orders. Intervals of 95 %: "
                f"Wilson's for hits, else the bootstrap over photographs ({RESAMPLED:,} draws)."
            ),
            tables=tuple(table(name, each) for name, each in found.items()),
            findings=tuple(finding(name, each) for name, each in found.items()),
            machine=machine,
            raw={
                name: {method: [vars(one) for one in each] for method, each in by.items()}
                for name, by in found.items()
            },
        ),
        chosen.out,
    )


def measured(shared: Path, name: str, *, images: int, curves: int) -> Found:
    """Measure every method with one network."""
    model = import_classifier(
        name,
        shared / "weights" / f"{name}.pth",
        classes=shared / "weights" / "imagenet_class_index.json",
        preprocess={"crop_ratio": 1.0},
    )
    folder = shared / "data" / "ilsvrc_boxes"
    listed = json.loads((folder / "boxes.json").read_text("utf-8"))
    spread = np.linspace(0, len(listed) - 1, min(images, len(listed))).round().astype(int)
    followed = set(np.linspace(0, len(spread) - 1, min(curves, len(spread))).round().astype(int))
    found: Found = {method: [] for method in (*METHODS, MIDDLE, CHANCE)}
    for number, entry in enumerate(listed[place] for place in spread):
        subject = PreprocessedImage.read(model, folder / entry["file"])
        aim = Target(model.ids.index(entry["wnid"]), None, entry["wnid"])
        boxes = [(top, left, bottom, right) for left, top, right, bottom in entry["boxes"]]
        for method, one in judged(model, subject, aim, boxes, curves=number in followed).items():
            found[method].append(one)
        print(f"{name}: {number + 1} of {len(spread)}", flush=True)
    return found


def judged(
    model: Classifier,
    subject: PreprocessedImage,
    aim: Target,
    boxes: Sequence[Box],
    *,
    curves: bool,
) -> dict[str, Measured]:
    """Measure every method on one image."""
    size = subject.pixels.shape[1:]
    made = {
        name: method(model, subject, aim.index)
        for name, method in METHODS.items()
        if curves or name not in SLOW
    }
    maps = {
        name: each.map if isinstance(each, Explanation) else each for name, each in made.items()
    }
    peaks = {name: each.peak for name, each in made.items() if isinstance(each, Explanation)}
    maps[MIDDLE] = center_gaussian(*size)
    chance = np.random.default_rng(0)
    orders = [*maps.values(), *(chance.random(size) for _ in range(DRAWS))]
    areas: list[tuple[float | None, float | None]] = [(None, None)] * len(orders)
    if curves:
        both = score_curves(model, subject.pixels, orders, aim, steps=STEPS)
        areas = [(gone.auc, come.auc) for gone, come in zip(*both, strict=True)]
    found = {}
    for place, (name, values) in enumerate(maps.items()):
        at = play_pointing_game(values, boxes, peak=peaks.get(name))
        found[name] = Measured(float(at.hit), at.energy or 0.0, *areas[place])
    blind = play_pointing_game(maps[MIDDLE], boxes).area
    random = np.array(areas[len(maps) :], float).mean(0).tolist() if curves else (None, None)
    found[CHANCE] = Measured(blind, blind, *random)
    return found


def table(name: str, found: Mapping[str, Sequence[Measured]]) -> Table:
    """Show a row a method."""
    header = ("map", "images", "hits", "in the box", "deletion", "insertion")
    rows = []
    for method, each in found.items():
        hits = [one.hit for one in each]
        low, high = wilson_interval(round(sum(hits)), len(hits))
        game = f"{format_percent(float(np.mean(hits)))} ({low * 100:.1f} to {high * 100:.1f})"
        rows.append(
            (
                method,
                f"{len(each)}",
                format_percent(float(np.mean(hits))) if method == CHANCE else game,
                spoken([one.energy for one in each], scale=100, unit=" %"),
                spoken([one.deletion for one in each]),
                spoken([one.insertion for one in each]),
            )
        )
    return Table(header, tuple(rows), set(header[1:]), f"{name}, true class")


def spoken(values: Sequence[float | None], *, scale: float = 1, unit: str = "") -> str:
    """Write a mean with its bootstrap interval."""
    given = np.array([value for value in values if value is not None]) * scale
    low, high = interval(given)
    digits = 1 if unit else 3
    return f"{given.mean():.{digits}f}{unit} ({low:.{digits}f} to {high:.{digits}f})"


def interval(values: np.ndarray) -> tuple[float, float]:
    """Give the 95 % bootstrap interval of a mean, over images.

    >>> interval(np.array([2.0, 2.0]))
    (2.0, 2.0)
    """
    drawn = np.random.default_rng(0).integers(len(values), size=(RESAMPLED, len(values)))
    low, high = np.percentile(values[drawn].mean(1), [2.5, 97.5])
    return float(low), float(high)


def finding(name: str, found: Mapping[str, Sequence[Measured]]) -> str:
    """Say which method points best, beside the middle, and which deletes and inserts best."""
    methods = [method for method in found if method not in (MIDDLE, CHANCE)]

    def mean_of(method: str, what: str) -> float:
        every = (getattr(one, what) for one in found[method])
        return float(np.mean([value for value in every if value is not None]))

    whole = [method for method in methods if len(found[method]) == len(found[MIDDLE])]
    best = max(whole, key=lambda method: mean_of(method, "hit"))
    differences = [
        ours.hit - theirs.hit for ours, theirs in zip(found[best], found[MIDDLE], strict=True)
    ]
    low, high = interval(np.array(differences))
    least = min(methods, key=lambda method: mean_of(method, "deletion"))
    most = max(methods, key=lambda method: mean_of(method, "insertion"))
    return (
        f"{name}: {best} points into the box in {format_percent(mean_of(best, 'hit'))} of the "
        f"images, the image's middle in {format_percent(mean_of(MIDDLE, 'hit'))} (difference, "
        f"paired: {100 * np.mean(differences):.1f} points, {100 * low:.1f} to {100 * high:.1f}). "
        f"The smallest deletion area has {least} ({mean_of(least, 'deletion'):.3f}; chance "
        f"{mean_of(CHANCE, 'deletion'):.3f}), the largest insertion area {most} "
        f"({mean_of(most, 'insertion'):.3f}; chance {mean_of(CHANCE, 'insertion'):.3f})."
    )


if __name__ == "__main__":
    main()
