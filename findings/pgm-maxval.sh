#!/usr/bin/env bash
# Guess: two readers of a PGM agree on its pixels: either the stored numbers, or these scaled from
# the file's maxval to the full range.
# What happens: Pillow scales (maxval 100: 50 becomes 128; maxval 4095: 2047 becomes 32759),
# OpenCV does not. OpenCV then halves bits by type, not by maxval: read as 8-bit grey, a white
# 12-bit picture is 15 of 255, almost black.
# Who is hurt: users of face, medical and machine-vision sets in PGM who train with one and serve
# with the other: the picture is up to 16 times darker, a valid array of the right type.
# Workaround: read the header's maxval, and divide by it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0 opencv-python-headless==5.0.0.93
cd "$folder"
nice venv/bin/python - <<'PY'
import cv2
import numpy as np
import PIL
from PIL import Image

print("pillow", PIL.__version__, "cv2", cv2.__version__)
for maxval, kind in ((100, "u1"), (255, "u1"), (4095, ">u2"), (65535, ">u2")):
    stored = np.array([[0, maxval // 2, maxval]], kind)
    with open("a.pgm", "wb") as file:
        file.write(b"P5\n3 1\n%d\n" % maxval + stored.tobytes())
    with Image.open("a.pgm") as picture:
        pillow, mode = np.asarray(picture), picture.mode
    opencv, grey = (
        cv2.imread("a.pgm", cv2.IMREAD_UNCHANGED),
        cv2.imread("a.pgm", cv2.IMREAD_GRAYSCALE),
    )
    print(
        f"maxval {maxval}: expected the same; seen Pillow ({mode}) {pillow[0].tolist()},", end=" "
    )
    print(f"OpenCV {opencv[0].tolist()}, as 8-bit grey {grey[0].tolist()}")
    full = 255 if kind == "u1" else 65535
    assert pillow[0, 2] == full, "the behaviour has changed: Pillow does not scale"
    assert opencv[0, 2] == maxval, "the behaviour has changed: OpenCV scales"
    assert grey[0, 2] == (maxval if kind == "u1" else maxval // 256)
PY
