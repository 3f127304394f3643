"""Training of a ResNet-18 by Striate from a folder of photographs, epoch by epoch.

    python -m benchmarks.ours.train DATA [--side 128] [--epochs 4]

Prints JSON: seconds of each epoch without its validation, images in it, seconds of reading and
measuring before the first, the accuracy of the last epoch, and the memory of a card in bytes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import striate as st
from striate.cli import wait_idly
from striate.events import Epoch, Event, Progress


def main() -> None:
    """Train from random weights, timing each epoch."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    wait_idly()  # as the command does
    train = st.train  # loads torch, as the peers do before they time anything
    import torch

    told: list[tuple[float, Event]] = []
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        train(
            chosen.data,
            "resnet18",
            out=Path(folder) / "run",
            image_size=chosen.side,
            batch_size=chosen.batch_size,
            epochs=chosen.epochs,
            precision=chosen.precision,
            device=chosen.device,
            seed=chosen.seed,
            callback=lambda event: told.append((time.perf_counter() - begun, event)),
        )
    held = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    steps = [(at, e) for at, e in told if isinstance(e, Progress) and e.stage == "training"]
    images = max(event.total for _, event in steps)
    epochs = [event for _, event in told if isinstance(event, Epoch)]
    step, first = steps[0][1], steps[0][0]
    print(
        json.dumps(
            {
                "epochs": [images / epoch.images_per_second for epoch in epochs],
                "images": images,
                "before": first - step.done / step.rate,
                "accuracy": epochs[-1].val_accuracy,
                "card_memory": held,
            }
        )
    )


if __name__ == "__main__":
    main()
