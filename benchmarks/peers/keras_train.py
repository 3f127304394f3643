"""Training of a ResNet-18 by Keras, fed by image_dataset_from_directory.

    python keras_train.py DATA [--side 128] [--epochs 4]

DATA holds train/ and val/, of a folder a class each. Decoded images are kept in memory (cache),
which is the fastest that Keras offers. Prints JSON: seconds of each epoch, images in it, and the
accuracy of the validation images at the end.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import keras
import tensorflow
from keras import layers


def unit(values: Any, channels: int, *, side: int = 3, stride: int = 1) -> Any:
    """Convolve and normalise, padding as torch does."""
    padded = layers.ZeroPadding2D(side // 2)(values) if side > 1 else values
    convolved = layers.Conv2D(channels, side, strides=stride, use_bias=False)(padded)
    return layers.BatchNormalization()(convolved)


def block(values: Any, channels: int, stride: int) -> Any:
    """Give a basic residual block, with a 1x1 convolution beside where the shape changes."""
    beside = values
    if stride > 1 or values.shape[-1] != channels:
        beside = unit(values, channels, side=1, stride=stride)
    inner = layers.ReLU()(unit(values, channels, stride=stride))
    return layers.ReLU()(layers.Add()([unit(inner, channels), beside]))


def resnet18(side: int, classes: int) -> Any:
    """Make ResNet-18 (He et al. 2015, https://arxiv.org/abs/1512.03385) with the bytes scaled."""
    image = keras.Input((side, side, 3))
    scaled = layers.Rescaling(1 / 127.5, offset=-1)(image)
    values = layers.ReLU()(unit(scaled, 64, side=7, stride=2))
    values = layers.MaxPooling2D(3, 2, padding="same")(values)
    for stage, channels in enumerate((64, 128, 256, 512)):
        values = block(values, channels, stride=1 if stage == 0 else 2)
        values = block(values, channels, stride=1)
    values = layers.GlobalAveragePooling2D()(values)
    return keras.Model(image, layers.Dense(classes)(values))


def images_of(folder: Path, side: int) -> Any:
    """Read a folder of a folder a class, one image after the other."""
    return keras.utils.image_dataset_from_directory(
        folder,
        image_size=(side, side),
        batch_size=None,
        crop_to_aspect_ratio=True,
        verbose=False,
    )


class Seconds(keras.callbacks.Callback):  # type: ignore[misc]
    """Times each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the watch."""
        self.begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop it."""
        self.epochs.append(time.perf_counter() - self.begun)


def main() -> None:
    """Train from random weights, timing each epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    keras.utils.set_random_seed(chosen.seed)
    found = images_of(chosen.data / "train", chosen.side)
    change = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.03)])
    auto = tensorflow.data.AUTOTUNE
    images = len(found)
    ready = found.cache().shuffle(images).batch(chosen.batch_size)
    ready = ready.map(lambda x, y: (change(x, training=True), y), num_parallel_calls=auto)
    network = resnet18(chosen.side, len(found.class_names))
    network.compile(
        optimizer=keras.optimizers.AdamW(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    seconds = Seconds()
    network.fit(ready.prefetch(auto), epochs=chosen.epochs, verbose=0, callbacks=[seconds])
    judged = images_of(chosen.data / "val", chosen.side).batch(chosen.batch_size)
    told = {
        "epochs": seconds.epochs,
        "images": images,
        "accuracy": network.evaluate(judged, verbose=0, return_dict=True)["accuracy"],
        "versions": {"keras": keras.__version__, "tensorflow": tensorflow.__version__},
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
