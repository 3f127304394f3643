#!/usr/bin/env bash
# Guess: TrivialAugmentWide has nothing to set, and what it makes of a picture still shows what the
# picture showed.
# What happens: it moves by up to 32 pixels whatever the size, turns by up to 135 degrees, and
# darkens and flattens by up to 99 %. Of scikit-learn's digits at 28 pixels about one in twenty comes
# back empty, of a small white square on black one in eight (one in fourteen at 224 pixels).
# Who is hurt: those who train on MNIST, icons or characters: blank pictures with labels, and sixes
# that are nines.
# Workaround: TrivialAugmentWide has its changes in _augmentation_space(); RandomAffine and ColorJitter
# with ranges of one's own are the public way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  torch==2.13.0 torchvision==0.28.0 scikit-learn==1.9.1 pillow==13.0.0 numpy==2.4.6
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

library = torch.library.Library("torchvision", "DEF")  # what a CPU build of torch lacks
try:
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
except RuntimeError:
    pass
import torchvision
from torchvision.transforms import v2

print("torch", torch.__version__, "torchvision", torchvision.__version__)
change = v2.TrivialAugmentWide()


def share_of_empty(images):
    torch.manual_seed(0)
    return np.mean([float(change(image).float().std() < 0.05 * image.float().std()) for image in images])


digits = [Image.fromarray((each * 15.9).astype(np.uint8)) for each in load_digits().images[:1000]]
digits = [torch.from_numpy(np.pad(np.asarray(each.resize((20, 20), 2)), 4))[None] for each in digits]
empty = share_of_empty(digits)
print(f"digits at 28 pixels: expected none empty, seen {empty:.1%}")
assert empty > 0.02, "the behaviour has changed"
for side in (28, 224):
    square = torch.zeros(1, side, side, dtype=torch.uint8)
    square[:, side // 3 : side // 2, side // 3 : side // 2] = 255
    empty = share_of_empty([square] * 1000)
    print(f"a square at {side} pixels: expected none empty, seen {empty:.1%}")
    assert empty > 0.02, "the behaviour has changed"
PY
