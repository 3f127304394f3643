"""A folder of photographs classified by Keras, to a CSV, as a script would.

    python keras_predict.py FOLDER [--classes 2] > answers.csv

The network is keras.applications.MobileNetV2 with random weights: the work is that of trained
ones, the answers are not.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import keras
import tensorflow


def main() -> None:
    """Classify them, and write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--classes", type=int, default=2)
    chosen = parser.parse_args()
    network = keras.applications.MobileNetV2(weights=None, classes=chosen.classes)
    images = keras.utils.image_dataset_from_directory(
        chosen.folder,
        labels=None,
        image_size=(224, 224),
        crop_to_aspect_ratio=True,
        shuffle=False,
        verbose=False,
    )
    scaled = images.map(keras.applications.mobilenet_v2.preprocess_input)
    answers = network.predict(scaled.prefetch(tensorflow.data.AUTOTUNE), verbose=0)
    writer = csv.writer(sys.stdout)
    for path, row in zip(images.file_paths, answers.tolist(), strict=True):
        best = max(range(len(row)), key=row.__getitem__)
        writer.writerow([path, best, row[best], *row])


if __name__ == "__main__":
    main()
