"""How far an exported file is from its classifier, in each runtime that is here.

    python -m benchmarks.parity [--shared ../shared] [--most 400] [--web FILE.tgz] [--zoo NAME ...]

The first table is of the pixels of the network's input, as the graph resizes them and as training
does, over folders of images; the second of whole networks with drawn weights, on 32 images.
`benchmarks/parity_pillow.sh` makes the first under several versions of Pillow.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from striate.architecture.zoo import names, text
from striate.backends.onnx.graph_builder import Building
from striate.backends.onnx.model_file import Model
from striate.backends.torch import build
from striate.data.images import Preprocess, hold_decoded
from striate.deployment.golden_images import draw
from striate.deployment.graph_scope import Scope
from striate.deployment.node_runtime import open_web_runtime
from striate.deployment.resize_graph import add_image_input
from striate.deployment.sealed_answers import CLASS, CONFIDENCE, IMAGE, ORIENTATION, PROBABILITIES
from striate.deployment.sealed_graph import build_sealed_graph
from striate.deployment.sealed_runtimes import Runtime, open_onnx_runtime, open_openvino
from striate.deployment.web_runtime import WebRuntime, find_web_runtime
from striate.errors import EngineError, ImageError, StriateError
from striate.model.classifier import Classifier
from striate.terminal.tables import Table

SMALL = ("lenet5", "squeezenet1_1")  # that the engine of browsers is asked as well
WAYS = {
    "224 of 256, cropped": Preprocess(3, 224, 224, "crop", crop_ratio=256 / 224),
    "64, padded": Preprocess(3, 64, 64),
    "28, grey": Preprocess(1, 28, 28),
}
SIZES = list(itertools.product((1, 7, 33, 97, 224, 225, 400, 641, 900, 1500), repeat=2))


@dataclass
class Pixels:
    """What was found of the pixels of one set in one runtime."""

    images: int = 0
    values: int = 0
    different: int = 0
    largest: float = 0.0
    sum: int = 0  # CRC-32 of what training makes of them

    def add(self, found: np.ndarray, own: np.ndarray) -> None:
        """Count one image."""
        apart = np.abs(found - own)
        self.images += 1
        self.values += apart.size
        self.different += int((apart > 0).sum())
        self.largest = max(self.largest, float(apart.max()))
        self.sum = zlib.crc32(np.ascontiguousarray(own).data, self.sum)


def main(words: list[str] | None = None) -> None:
    """Print both tables."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--shared", type=Path, default=Path("../shared"))
    asked.add_argument("--most", type=int, default=400, help="images of a folder")
    asked.add_argument("--web", type=Path, help="onnxruntime-web, packed, to ask it in Node.js")
    asked.add_argument("--ways", nargs="*", default=list(WAYS), help="how images are made to fit")
    asked.add_argument("--zoo", nargs="*", default=names(), help="architectures; default: all")
    given = asked.parse_args(words)
    web = None if given.web is None else find_web_runtime(given.web)
    if given.most:
        compare_pixels(given.shared, given.most, given.ways, web)
    if given.zoo:
        compare_networks(given.zoo, web)


def compare_pixels(
    shared: Path, most: int, ways: Iterable[str], web: WebRuntime | None = None
) -> None:
    """Print how far the pixels are apart, a line for each set, way and runtime."""
    header = ("images", "made", "runtime", "n", "differ", "largest, of 255", "CRC-32 in training")
    rows: list[tuple[str, ...]] = []
    for way in ways:
        fitted = WAYS[way]
        runtimes = open_all(resizing(fitted), web)
        for name, images in sets(shared, most):
            found = {runtime.name: Pixels() for runtime in runtimes}
            for image in images:
                own = fitted.pixels(image)
                for runtime in runtimes:
                    made = runtime.answer(image, 1).probabilities
                    found[runtime.name].add(made.reshape(own.shape), own)
            for runtime_name, seen in found.items():
                share = f"{seen.different / max(seen.values, 1):.3%}"
                told = (f"{seen.images:,}", share, f"{seen.largest:g}", f"{seen.sum:08x}")
                rows.append((name, way, runtime_name, *told))
                print(*rows[-1], file=sys.stderr, flush=True)
    print(Table(header, tuple(rows), set(header[3:])))


def sets(shared: Path, most: int) -> Iterator[tuple[str, Iterator[np.ndarray]]]:
    """Give the sets of images, decoded: uint8 (rows, columns, 3)."""
    drawn = (draw(number, *size) for number, size in enumerate(SIZES))
    yield "a hundred sizes", drawn
    for name, folder in (
        ("hostile", "data/hostile"),
        ("ants and bees", "data/hymenoptera"),
        ("hot dogs", "data/hotdog64"),
    ):
        files = sorted(path for path in (shared / folder).rglob("*") if path.is_file())
        step = max(1, len(files) // most)
        yield name, decoded(files[::step])
    yield "digits", digits(most)


def decoded(files: Iterable[Path]) -> Iterator[np.ndarray]:
    """Give those files that can be read."""
    for path in files:
        try:
            with hold_decoded(path) as image:
                yield np.asarray(image.image.convert("RGB"))
        except ImageError:
            continue


def digits(most: int) -> Iterator[np.ndarray]:
    """Give scikit-learn's digits in three equal channels."""
    from sklearn.datasets import load_digits

    for image in load_digits().images[:most]:
        yield np.repeat((image * 15.9375).astype(np.uint8)[..., None], 3, 2)


def resizing(fitted: Preprocess) -> bytes:
    """Write the graph up to the network's input, whose pixels stand for probabilities."""
    building = Building({})
    op = Scope(building, "out")
    flat = op("Reshape", add_image_input(building, fitted, "pixels"), [-1], result=PROBABILITIES)
    op("Identity", ORIENTATION, result=CLASS)
    op("Gather", flat, 0, result=CONFIDENCE)
    return Model(
        "resize",
        tuple(building.nodes),
        building.constants,
        {IMAGE: ("rows", "columns", 3), ORIENTATION: ()},
        {PROBABILITIES: None, CLASS: (), CONFIDENCE: ()},
        types={IMAGE: "uint8", ORIENTATION: "int64", CLASS: "int64"},
    ).to_bytes()


def open_all(content: bytes, web: WebRuntime | None) -> list[Runtime]:
    """Open a graph in each runtime that is here."""
    found = [open_onnx_runtime(content)]
    try:
        found.append(open_openvino(content))
    except EngineError as error:
        print(error, file=sys.stderr)
    return found if web is None else [*found, open_web_runtime(content, web)]


def compare_networks(wanted: Iterable[str], web: WebRuntime | None = None) -> None:
    """Print how far probabilities of whole networks are apart from the classifier's own."""
    header = ("network", "runtime", "n", "probability differs by", "other classes")
    rows: list[tuple[str, ...]] = []
    images = [draw(number, 200 + 7 * number, 260 - 3 * number) for number in range(32)]
    for name in wanted:
        try:
            module = build(text(name), seed=1)
        except StriateError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        classes = tuple(f"class {number}" for number in range(module.plan.output[0]))
        depth, height, width = module.plan.input
        model = Classifier(module.eval(), None, classes, Preprocess(depth, height, width))
        own = np.concatenate([model.predict_proba(image) for image in images])
        content = build_sealed_graph(model).model.to_bytes()
        for runtime in open_all(content, web if name in SMALL else None):
            said = [runtime.answer(image, 1) for image in images]
            apart = max(np.abs(a.probabilities - b).max() for a, b in zip(said, own, strict=True))
            others = sum(a.label != b.argmax() for a, b in zip(said, own, strict=True))
            rows.append((name, runtime.name, "32", f"{apart:.1g}", str(others)))
            print(*rows[-1], file=sys.stderr, flush=True)
    print(Table(header, tuple(rows), set(header[2:])))


if __name__ == "__main__":
    main()
