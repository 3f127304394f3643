#!/usr/bin/env bash
# Guess: cv2.imread turns a TIFF with an orientation tag upright, as it does a JPEG, or leaves it
# as it lies with IMREAD_UNCHANGED or IMREAD_IGNORE_ORIENTATION.
# What happens: a picture that is not square and has one of the four orientations that swap height
# and width (5 to 8) cannot be read at all: imread returns None, under every flag. Square pictures
# and orientations 1 to 4 are read, and there even IMREAD_IGNORE_ORIENTATION turns them.
# Who is hurt: users with TIFFs from scanners and cameras held upright; readers that skip what is
# None lose exactly the portrait pictures, so that a class can vanish.
# Workaround: Pillow or tifffile for TIFF.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3 opencv-python-headless==5.0.0.93
cd "$folder"
nice venv/bin/python - <<'PY'
import os

os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
import cv2
import numpy as np
import PIL
import tifffile
from PIL import Image

print("cv2", cv2.__version__, "pillow", PIL.__version__)
FLAGS = {
    "colour": cv2.IMREAD_COLOR,
    "unchanged": cv2.IMREAD_UNCHANGED,
    "ignore orientation": cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
}


def read(shape, orientation):
    picture = np.zeros((*shape, 3), np.uint8)
    picture[0, 0] = 255
    tifffile.imwrite(
        "scan.tif", picture, photometric="rgb", extratags=[(274, "H", 1, orientation, True)]
    )
    return {name: cv2.imread("scan.tif", flag) for name, flag in FLAGS.items()}


for orientation in range(1, 9):
    seen = {
        name: None if p is None else p.shape[:2] for name, p in read((20, 40), orientation).items()
    }
    with Image.open("scan.tif") as picture:
        print(
            f"orientation {orientation}: expected as Pillow (height, width) {picture.size[::-1]}, seen",
            seen,
        )
    assert all((p is None) == (orientation >= 5) for p in seen.values()), (
        "the behaviour has changed"
    )
assert all(p is not None for p in read((20, 20), 6).values())
turned = read((20, 40), 3)["ignore orientation"]
print(
    "orientation 3, ignored: expected the white pixel at (0, 0), seen at",
    np.argwhere(turned[..., 0])[0],
)
assert turned[0, 0, 0] == 0, "the behaviour has changed: the orientation is ignored"
PY
