#!/usr/bin/env bash
# Guess: Image.open gives the pixels as stored, getexif()[274] says how they lie, and turning them
# by that tag (rotate by -90 for 6) makes any picture upright, TIFF as JPEG.
# What happens: Pillow turns a TIFF itself while it decodes, and drops the tag then. Before the
# decoding the tag still reads 6, so code that reads it first and turns the pixels after gets a
# TIFF on its side and a JPEG upright. size is that of the turned picture from the start.
# Who is hurt: those with an orientation code of their own (to read 274, record it, and turn):
# TIFFs are turned twice, and boxes or masks in stored coordinates no longer fit.
# Workaround: ImageOps.exif_transpose, which loads before it looks; or load() before getexif().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import PIL
import tifffile
from PIL import Image, ImageOps

print("pillow", PIL.__version__)
stored = np.zeros((32, 64, 3), np.uint8)
stored[:, :32] = 255  # white on the left of the stored picture: on top of the upright one
tifffile.imwrite("photo.tif", stored, photometric="rgb", extratags=[(274, "H", 1, 6, True)])
exif = Image.Exif()
exif[274] = 6
Image.fromarray(stored).save("photo.jpg", exif=exif, quality=95)


def by_hand(path):
    picture = Image.open(path)
    if picture.getexif().get(274) == 6:
        picture = picture.rotate(-90, expand=True)
    return picture


for name in ("photo.jpg", "photo.tif"):
    opened = Image.open(name)
    before, size = opened.getexif().get(274), opened.size
    opened.load()
    print(
        name, "tag before and after load", before, opened.getexif().get(274), "size", size, end="; "
    )
    print("turned by hand: expected (32, 64), seen", by_hand(name).size)
    upright = ImageOps.exif_transpose(Image.open(name))
    assert upright.size == (32, 64) and upright.getpixel((16, 8))[0] > 250
assert by_hand("photo.jpg").size == (32, 64)
assert by_hand("photo.tif").size == (64, 32), "the behaviour has changed"
PY
