"""A folder of photographs classified by torch and torchvision, to a CSV, as a script would.

    python torch_predict.py WEIGHTS.pt FOLDER > answers.csv

WEIGHTS.pt is the state of torchvision's mobilenet_v2 with as many classes as it holds.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from pathlib import Path
from typing import Any

import torch
import torchvision_here  # noqa: F401  (before torchvision)
from PIL import Image
from torchvision import models, transforms


class Photographs(torch.utils.data.Dataset[Any]):
    """The images of a folder, prepared as the network was taught."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(path for path in folder.rglob("*") if path.is_file())
        self.change = transforms.Compose(
            [
                transforms.Resize(256),
                transforms.CenterCrop(224),
                transforms.ToTensor(),
                transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            ]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        with Image.open(self.paths[index]) as image:
            prepared: torch.Tensor = self.change(image.convert("RGB"))
        return prepared


def main() -> None:
    """Classify them, and write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    state = torch.load(chosen.weights, weights_only=True)
    network = models.mobilenet_v2(num_classes=len(state["classifier.1.bias"]))
    network.load_state_dict(state)
    network.eval()
    images = Photographs(chosen.folder)
    loader = torch.utils.data.DataLoader(images, 32, num_workers=os.cpu_count() or 1)
    with torch.inference_mode():
        parts = [torch.softmax(network(values), 1) for values in loader]
    writer = csv.writer(sys.stdout)
    for path, row in zip(images.paths, torch.cat(parts).tolist(), strict=True):
        best = max(range(len(row)), key=row.__getitem__)
        writer.writerow([path, best, row[best], *row])


if __name__ == "__main__":
    main()
