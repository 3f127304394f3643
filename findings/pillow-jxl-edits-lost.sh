#!/usr/bin/env bash
# Guess: picture.save("a.jxl") writes the pixels that the picture has now, as with every other
# format of Pillow's.
# What happens: for a picture that was opened from a JPEG file, pillow-jxl-plugin packs that file
# anew instead (JPEG XL can hold a JPEG without loss). What was changed in place since, by
# thumbnail, paste, putpixel or ImageDraw, is not in the result: it has the old size and the old
# pixels, even with lossless=True. A warning speaks of JPEG reconstruction, not of lost edits.
# Who is hurt: those who shrink or mask pictures (faces, name plates, labels burnt in) and store
# them as JPEG XL: the saved set is neither smaller nor masked, and on the screen it was.
# Workaround: lossless_jpeg=False, or save picture.copy().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 pillow-jxl-plugin==1.3.8
cd "$folder"
nice venv/bin/python - <<'PY'
from importlib.metadata import version

import PIL
import pillow_jxl  # registers itself
from PIL import Image, ImageDraw

print("pillow", PIL.__version__, "pillow-jxl-plugin", version("pillow-jxl-plugin"))
Image.new("RGB", (64, 32), (255, 255, 255)).save("a.jpg")


def edited():
    picture = Image.open("a.jpg")
    ImageDraw.Draw(picture).rectangle((0, 0, 64, 32), fill=(0, 0, 0))
    picture.thumbnail((16, 16))
    return picture


def saved(picture, name, **options):
    picture.save(name, **options)
    with Image.open(name) as seen:
        return seen.size, seen.convert("RGB").getpixel((2, 2))


expected = (16, 8), (0, 0, 0)
print(
    "expected",
    expected,
    "as in PNG",
    saved(edited(), "a.png"),
    "and WebP",
    saved(edited(), "a.webp"),
)
for options in ({}, {"lossless": True}):
    seen = saved(edited(), "a.jxl", **options)
    print("JPEG XL", options, "seen", seen)
    assert seen == ((64, 32), (255, 255, 255)), "the behaviour has changed: the edits are kept"
for mended in (saved(edited(), "a.jxl", lossless_jpeg=False), saved(edited().copy(), "a.jxl")):
    assert mended[0] == (16, 8) and max(mended[1]) < 5, "the workaround fails"
PY
