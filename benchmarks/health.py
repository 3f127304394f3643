"""Is each planted fault of training named, and nothing where there is none?

    python -m benchmarks.health [--rounds 5] [--first 100] [--quick]

Handwritten digits (USPS, 16 pixels) and hot dogs and other food (hotdog64, at 32 pixels), small
networks trained from scratch for a few epochs. Five faults are planted, each in another way from
seed to seed; sound runs of ten kinds stand beside them. A run counts as told right where the one
fault that is named is the one planted, or none is. Times mean nothing here, so this may run beside
other work.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.harness import Report, look, parser, publish, read, within
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import TrainingError
from striate.evaluation.metrics.wilson import wilson_interval
from striate.events import ignore
from striate.settings import Settings
from striate.terminal.tables import Table
from striate.terminal.units import format_percent
from striate.training.runs import start_run

DATA = ("usps", "hotdog64")
IMAGES = 2000  # of a data set, at most
SIDE = 32  # of hot dogs
FIRST = 100  # seed; those below were seen while the thresholds were chosen
BN = "[conv 16 > bn > relu > maxpool 2]*2 > conv 32 > bn > relu > gap > flatten > fc"
PLAIN = "[conv 16 > relu > maxpool 2]*2 > conv 32 > relu > flatten > fc 32 > relu > fc"
DROP = "[conv 16 > relu > maxpool 2]*2 > flatten > fc 64 > relu > dropout 0.5 > fc"
TANH = "conv 5x5 8 pad=valid > tanh > avgpool 2 > conv 16 > tanh > flatten > fc 32 > tanh > fc"
SQUEEZE = (
    "fire(a, b) = conv 1x1 a > relu > cat(conv 1x1 b > relu | conv 3x3 b > relu)\n"
    "conv 16 > relu > maxpool 2 > fire(8, 16) > fire(8, 16) > conv 1x1 classes > gap > flatten"
)
RATE, NORM, DEAD, PREPROCESSING, LABELS = (
    "learning rate", "normalisation", "dead units", "preprocessing", "labels",
)  # fmt: skip
FAULTS = (RATE, NORM, DEAD, PREPROCESSING, LABELS)
SOUND = "none"


@dataclass(frozen=True)
class Arrays:
    """A data set: uint8 (n, rows, columns, channels) and int64 (n,)."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Trial:
    """One run.

    Attributes:
        data: which images.
        seed: of the run.
        planted: the fault, or "none".
        how: how it was planted, or which sound run it was.
        named: every fault that the run's record names, or that ended it.
        words: what was said.
        accuracy: on validation; nan where the run was ended.
        right: whether what is named is what was planted, and nothing else.
    """

    data: str
    seed: int
    planted: str
    how: str
    named: tuple[str, ...]
    words: str
    accuracy: float
    right: bool


class Own(nn.Module):
    """A network of one's own around one of the notation.

    Args:
        text: the network.
        shape: of its input.
        scale: what the values that go in are multiplied by.
        frozen: whether batch normalisation stays in evaluation mode.
        bias: added to the biases of the second convolution.
    """

    def __init__(
        self,
        text: str,
        shape: tuple[int, ...],
        classes: int,
        *,
        seed: int,
        scale: float = 1.0,
        frozen: bool = False,
        bias: float = 0.0,
    ) -> None:
        super().__init__()
        self.inner = build(text, input=shape, classes=classes, seed=seed)
        self.scale, self.frozen = scale, frozen
        if bias:
            with torch.no_grad():
                self.inner.get_parameter("conv2.bias").add_(bias)

    def train(self, mode: bool = True) -> Own:
        """Switch the mode, of batch normalisation perhaps not."""
        super().train(mode)
        for part in self.modules():
            if self.frozen and isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give the logits."""
        return self.inner(x * self.scale)  # type: ignore[no-any-return]


def main() -> None:
    """Plant, train, and count what is named."""
    made = parser((__doc__ or "").splitlines()[0], rounds=5)
    made.add_argument("--first", type=int, default=FIRST, help="seed of the first round")
    chosen = read(made, needed=tuple(f"data/{name}" for name in DATA))
    rounds = 1 if chosen.quick else chosen.rounds
    machine = look()
    trials: list[Trial] = []
    # half of the time: what follows takes about as long
    until = (time.perf_counter() + chosen.until) / 2
    for number in within(rounds, until):
        for name in DATA:
            seed = chosen.first + number
            arrays = arrays_of(chosen.shared, name, seed)
            for fault in FAULTS:
                trials.append(planted(name, arrays, fault, seed))
                show(trials[-1])
    rounds = number + 1
    for name in DATA:
        arrays = arrays_of(chosen.shared, name, chosen.first)
        for number in range(2 if chosen.quick else len(SOUND_RUNS)):
            trials.append(sound(name, arrays, number, seed=chosen.first + number))
            show(trials[-1])
    publish(
        Report(
            name="health",
            title="Planted faults of training",
            command="make bench-health",
            method=(
                f"{IMAGES:,} digits of USPS at 16 pixels and {IMAGES:,} images of hotdog64 "
                f"at {SIDE}, at most; a fifth validates. Small networks, 6 epochs from scratch. "
                "Planted: a learning rate of 3 to 10; batch normalisation that stays in "
                "evaluation mode; biases that silence a convolution from the beginning; images "
                "scaled twice, not at all, or otherwise for validation; labels shuffled among all "
                f"images. {rounds} seeds each, from {chosen.first} on; the thresholds were "
                "chosen on seeds below 100. Beside them sound runs of ten kinds on each data set. "
                "A run is told right where the one fault named is the one planted, or none is."
            ),
            tables=(table(trials),),
            findings=(finding(trials),),
            machine=machine,
            raw={"trials": [asdict(each) for each in trials]},
        ),
        chosen.out,
    )


def arrays_of(shared: Path, name: str, seed: int) -> Arrays:
    """Draw the images of a data set."""
    draw = np.random.default_rng(seed)
    if name == "usps":
        with np.load(shared / "data" / "usps" / "usps_train.npz") as file:
            grey = np.rint((file["x"] + 1) * 127.5).clip(0, 255).astype(np.uint8)
            labels = file["y"]
        images = grey[..., None]
    else:
        fitting = Preprocess(3, SIDE, SIDE)
        files = sorted((shared / "data" / name).glob("*/*/*.jpg"))
        names = sorted({file.parent.name for file in files})
        images = np.stack([fitting.pixels(file).transpose(1, 2, 0) for file in files])
        labels = np.array([names.index(file.parent.name) for file in files])
    kept = draw.permutation(len(labels))[:IMAGES]
    return Arrays(images[kept], labels[kept].astype(np.int64))


def planted(name: str, arrays: Arrays, fault: str, seed: int) -> Trial:
    """Train with a fault; how it is planted changes with the seed."""
    shape = (arrays.images.shape[3], *arrays.images.shape[1:3])
    classes = int(arrays.labels.max()) + 1
    settings, network, val = settings_of(seed), (BN, PLAIN)[seed % 2], None
    given: str | nn.Module = network
    if fault == RATE:
        rate = (3.0, 5.0, 10.0)[seed % 3]
        settings, how = settings_of(seed, learning_rate=rate), f"rate {rate:g}"
    elif fault == NORM:
        given, how = Own(BN, shape, classes, seed=seed, frozen=True), "bn in evaluation mode"
    elif fault == DEAD:
        bias = (-10.0, -30.0)[seed % 2]
        given, how = Own(PLAIN, shape, classes, seed=seed, bias=bias), f"biases of {bias:g}"
    elif fault == LABELS:
        labels = np.random.default_rng(seed).permutation(arrays.labels)
        arrays, how = Arrays(arrays.images, labels), f"shuffled, {kind_of(network)}"
    elif seed % 3 == 2:
        arrays, val = parted(arrays)
        val, how = Arrays(val.images // 8, val.labels), "validation images an eighth as bright"
    else:
        scale, how = ((1 / 255, "divided by 255 again"), (255.0, "values up to 255"))[seed % 3]
        given = Own(network, shape, classes, seed=seed, scale=scale)
    return trial(name, fault, how, arrays, given, settings=settings, val=val)


Sound = Callable[[int, tuple[int, ...], int], tuple[str | nn.Module | None, Settings]]
SOUND_RUNS: dict[str, Sound] = {
    "the network chosen by itself": lambda seed, *_: (None, settings_of(seed)),
    "with bn": lambda seed, *_: (BN, settings_of(seed)),
    "without bn": lambda seed, *_: (PLAIN, settings_of(seed)),
    "with dropout": lambda seed, *_: (DROP, settings_of(seed, epochs=8)),
    "tanh": lambda seed, *_: (TANH, settings_of(seed)),
    "fire modules": lambda seed, *_: (SQUEEZE, settings_of(seed, epochs=8)),
    "bf16": lambda seed, *_: (BN, settings_of(seed, precision="bf16")),
    "class weights, small batches": lambda seed, *_: (
        BN,
        settings_of(seed, balance="full", batch=16),
    ),
    "a module of one's own": lambda seed, shape, classes: (
        Own(BN, shape, classes, seed=seed),
        settings_of(seed),
    ),
    "without augmentation, until it knows all by heart": lambda seed, *_: (
        PLAIN,
        settings_of(seed, epochs=25, augment=False, mirror=False),
    ),
}


def sound(name: str, arrays: Arrays, number: int, *, seed: int) -> Trial:
    """Train without a fault."""
    how = list(SOUND_RUNS)[number]
    shape = (arrays.images.shape[3], *arrays.images.shape[1:3])
    given, settings = SOUND_RUNS[how](seed, shape, int(arrays.labels.max()) + 1)
    return trial(name, SOUND, how, arrays, given, settings=settings)


def trial(
    name: str,
    fault: str,
    how: str,
    arrays: Arrays,
    given: str | nn.Module | None,
    *,
    settings: Settings,
    val: Arrays | None = None,
) -> Trial:
    """Train, and read what the run's record names."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        named: list[str] = []
        words, accuracy = "", float("nan")
        try:
            run = start_run(
                written(folder / "data", arrays, val),
                given,
                out=folder / "run",
                settings=settings,
                callback=ignore,
            )
            accuracy = run.evaluation.accuracy
        except TrainingError as error:
            words = str(error)
            if "train with a lower one" in words:
                named.append(RATE)
        record = json.loads((folder / "run" / "run.json").read_text("utf-8"))
        for each in record.get("health", []):
            if each["name"] not in named:
                named.append(each["name"])
            words = words or each["words"]
    wanted = () if fault == SOUND else (fault,)
    return Trial(
        name, settings.seed, fault, how, tuple(named), words, accuracy, tuple(named) == wanted
    )


def written(folder: Path, arrays: Arrays, val: Arrays | None) -> str:
    """Write images as files that training takes: an npz, or a folder with parts."""
    if val is None:
        folder.mkdir()
        np.savez(folder / "d.npz", x=arrays.images, y=arrays.labels)
        return str(folder / "d.npz")
    from PIL import Image

    for part, each in (("train", arrays), ("val", val)):
        for number, (image, label) in enumerate(zip(each.images, each.labels, strict=True)):
            file = folder / part / f"class{label}" / f"{number:05}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            flat = image[:, :, 0] if image.shape[2] == 1 else image
            Image.fromarray(flat).save(file)
    return str(folder)


def parted(arrays: Arrays) -> tuple[Arrays, Arrays]:
    """Give four fifths to learn from and one fifth to validate on."""
    cut = len(arrays.labels) * 4 // 5
    first, rest = slice(0, cut), slice(cut, None)
    return (
        Arrays(arrays.images[first], arrays.labels[first]),
        Arrays(arrays.images[rest], arrays.labels[rest]),
    )


def settings_of(seed: int, **more: object) -> Settings:
    """Give the settings of a small run."""
    usual: dict[str, object] = {"epochs": 6, "seed": seed, "threads": 1, "precision": "float32"}
    return Settings(**(usual | more))  # type: ignore[arg-type]


def kind_of(network: str) -> str:
    """Name a network by what tells it from the other."""
    return "with bn" if network == BN else "without bn"


def show(one: Trial) -> None:
    """Say a trial as it ends."""
    mark = "right" if one.right else "WRONG"
    said = ", ".join(one.named) or "nothing"
    print(
        f"{mark}: {one.data} {one.seed} {one.planted} ({one.how}): {said}; {one.accuracy:.3f} "
        f"{one.words}",
        flush=True,
    )


def table(trials: Sequence[Trial]) -> Table:
    """Show a row a fault and data set."""
    header = ("planted", "images", "runs", "named", "something else", "nothing")
    rows = []
    for fault in (*FAULTS, SOUND):
        for data in DATA:
            own = [one for one in trials if (one.planted, one.data) == (fault, data)]
            right = sum(one.right and fault != SOUND for one in own)
            nothing = sum(not one.named for one in own)
            rows.append(
                (
                    fault,
                    data,
                    f"{len(own)}",
                    f"{right}",
                    f"{len(own) - right - nothing}",
                    f"{nothing}",
                )
            )
    return Table(header, tuple(rows), set(header[2:]), "What the runs' records name")


def finding(trials: Sequence[Trial]) -> str:
    """Count the faults named, and the sound runs left alone."""
    faults = [one for one in trials if one.planted != SOUND]
    clean = [one for one in trials if one.planted == SOUND]
    said = []
    for words, own in (("planted faults named", faults), ("sound runs not accused", clean)):
        right = sum(one.right for one in own)
        low, _ = wilson_interval(right, len(own))
        said.append(f"{right} of {len(own)} {words} (at least {format_percent(low)}, 95 %)")
    return "; ".join(said) + "."


if __name__ == "__main__":
    main()
