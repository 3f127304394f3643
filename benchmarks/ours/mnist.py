"""MNIST by Striate, with what validation chose: see benchmarks/mnist.py.

    python -m benchmarks.ours.mnist DATA --seed 0

Prints JSON: seconds of the whole call of train(), report and all; seconds of its epochs; and what
the test files gave, which train() reads once at its end.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import striate as st
from striate.cli import wait_idly
from striate.events import Done, Epoch, Event

NETWORK = """
input 1x28x28 classes=10
conv 5x5 16 stride=2 pad=valid > relu
conv 32 pad=valid > maxpool 2 > bn > relu
conv 64 pad=valid > bn > relu
flatten > fc
"""
EPOCHS = 2


def main() -> None:
    """Train, and say how long it took and how good it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    chosen = parser.parse_args()
    told: list[tuple[float, Event]] = []
    wait_idly()  # as the command does
    train = st.train  # loads torch, as importing Keras does
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        train(
            chosen.data,
            NETWORK,
            out=Path(folder) / "run",
            seed=chosen.seed,
            epochs=chosen.epochs,
            batch_size=256,
            learning_rate=0.015,
            augment=False,
            callback=lambda event: told.append((time.perf_counter(), event)),
        )
        seconds = time.perf_counter() - begun
    (done,) = (event for _, event in told if isinstance(event, Done))
    epochs = [event for _, event in told if isinstance(event, Epoch)]
    print(
        json.dumps(
            {
                "seconds": seconds,
                "epoch_seconds": [epoch.seconds for epoch in epochs],
                "val_accuracy": [epoch.val_accuracy for epoch in epochs],
                "right": round(done.accuracy * done.n),
                "n": done.n,
            }
        )
    )


if __name__ == "__main__":
    main()
