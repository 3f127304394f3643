#!/usr/bin/env bash
# Guess: reading a half transparent picture with cv2.imread gives the stored colours, in TIFF as
# in PNG, WebP and JPEG 2000; at least IMREAD_UNCHANGED does.
# What happens: from an 8-bit TIFF with ordinary (unassociated) alpha the colours come multiplied
# by the alpha, under every flag: (200, 100, 50) at half opacity is read as (100, 50, 25), and
# with IMREAD_UNCHANGED the alpha stays beside it, so that compositing darkens a second time. At
# 16 bits it does not happen.
# Who is hurt: those with cut-outs, satellite tiles and drawings in several formats: the same
# picture is darker as TIFF.
# Workaround: Pillow or tifffile for TIFF.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0 opencv-python-headless==5.0.0.93
cd "$folder"
nice venv/bin/python - <<'PY'
import os

os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
import cv2
import numpy as np
import PIL
from PIL import Image

print("cv2", cv2.__version__, "pillow", PIL.__version__)
picture = Image.new("RGBA", (8, 8), (200, 100, 50, 128))
for name, options in (("a.png", {}), ("a.webp", {"lossless": True}), ("a.jp2", {}), ("a.tif", {})):
    picture.save(name, **options)
    with Image.open(name) as saved:
        assert saved.getpixel((4, 4)) == (200, 100, 50, 128)
        if name == "a.tif":
            assert saved.tag_v2[338] == (2,)  # ExtraSamples: unassociated alpha
    whole = cv2.cvtColor(cv2.imread(name, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)[4, 4].tolist()
    colour = cv2.imread(name)[4, 4, ::-1].tolist()
    print(f"{name}: expected [200, 100, 50, 128], seen {whole}; in colour {colour}")
    if name == "a.tif":
        assert whole == [100, 50, 25, 128] and colour == [100, 50, 25], "the behaviour has changed"
    else:
        assert whole == [200, 100, 50, 128] and colour == [200, 100, 50]
PY
