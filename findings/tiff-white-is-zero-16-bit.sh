#!/usr/bin/env bash
# Guess: a TIFF whose PhotometricInterpretation is WhiteIsZero is inverted on reading, whatever
# its number of bits; or never.
# What happens: Pillow and OpenCV invert it at 8 bits and leave it as it is at 16. The same X-ray
# or film scan, saved at both depths, is read as a positive and as a negative.
# Who is hurt: users of scanned films, gels and radiographs, where WhiteIsZero is usual, with a
# folder that mixes depths or a model trained on 8 bits and fed with 16.
# Workaround: read tag 262, and invert 16-bit pictures yourself where it is 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3 opencv-python-headless==5.0.0.93
cd "$folder"
nice venv/bin/python - <<'PY'
import cv2
import numpy as np
import PIL
import tifffile
from PIL import Image

print("pillow", PIL.__version__, "cv2", cv2.__version__)
seen = {}
for kind in (np.uint8, np.uint16):
    top = np.iinfo(kind).max
    # black, dark and white as this photometric interpretation stores them
    tifffile.imwrite(
        "film.tif", np.array([[top, top - top // 5, 0]], kind), photometric="miniswhite"
    )
    with Image.open("film.tif") as picture:
        assert picture.tag_v2[262] == 0
        pillow = np.asarray(picture)
    opencv = cv2.imread("film.tif", cv2.IMREAD_UNCHANGED)
    for name, pixels in (("Pillow", pillow), ("OpenCV", opencv)):
        print(
            f"{name}, {kind.__name__}: expected {[0, int(top // 5), int(top)]}, seen {pixels[0].tolist()}"
        )
        seen[name, kind] = pixels[0, 0] < pixels[0, 2]
for name in ("Pillow", "OpenCV"):
    assert seen[name, np.uint8], "the behaviour has changed: 8 bits are not inverted"
    assert not seen[name, np.uint16], "the behaviour has changed: 16 bits are inverted"
PY
