#!/usr/bin/env bash
# Guess: Mixup(...)(images, labels) returns a mixed batch, and the images it was given stay as they
# are, as they do with torchvision's MixUp.
# What happens: the batch that was given is overwritten and is what comes back; mode="batch" of the
# default is as much in place as the others.
# Who is hurt: those who keep the batch for a second view, log its pictures or mix a data set that
# lies in memory: each epoch mixes what the one before had mixed, under labels that no longer fit.
# Workaround: give it a copy, images.clone().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  torch==2.13.0 torchvision==0.28.0 timm==1.0.31 numpy==2.4.6
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import torch

library = torch.library.Library("torchvision", "DEF")  # what a CPU build of torch lacks
try:
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
except RuntimeError:
    pass
import timm
import torchvision
from timm.data import Mixup
from torchvision.transforms import v2

print("torch", torch.__version__, "torchvision", torchvision.__version__, "timm", timm.__version__)
labels = torch.tensor([0, 1])


def batch():
    return torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)])


np.random.seed(0)
torch.manual_seed(0)
given = batch()
v2.MixUp(alpha=1.0, num_classes=2)(given, labels)
print("torchvision: the batch given afterwards", given[:, 0, 0, 0].tolist())
assert torch.equal(given, batch())
seen = {}
for mode in ("batch", "pair", "elem"):
    given = batch()
    out, _ = Mixup(mixup_alpha=1.0, num_classes=2, mode=mode)(given, labels)
    print(f"timm, mode={mode!r}: expected [0.0, 1.0], seen {given[:, 0, 0, 0].tolist()}")
    assert out is given and not torch.equal(given, batch()), "the behaviour has changed"
PY
