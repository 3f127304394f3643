#!/usr/bin/env bash
# Guess: in float64 the derivative of torch's hardsigmoid, 1/6 between -3 and 3, is right to 16
# digits, as its value is and as the derivatives of its neighbours are.
# What happens: the backward pass holds 1/6 as a float32, so it is right to 8 digits in float64 too.
# Who is hurt: whoever checks gradients against torch, or differentiates twice for physics; a gradient
# check in float64 with tight tolerances fails for every MobileNetV3 by no fault of its own.
# Workaround: clamp(x + 3, 0, 6) / 6, whose derivative is exact.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cd "$folder"
nice venv/bin/python - <<'PY'
import torch
from torch.nn import functional

print("torch", torch.__version__)
x = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
for name, function in (
    ("hardsigmoid", functional.hardsigmoid),
    ("clamp(x + 3, 0, 6) / 6", lambda x: torch.clamp(x + 3, 0, 6) / 6),
):
    (slope,) = torch.autograd.grad(function(x).sum(), x)
    off = abs(slope.item() - 1 / 6)
    print(f"{name}: expected 1/6 to 1e-16, seen {slope.item():.17f}, off by {off:.1e}")
    assert (off > 1e-10) == (name == "hardsigmoid"), "the behaviour has changed"
PY
