#!/usr/bin/env bash
# Guess: skimage.io.imread gives a TIFF of n grey pages as (n, height, width), for every n.
# What happens: with three or four pages it takes them for colour channels and moves them to the
# end: (height, width, 3). With two or five they stay in front.
# Who is hurt: users of z-stacks and time series: a stack of three slices becomes one colour
# picture, data[0] is then the first row of pixels, and only for the stacks of that length.
# Workaround: tifffile.imread, or imageio.v3.imread.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 tifffile==2026.3.3 imageio==2.38.1 scikit-image==0.26.0
cd "$folder"
nice venv/bin/python - <<'PY'
import imageio.v3 as imageio
import numpy as np
import skimage
import skimage.io
import tifffile

print("scikit-image", skimage.__version__)
for pages in (2, 3, 4, 5):
    stack = np.zeros((pages, 20, 30), np.uint8)
    tifffile.imwrite("stack.tif", stack, photometric="minisblack")
    seen = skimage.io.imread("stack.tif").shape
    print(f"{pages} pages: expected {stack.shape}, seen {seen}")
    assert tifffile.imread("stack.tif").shape == imageio.imread("stack.tif").shape == stack.shape
    changed = (20, 30, pages) if pages in (3, 4) else stack.shape
    assert seen == changed, "the behaviour has changed"
PY
