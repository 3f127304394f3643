#!/usr/bin/env bash
# Guess: imageio.v3.imread of a float picture (PFM: depth and disparity maps) gives its floats,
# and what else is installed has no say in it.
# What happens: it does so with Pillow alone. Once OpenCV is installed in the same environment,
# imageio gives the file to it, and asks it for 8-bit colour: 0.25 becomes 0 and 300.5 becomes
# 255. No line of one's own code has changed, and OpenCV need not be imported.
# Who is hurt: users of depth and disparity maps whose environment gains OpenCV by way of another
# package: all maps turn into zeros and 255.
# Workaround: imread(path, plugin="pillow").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0 imageio==2.38.1
cd "$folder"
cat > look.py <<'PY'
import sys
from importlib.metadata import PackageNotFoundError, version

import imageio
import imageio.v3
import numpy as np

with open("depth.pfm", "wb") as file:
    file.write(b"Pf\n2 1\n-1.0\n" + np.array([0.25, 300.5], "<f4").tobytes())
try:
    opencv = version("opencv-python-headless")
except PackageNotFoundError:
    opencv = None
seen = imageio.v3.imread("depth.pfm")
print("imageio", imageio.__version__, "OpenCV", opencv, end=": ")
print("expected [0.25, 300.5], seen", seen.ravel().tolist(), "as", seen.dtype)
pillow = imageio.v3.imread("depth.pfm", plugin="pillow")
assert pillow.ravel().tolist() == [0.25, 300.5], "the workaround fails"
if opencv is None:
    assert "cv2" not in sys.modules and seen.ravel().tolist() == [0.25, 300.5]
else:
    assert seen.ravel().tolist()[:2] == [0, 255], "the behaviour has changed: the floats are kept"
PY
nice venv/bin/python look.py
nice venv/bin/pip install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93
nice venv/bin/python look.py
