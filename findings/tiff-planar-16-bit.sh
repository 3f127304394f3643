#!/usr/bin/env bash
# Guess: a TIFF of 16-bit colours is read right or refused, whether its values lie pixel by pixel
# or plane by plane (PlanarConfiguration 2), as ImageJ and microscopes write them.
# What happens: plane by plane, Pillow 11.3 and later take uncompressed 16 bits for 8, which gives
# noise; OpenCV takes three neighbours of the red plane for the colours of one pixel. Neither says
# a word; at 8 bits both are right.
# Who is hurt: whoever reads microscopy or satellite images with Pillow (torchvision, timm, fastai
# and datasets do) or OpenCV: the picture is destroyed, and neither size nor type tells.
# Workaround: tifffile; or look at tags 258 and 284 before, and refuse 16 bits in planes.
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
sixteen = np.random.default_rng(0).integers(0, 65536, (40, 60, 3)).astype(np.uint16)
wrong = {}
for bits, values in ((8, (sixteen >> 8).astype(np.uint8)), (16, sixteen)):
    for layout in ("contig", "separate"):
        stored = values if layout == "contig" else np.moveaxis(values, 2, 0).copy()
        tifffile.imwrite("colour.tif", stored, photometric="rgb", planarconfig=layout)
        with Image.open("colour.tif") as image:
            pillow = np.asarray(image)  # of 16 bits the upper 8, as documented
        opencv = cv2.imread("colour.tif", cv2.IMREAD_UNCHANGED)[..., ::-1]
        for name, seen, right in (
            ("Pillow", pillow, values if bits == 8 else values >> 8),
            ("OpenCV", opencv, values),
        ):
            wrong[name, bits, layout] = float((seen != right).mean())
            told = f"{wrong[name, bits, layout]:.1%}"
            print(f"{name}, {bits} bits, {layout}: expected 0.0% wrong, seen {told}")
for (name, bits, layout), share in wrong.items():
    if bits == 16 and layout == "separate":
        assert share > 0.6, f"the behaviour has changed: {name}"
    else:
        assert share == 0, f"the behaviour has changed: {name}"
PY
