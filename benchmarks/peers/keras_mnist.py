"""Keras's simple convolutional network for MNIST, with the settings of its own example.

    python keras_mnist.py DATA --seed 0 [--epochs 8]

Network, optimiser, batch and held-out share are those of https://keras.io/examples/vision/mnist_convnet/,
written anew; the epochs are as many as it takes to 99.0 % of the test digits. Prints JSON:
seconds of fit(), and what the test files gave afterwards.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow
from keras import layers

HEADERS = {"images": 16, "labels": 8}  # bytes before the values


def read(data: Path, part: str, kind: str) -> np.ndarray:
    """Read one of the four files: uint8 (n, 28, 28) or (n,)."""
    path = next(data.glob(f"{part}-{kind}-idx*-ubyte.gz"))
    values = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8)[HEADERS[kind] :]
    return values.reshape(-1, 28, 28) if kind == "images" else values


def images(data: Path, part: str) -> np.ndarray:
    """Give float32 (n, 28, 28, 1) of 0 to 1."""
    return read(data, part, "images").astype("float32")[..., None] / 255


def main() -> None:
    """Train, then read the test files once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=8)
    chosen = parser.parse_args()
    keras.utils.set_random_seed(chosen.seed)
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    values = images(chosen.data, "train")
    labels = keras.utils.to_categorical(read(chosen.data, "train", "labels"), 10)
    begun = time.perf_counter()
    network.fit(
        values, labels, batch_size=128, epochs=chosen.epochs, validation_split=0.1, verbose=0
    )
    seconds = time.perf_counter() - begun
    answers = network.predict(images(chosen.data, "t10k"), batch_size=1000, verbose=0).argmax(1)
    right = answers == read(chosen.data, "t10k", "labels")
    print(
        json.dumps(
            {
                "seconds": seconds,
                "right": int(right.sum()),
                "n": len(right),
                "versions": {"keras": keras.__version__, "tensorflow": tensorflow.__version__},
            }
        )
    )


if __name__ == "__main__":
    main()
