"""A folder of photographs classified by ONNX Runtime, Pillow and numpy alone, to a CSV.

    python onnxruntime_predict.py NETWORK.onnx PATH [--shorter 256] [--size 224] > answers.csv

Written for one network: it takes float32 (n, 3, 224, 224) of values 0 to 255 and gives logits. PATH
is a folder or one image.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def main() -> None:
    """Classify them one after another, and write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=Path)
    parser.add_argument("path", type=Path)
    parser.add_argument("--shorter", type=int, default=256)
    parser.add_argument("--size", type=int, default=224)
    chosen = parser.parse_args()
    session = onnxruntime.InferenceSession(chosen.network, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    writer = csv.writer(sys.stdout)
    paths = sorted(chosen.path.rglob("*")) if chosen.path.is_dir() else [chosen.path]
    for path in paths:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
        scale = chosen.shorter / min(upright.size)
        resized = upright.resize(
            (round(upright.width * scale), round(upright.height * scale)), Image.Resampling.BILINEAR
        )
        left, top = (resized.width - chosen.size) // 2, (resized.height - chosen.size) // 2
        pixels = np.asarray(resized.crop((left, top, left + chosen.size, top + chosen.size)))
        values = pixels.astype(np.float32).transpose(2, 0, 1)[None]
        logits = session.run(None, {name: values})[0][0]
        row = np.exp(logits - logits.max())
        row = (row / row.sum()).tolist()
        best = max(range(len(row)), key=row.__getitem__)
        writer.writerow([path, best, row[best], *row])


if __name__ == "__main__":
    main()
