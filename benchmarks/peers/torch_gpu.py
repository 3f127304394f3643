"""A plain training loop of torch on a card: torchvision's ResNet-18, bf16, channels last.

    python torch_gpu.py DATA [--side 128] [--epochs 5] [--held] [--device cuda]

DATA holds a folder a class. A DataLoader decodes and changes the images in as many workers as
there are cores; with --held they lie decoded on the card instead and are mirrored there, so that
nothing but the network takes time. Prints JSON: seconds of each epoch, images in it, and the
card's memory in bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
import torchvision_here  # noqa: F401  (before torchvision)
from torchvision import __version__, datasets, models, transforms

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main() -> None:
    """Train from random weights, timing each epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    torch.manual_seed(chosen.seed)
    device = torch.device(chosen.device)
    batches, images = (held if chosen.held else loaded)(chosen)
    network = models.resnet18(num_classes=2).train().to(device)
    network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    criterion = torch.nn.CrossEntropyLoss()
    epochs = []
    for _ in range(chosen.epochs):
        begun = time.perf_counter()
        for values, labels in batches:
            values = values.to(device, non_blocking=True, memory_format=torch.channels_last)
            optimizer.zero_grad()
            with torch.autocast(device.type, torch.bfloat16):
                loss = criterion(network(values), labels.to(device, non_blocking=True))
            loss.backward()
            optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        epochs.append(time.perf_counter() - begun)
    told = {
        "epochs": epochs,
        "images": images,
        "card_memory": torch.cuda.max_memory_allocated() if device.type == "cuda" else 0,
        "versions": {"torch": torch.__version__, "torchvision": __version__},
    }
    print(json.dumps(told))


def loaded(chosen: argparse.Namespace) -> tuple[Batches, int]:
    """Give batches that workers decode and change anew in each epoch."""
    change = transforms.Compose(
        [
            transforms.RandomResizedCrop(chosen.side),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    images = datasets.ImageFolder(chosen.data, change)
    batches: Batches = torch.utils.data.DataLoader(
        images,
        chosen.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=os.cpu_count() or 1,
        persistent_workers=True,
        pin_memory=chosen.device == "cuda",
    )
    return batches, len(images) // chosen.batch_size * chosen.batch_size


class Held:
    """Batches of images that lie on the card, shuffled and mirrored there."""

    def __init__(self, values: torch.Tensor, labels: torch.Tensor, batch_size: int) -> None:
        self.values, self.labels, self.batch_size = values, labels, batch_size

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Give them in a new order, the last few left out."""
        order = torch.randperm(len(self.values), device=self.values.device)
        for start in range(0, len(order) - self.batch_size + 1, self.batch_size):
            chosen = order[start : start + self.batch_size]
            values = self.values[chosen].float().div(255).sub(0.45).div(0.225)
            mirrored = torch.rand(len(chosen), 1, 1, 1, device=values.device) < 0.5
            yield torch.where(mirrored, values.flip(3), values), self.labels[chosen]


def held(chosen: argparse.Namespace) -> tuple[Batches, int]:
    """Decode all images once, and put them on the card."""
    change = transforms.Compose(
        [
            transforms.Resize(chosen.side),
            transforms.CenterCrop(chosen.side),
            transforms.PILToTensor(),
        ]
    )
    images = datasets.ImageFolder(chosen.data, change)
    loader = torch.utils.data.DataLoader(images, 256, num_workers=os.cpu_count() or 1)
    values, labels = zip(*loader, strict=True)
    on_card = [torch.cat(part).to(chosen.device) for part in (values, labels)]
    batches = Held(on_card[0], on_card[1], chosen.batch_size)
    return batches, len(images) // chosen.batch_size * chosen.batch_size


if __name__ == "__main__":
    main()
