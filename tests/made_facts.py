"""Facts made for tests of the report: three runs that never were, with drawn images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from striate.architecture.layer_table import summary
from striate.evaluation.metrics import Evaluation, score
from striate.events import Epoch
from striate.model.json_value import Json
from striate.training.report import Facts, Shown

Pixels = NDArray[np.uint8]

HOSTILE = (
    '<script>alert("x")</script>',
    "\"><img src=x onerror=alert('y')>",
    "rock & roll 🎸🦜",
    "\u202eשלום עולם",
    "long " * 40,
)


def epochs(count: int, best: int) -> list[Epoch]:
    made = []
    for number in range(1, count + 1):
        fall = float(np.exp(-4 * number / count))
        val = 0.12 + 1.9 * fall + 0.03 * float(np.sin(number * 2.1))
        made.append(
            Epoch(
                epoch=number,
                epochs=count,
                train_loss=0.55 + 1.7 * fall,
                train_accuracy=0.97 - 0.8 * fall,
                val_loss=val,
                val_accuracy=0.985 - 0.7 * fall,
                learning_rate=0.003 * float(np.sin(np.pi * number / (count + 1))),
                images_per_second=5321.4,
                seconds=0.9,
                seconds_left=0.9 * (count - number),
                best=number <= best,
            )
        )
    return made


def evaluation(
    classes: Sequence[str], n: int, *, wrong: int, evaluated: str, seed: int = 0
) -> tuple[Evaluation, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    k = len(classes)
    labels = np.arange(n) % k
    rows = rng.dirichlet(np.full(k, 0.2), size=n) * 0.2
    rows[np.arange(n), labels] += 0.8
    for place in rng.choice(n, size=wrong, replace=False):
        near = (labels[place] + rng.choice([1, 1, 1, 2, 7])) % k
        rows[place, [labels[place], near]] = rows[place, [near, labels[place]]]
    rows /= rows.sum(axis=1, keepdims=True)
    names = [f"{classes[int(label)][:60]}/image {i:04d}.jpg" for i, label in enumerate(labels)]
    return score(rows, labels, classes=classes, names=names, evaluated=evaluated), labels


def photo(rng: np.random.Generator, rows: int, columns: int) -> Pixels:
    """Draw something with the smoothness and the colours of a photo."""
    y, x = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j]
    image = np.zeros((rows, columns, 3))
    for channel in range(3):
        a, b, c, d = rng.uniform(-4, 4, 4)
        image[..., channel] = np.sin(a * x + b * y + c) * 0.35 + np.cos(d * x * y * 3) * 0.15
    middle, radius = rng.uniform(0.3, 0.7, 2), rng.uniform(0.1, 0.3)
    inside = (x - middle[0]) ** 2 + (y - middle[1]) ** 2 < radius**2
    image[inside] += rng.uniform(-0.5, 0.5, 3)
    image += rng.normal(0, 0.02, image.shape)
    return np.clip(128 + 127 * image, 0, 255).astype(np.uint8)


def padded(image: Pixels, side: int) -> Pixels:
    rows, columns = image.shape[:2]
    out = np.full((side, side, 3), 128, dtype=np.uint8)
    top, left = (side - rows) // 2, (side - columns) // 2
    out[top : top + rows, left : left + columns] = image
    return out


def digits() -> Facts:
    """Ten classes of 8x8 images, nothing skipped."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.clip(bunch.images * 16, 0, 255).astype(np.uint8)[..., None]
    classes = [str(digit) for digit in range(10)]
    result, labels = evaluation(
        classes, 360, wrong=6, evaluated="360 test images the run never saw"
    )
    worst = []
    for judged in result.worst:
        place = int(np.flatnonzero(bunch.target == labels[judged.index])[judged.index % 150])
        worst.append(
            Shown(judged.name, judged.truth, judged.answer, judged.probability, images[place])
        )
    rng = np.random.default_rng(3)
    examples = [Shown(f"{i:04d}", str(bunch.target[i]), None, None, images[i]) for i in range(90)]
    augmented = [
        Shown(
            shown.name,
            shown.truth,
            None,
            None,
            np.roll(shown.pixels, rng.integers(-1, 2, 2), (0, 1)),
        )
        for shown in examples[:24]
    ]
    return Facts(
        title="Handwritten digits",
        command="striate train digits --epochs 30 --seed 0 --threads 2 --precision float32",
        run=RUN | {"data": "digits", "seconds": 27.4},
        epochs=epochs(30, best=28),
        classes=classes,
        counts={
            "train": dict.fromkeys(classes, 115),
            "val": dict.fromkeys(classes, 29),
            "test": dict.fromkeys(classes, 36),
        },
        examples=examples,
        augmented=augmented,
        summary=summary(NOTATION),
        evaluation=result,
        worst=worst,
        skipped=[],
        notes=[
            "no validation images were given: a fifth of the training images, drawn evenly "
            "over the classes with seed 0, is used; split.csv says which",
            "the digits are never mirrored: a mirrored digit is no digit",
            "float32 was chosen: bfloat16 was 0.7 times as fast on this machine",
        ],
        notation=NOTATION,
    )


def photos() -> Facts:
    """Two classes of photos of different shapes, some files skipped."""
    rng = np.random.default_rng(1)
    classes = ["ants", "bees"]
    result, _ = evaluation(
        classes,
        76,
        wrong=21,
        evaluated="76 validation images, which also chose the state that was kept",
    )
    sizes = [(96, 150), (150, 100), (120, 120), (60, 190), (200, 90), (300, 400)]

    def drawn(truth: str, place: int, *, pad: bool = False) -> Pixels:
        image = photo(rng, *sizes[place % len(sizes)])
        return padded(photo(rng, 96, 128), 128) if pad else image

    return Facts(
        title="hymenoptera",
        command="striate train ../hymenoptera --minutes 5 --seed 0",
        run=RUN | {"data": "../hymenoptera", "seconds": 301.7},
        epochs=epochs(64, best=41),
        classes=classes,
        counts={"train": {"ants": 123, "bees": 57}, "val": {"ants": 38, "bees": 38}},
        examples=[
            Shown(f"{label}/{i}.jpg", label, None, None, drawn(label, i))
            for label in classes
            for i in range(6)
        ],
        augmented=[
            Shown(f"{i}.jpg", classes[i % 2], None, None, drawn("", i, pad=True)) for i in range(16)
        ],
        summary=summary(notation(3, 128, 2)),
        evaluation=result,
        worst=[
            Shown(j.name, j.truth, j.answer, j.probability, drawn("", i, pad=True))
            for i, j in enumerate(result.worst)
        ],
        skipped=[
            ("train/ants/imageNotFound.gif", "an animation; its first frame is used elsewhere"),
            ("train/bees/.DS_Store", "a hidden file"),
            *((f"train/bees/broken-{i}.jpg", "the file ends in the middle") for i in range(70)),
        ],
        notes=["ants has 2.2 times the training images of bees; the loss weighs them evenly"],
        notation=notation(3, 128, 2),
    )


def many() -> Facts:
    """120 classes with long and hostile names."""
    rng = np.random.default_rng(2)
    classes = [
        *HOSTILE,
        *(
            f"n{2085620 + 137 * i}-Long-haired_Silken_Windhound_of_the_{i}th_kind"
            for i in range(115)
        ),
    ]
    result, _ = evaluation(
        classes, 6000, wrong=1500, evaluated="6,000 test images the run never saw"
    )
    return Facts(
        title="dogs of " + HOSTILE[0],
        command="striate train dogs.zip --minutes 60 --image-size 160 --seed 7",
        run=RUN | {"data": 'C:\\images\\<b>"dogs"</b>.zip', "classes": classes, "seconds": 3604.0},
        epochs=epochs(3, best=3),
        classes=classes,
        counts={
            part: {label: size + 3 * (i % 7) for i, label in enumerate(classes)}
            for part, size in (("train", 80), ("val", 20), ("test", 50))
        },
        examples=[
            Shown(f"{label}/{i}.jpg", label, None, None, photo(rng, 64, 64))
            for label in classes
            for i in range(2)
        ],
        augmented=[
            Shown("x.jpg", label, None, None, photo(rng, 160, 160)) for label in classes[:12]
        ],
        summary=summary(notation(3, 160, 120)),
        evaluation=result,
        worst=[
            Shown(j.name, j.truth, j.answer, j.probability, photo(rng, 160, 160))
            for j in result.worst
        ],
        skipped=[(hostile, f"cannot be read: {hostile}") for hostile in HOSTILE],
        notes=[f"the class {label} is rare" for label in HOSTILE],
        notation=notation(3, 160, 120),
    )


NOTATION = """# Three convolutions
input 1x8x8 classes=10
conv 32 > relu > maxpool 2
conv 64 > relu > maxpool 2
conv 128 > relu > maxpool 2
gap > flatten > fc"""


def notation(channels: int, side: int, classes: int) -> str:
    return NOTATION.replace("1x8x8 classes=10", f"{channels}x{side}x{side} classes={classes}")


RUN: dict[str, Json] = {
    "seed": 0,
    "precision": "float32",
    "device": "cpu",
    "threads": 2,
    "machine": "Linux 6.1, x86_64, 2 cores, 8 GB",
    "versions": {"striate": "0.1.0", "python": "3.11.2", "torch": "2.13.0", "numpy": "2.4.6"},
    "settings": {
        "batch": 64,
        "learning_rate": 0.003,
        "schedule": "one cycle",
        "weight_decay": 0.05,
        "label_smoothing": 0.1,
        "augmentation": {"shift": 0.1, "rotate": 10, "mirror": False},
        "stop_early": None,
    },
    "network": NOTATION,
    "preprocess": {"fit": "pad", "size": [8, 8], "mean": [0.1307], "std": [0.3081]},
}
