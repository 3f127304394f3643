#!/usr/bin/env bash
# Guess: the mean of each colour over a float32 picture is right to six digits or so, since NumPy
# sums pairwise, and the order of the axes has no say in it.
# What happens: pairwise summation is used only along the fastest axis in memory. For (height,
# width, 3), mean(axis=(0, 1)) adds one number after another in float32: on 36 million pixels of
# 0.1, the mean is off by tens of per cent. The same numbers as (3, height, width) are right.
# Who is hurt: those who compute the mean and deviation of a data set, or of one large scan or
# satellite picture, to normalise by; it grows with the number of pixels and shows no error.
# Workaround: mean(axis=..., dtype=numpy.float64).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np

print("numpy", np.__version__)
for side in (500, 1000, 3000):
    picture = np.full((side, side, 3), 0.1, np.float32)
    last = picture.mean(axis=(0, 1))[0]
    first = np.ascontiguousarray(picture.transpose(2, 0, 1)).mean(axis=(1, 2))[0]
    exact = picture.mean(axis=(0, 1), dtype=np.float64)[0]
    print(
        f"{side} x {side}: expected 0.1000, seen channels last {last:.4f}, first {first:.4f}, float64 {exact:.4f}"
    )
    assert abs(first - 0.1) < 1e-5 and abs(exact - 0.1) < 1e-7
assert abs(last - 0.1) > 0.003, "the behaviour has changed: the sum is accurate"
PY
