"""Transfer by fastai as its tutorial does it: vision_learner(...).fine_tune(3).

    python fastai_transfer.py DATA --valid val --weights squeezenet1_1.pth --seed 0

DATA holds train/ and another folder, of a folder a class each. The weights of SqueezeNet are those
that vision_learner would fetch; they are put where it looks, so everything is as it is by default.
With --backbone efficientnet_lite0 the network is timm's, with the file's weights and the epsilon
and the scaling of images that these were trained with, all else by default.
Prints JSON: seconds of vision_learner and fine_tune, and which images it told right.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision_here  # noqa: F401  (before torchvision)
from fastai import __version__
from fastai.callback import progress, schedule  # noqa: F401  (give a learner no_bar, fine_tune)
from fastai.data.transforms import Normalize
from fastai.torch_core import set_seed
from fastai.vision.augment import Resize
from fastai.vision.data import ImageDataLoaders
from fastai.vision.learner import vision_learner
from torch import nn
from torchvision.models import SqueezeNet1_1_Weights, squeezenet1_1


def lite0(weights: Path) -> Callable[..., nn.Module]:
    """Give what makes timm's EfficientNet-Lite0 with the weights of a file, in its order."""

    def make(pretrained: bool = True) -> nn.Module:
        import timm

        network: nn.Module = timm.create_model("efficientnet_lite0", bn_eps=1e-3)
        if pretrained:
            state = torch.load(weights, weights_only=True)
            named = dict(zip(network.state_dict(), state.values(), strict=True))
            network.load_state_dict(named)
        return network

    return make


def main() -> None:
    """Learn, then say which images of the other folder are told right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--valid", default="val")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--backbone", default="squeezenet1_1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["TORCH_HOME"] = home
        fetched = Path(home) / "hub" / "checkpoints"
        fetched.mkdir(parents=True)
        name = SqueezeNet1_1_Weights.DEFAULT.url.rpartition("/")[2]
        (fetched / name).symlink_to(chosen.weights.resolve())
        set_seed(chosen.seed, reproducible=True)
        arch, scaling = squeezenet1_1, None  # which vision_learner scales for
        if chosen.backbone == "efficientnet_lite0":
            arch = lite0(chosen.weights)
            scaling = Normalize.from_stats([127 / 255] * 3, [128 / 255] * 3)
        loaders = ImageDataLoaders.from_folder(
            chosen.data,
            train="train",
            valid=chosen.valid,
            item_tfms=Resize(224),
            batch_tfms=scaling,
            seed=chosen.seed,
        )
        begun = time.perf_counter()
        learner = vision_learner(loaders, arch)
        with learner.no_bar(), learner.no_logging():
            learner.fine_tune(chosen.epochs)
        seconds = time.perf_counter() - begun
    with learner.no_bar():
        answers, labels = learner.get_preds()
    files = [str(Path(item).relative_to(chosen.data)) for item in loaders.valid_ds.items]
    right = (answers.argmax(1) == labels).tolist()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "right": dict(zip(files, right, strict=True)),
                "versions": {"fastai": __version__},
            }
        )
    )


if __name__ == "__main__":
    main()
