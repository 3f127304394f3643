"""A plain training loop of torch, with torchvision's ResNet-18, transforms and a DataLoader.

    python torch_train.py DATA [--side 128] [--epochs 4]

DATA holds train/ and val/, of a folder a class each. Prints JSON: seconds of each epoch, images in
it, and the accuracy of the validation images at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import torch
import torchvision_here  # noqa: F401  (before torchvision)
from torchvision import __version__, datasets, models, transforms


def main() -> None:
    """Train from random weights, timing each epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    torch.manual_seed(chosen.seed)
    change = transforms.Compose(
        [
            transforms.RandomResizedCrop(chosen.side),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    images = datasets.ImageFolder(chosen.data / "train", change)
    loader = torch.utils.data.DataLoader(
        images,
        chosen.batch_size,
        shuffle=True,
        num_workers=os.cpu_count() or 1,
        persistent_workers=True,
    )
    network = models.resnet18(num_classes=len(images.classes)).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    criterion = torch.nn.CrossEntropyLoss()
    epochs = []
    for _ in range(chosen.epochs):
        begun = time.perf_counter()
        for values, labels in loader:
            optimizer.zero_grad()
            criterion(network(values), labels).backward()
            optimizer.step()
        epochs.append(time.perf_counter() - begun)
    told = {
        "epochs": epochs,
        "images": len(images),
        "accuracy": accuracy(network, chosen.data / "val", chosen.side),
        "versions": {"torch": torch.__version__, "torchvision": __version__},
    }
    print(json.dumps(told))


def accuracy(network: torch.nn.Module, data: Path, side: int) -> float:
    """Give the share of images classified correctly, each cut from its middle."""
    change = transforms.Compose(
        [
            transforms.Resize(side),
            transforms.CenterCrop(side),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    images = datasets.ImageFolder(data, change)
    network.eval()
    with torch.inference_mode():
        correct = [
            int((network(values).argmax(1) == labels).sum())
            for values, labels in torch.utils.data.DataLoader(images, 32)
        ]
    return sum(correct) / len(images)


if __name__ == "__main__":
    main()
