"""How long do explanations take, beside a plain pass and beside captum?

    python -m benchmarks.explain [--rounds 20] [--quick]

One photograph, decoded before, in SqueezeNet 1.1 and ResNet-18 at 224 pixels: the maps of every
layer, a class activation map and Grad-CAM, beside the network's own forward pass and captum's
LayerGradCam of the same layer. Then a whole folder: the top images of all units, beside
evaluating the same images. All in turns, in one process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from captum.attr import LayerGradCam

import striate as st
from benchmarks.harness import Report, look, parser, publish, read
from striate.backends.torch import build
from striate.data import find, load
from striate.data.images import Preprocess
from striate.evaluation.classifier_evaluation import predict_images
from striate.events import ignore
from striate.explanation.attribution_methods import explain
from striate.explanation.image_ranking import top_activations
from striate.explanation.layer_maps import feature_maps
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter
from striate.terminal.tables import Table

PLAIN, CAPTUM = "a plain forward pass", "captum's LayerGradCam"
OURS = ("maps of every layer", "class activation map", "Grad-CAM")
FOLDER_ROUNDS = 3
Times = Mapping[str, list[float]]


def main() -> None:
    """Time both, and say how far the numbers of captum and ours are apart."""
    made = parser((__doc__ or "").splitlines()[0], rounds=20)
    needed = ("data/hotdog64", "data/hymenoptera", "weights/squeezenet1_1.pth")
    chosen = read(made, needed=needed)
    rounds = 3 if chosen.quick else chosen.rounds
    image = sorted((chosen.shared / "data" / "hymenoptera" / "val" / "bees").iterdir())[0]
    machine = look()
    models = {"squeezenet1_1": imagenet(chosen.shared), "resnet18": drawn("resnet18")}
    found = {name: one_image(model, image, rounds) for name, model in models.items()}
    folder = one_folder(chosen.shared, 1 if chosen.quick else FOLDER_ROUNDS)
    publish(
        Report(
            name="explain",
            title="Explanations",
            command="make bench-explain",
            method=(
                f"One photograph of 224 pixels, decoded and scaled before, {rounds} rounds in "
                "turns; SqueezeNet 1.1 with ImageNet's weights, ResNet-18 with drawn ones. "
                "Choosing the layer, recording, the pass and the way back count. captum's "
                "LayerGradCam is of the same layer and class, in the same torch module. The "
                f"folder: 1,958 images of hotdog64 in SqueezeNet at 224 pixels, "
                f"{FOLDER_ROUNDS} rounds, reading and decoding included on both sides."
            ),
            tables=(*(table(name, times) for name, (times, _) in found.items()), of_folder(folder)),
            findings=tuple(finding(name, *each) for name, each in found.items()),
            machine=machine,
            raw={
                "images": {name: dict(times) for name, (times, _) in found.items()},
                "apart": {name: apart for name, (_, apart) in found.items()},
                "folder": dict(folder),
            },
        ),
        chosen.out,
    )


def imagenet(shared: Path) -> Classifier:
    """Give SqueezeNet with its ImageNet weights."""
    return st.import_classifier(
        "squeezenet1_1",
        shared / "weights" / "squeezenet1_1.pth",
        classes=shared / "weights" / "imagenet_class_index.json",
    )


def drawn(name: str) -> Classifier:
    """Give a known network with drawn weights."""
    module = build(name, seed=1)
    classes = tuple(f"class {number}" for number in range(module.plan.output[0]))
    _, rows, columns = module.plan.input
    return Classifier(module, name, classes, Preprocess(3, rows, columns))


def one_image(model: Classifier, image: Path, rounds: int) -> tuple[Times, float]:
    """Time each way on one image in turns; give how far captum's map is from ours, as a share."""
    subject = PreprocessedImage.read(model, image)
    values = subject.tensor
    module = model.module.eval()
    ours = explain(model, subject, method="grad-cam")
    theirs: Any = LayerGradCam(module, module.get_submodule(ours.layer))

    def plain() -> None:
        with torch.no_grad():
            module(values)

    ways: dict[str, Callable[[], object]] = {
        PLAIN: plain,
        OURS[0]: lambda: feature_maps(model, subject),
        OURS[1]: lambda: explain(model, subject, method="cam"),
        OURS[2]: lambda: explain(model, subject, method="grad-cam"),
        CAPTUM: lambda: theirs.attribute(values, target=ours.target_index),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 2):
        for name in list(ways)[:: 1 if turn % 2 else -1]:
            begun = time.perf_counter()
            ways[name]()
            if turn > 1:  # the first two warm up
                times[name].append(time.perf_counter() - begun)
    other = theirs.attribute(values, target=ours.target_index)[0, 0].detach().numpy()
    return times, float(np.abs(other - ours.attribution).max() / np.abs(ours.attribution).max())


def one_folder(shared: Path, rounds: int) -> Times:
    """Time evaluating a folder, and the top images of all units over it."""
    data = str(shared / "data" / "hotdog64")
    times: dict[str, list[float]] = {"evaluating them": [], "top images": []}

    def evaluate(model: Classifier) -> None:
        with load(find(data), model.preprocess) as images:
            predict_images(
                model, images, np.flatnonzero(images.usable), reporter=ProgressReporter("", ignore)
            )

    def rank_images(model: Classifier) -> None:
        top_activations(model, data)

    ways: dict[str, Callable[[Classifier], None]] = {
        "evaluating them": evaluate,
        "top images": rank_images,
    }
    for turn in range(rounds + 1):
        for name, way in ways.items():
            model = imagenet(shared)
            begun = time.perf_counter()
            way(model)
            if turn:
                times[name].append(time.perf_counter() - begun)
    return times


def table(name: str, times: Times) -> Table:
    """Show the times of one network in milliseconds, beside the plain pass."""
    header = (name, "ms, median (lowest to highest)", "plain passes")
    plain = median(times[PLAIN])
    rows = [(way, spoken(each, 1000), f"{median(each) / plain:.2f}") for way, each in times.items()]
    return Table(header, tuple(rows), set(header[1:]), "One photograph")


def of_folder(times: Times) -> Table:
    """Show the times of the folder."""
    header = ("1,958 images", "s, median (lowest to highest)", "times")
    first = median(times["evaluating them"])
    rows = [(way, spoken(each, 1), f"{median(each) / first:.2f}") for way, each in times.items()]
    return Table(header, tuple(rows), set(header[1:]), "A folder")


def spoken(values: Sequence[float], scale: float) -> str:
    """Write a median with its range."""
    low, high = min(values) * scale, max(values) * scale
    return f"{median(values) * scale:.1f} ({low:.1f} to {high:.1f})"


def finding(name: str, times: Times, apart: float) -> str:
    """Say what looking costs, and how it compares with captum's."""
    plain = median(times[PLAIN])
    costs = ", ".join(f"{way} {median(times[way]) / plain:.2f}" for way in OURS)
    ratio = median(times[CAPTUM]) / median(times[OURS[2]])
    return (
        f"{name}: in plain passes, {costs}. captum's Grad-CAM takes {ratio:.2f} times as long as "
        f"ours; the two maps differ by at most {apart:.1e} of the largest number."
    )


if __name__ == "__main__":
    main()
