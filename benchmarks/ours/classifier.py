"""The classifier that prediction is measured with, and its weights as torchvision names them.

    python -m benchmarks.ours.classifier DATA --weights mobilenet_v2.pth --out FOLDER

Learns a head for DATA on torchvision's MobileNetV2, writes FOLDER/run and FOLDER/weights.pt, and
prints the classes as JSON.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

import striate as st
from striate.events import ignore


def main() -> None:
    """Learn the head, and put it behind the backbone as torchvision has it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    model = st.train(
        chosen.data,
        out=chosen.out / "run",
        callback=ignore,
        pretrained="mobilenet_v2",
        weights=str(chosen.weights),
        offline=True,
    ).model
    state = torch.load(chosen.weights, weights_only=True)
    layer = [part for part in model.module.modules() if isinstance(part, torch.nn.Linear)][-1]
    state |= {"classifier.1.weight": layer.weight.data, "classifier.1.bias": layer.bias.data}
    torch.save(state, chosen.out / "weights.pt")
    print(json.dumps({"classes": list(model.classes)}))


if __name__ == "__main__":
    main()
