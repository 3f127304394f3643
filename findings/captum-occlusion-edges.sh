#!/usr/bin/env bash
# Guess: for a model that weighs all pixels alike and a uniform picture, Captum's Occlusion gives
# a uniform map.
# What happens: where the windows do not fit the picture evenly, the last one of each row and
# column is cut off at the edge. It hides fewer pixels, and its smaller effect is averaged in as
# it is. With window 15 and stride 8 (the usual example, on 224 pixels; here on 64), a strip on the
# right and at the bottom comes out at about half the importance; left and top do not.
# Who is hurt: those who judge by such maps whether a network looks at the background or the
# border, or compare left with right.
# Workaround: a window and stride for which (size - window) is a multiple of the stride, such as
# 16 and 8 for 224 and for 64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 captum==0.9.0
cd "$folder"
nice venv/bin/python - <<'PY'
import captum
import torch
from captum.attr import Occlusion

print("captum", captum.__version__, "torch", torch.__version__)


def mean(pictures):
    return pictures.flatten(1).mean(1, keepdim=True)


def importance(window, stride):
    occlusion = Occlusion(mean)
    shape = {"sliding_window_shapes": (1, window, window), "strides": (1, stride, stride)}
    return occlusion.attribute(
        torch.ones(1, 1, 64, 64), target=0, perturbations_per_eval=16, **shape
    )[0, 0]


for window, stride in ((15, 8), (16, 8)):
    seen = importance(window, stride)
    parts = {
        "middle": seen[32, 32],
        "left": seen[32, 0],
        "right": seen[32, -1],
        "corner": seen[-1, -1],
    }
    parts = {name: round(float(value / seen[32, 32]), 3) for name, value in parts.items()}
    print(f"window {window}, stride {stride}: expected 1 everywhere, seen", parts)
    if window == 15:
        assert parts["left"] == 1 and parts["right"] < 0.6, "the behaviour has changed"
    else:
        assert set(parts.values()) == {1}, "the workaround fails"
PY
