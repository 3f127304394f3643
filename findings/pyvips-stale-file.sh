#!/usr/bin/env bash
# Guess: reading a file again after it has been written anew gives the new picture.
# What happens: libvips keeps a cache of operations, keyed by the file's name and not by its
# content or time. pyvips.Image.new_from_file(name) and thumbnail(name) give the old pixels, even
# the old size, for as long as the operation is in the cache, from other variables and after the
# first image is gone.
# Who is hurt: labelling tools, servers and notebooks that crop, mend or replace a picture under
# its name, and tests that write one temporary name again and again.
# Workaround: revalidate=True (or pyvips.cache_set_max(0)), or read the bytes and use
# new_from_buffer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pyvips==3.2.0 pyvips-binary==8.18.7 pillow==13.0.0
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import pyvips
from PIL import Image

print("pyvips", pyvips.__version__, "libvips", ".".join(str(pyvips.version(i)) for i in range(3)))


def write(width, grey):
    Image.new("L", (width, 4), grey).save("a.png")


def read(**options):
    picture = pyvips.Image.new_from_file("a.png", **options)
    return picture.width, int(picture.numpy()[0, 0])


write(4, 10)
first = read()
write(8, 200)
seen = read()
with open("a.png", "rb") as file:
    buffered = pyvips.Image.new_from_buffer(file.read(), "").width
print("first", first, "after the file was replaced: expected (8, 200), seen", seen)
print("with revalidate", read(revalidate=True), "width by buffer", buffered)
assert first == (4, 10)
assert seen == (4, 10), "the behaviour has changed: the new file is read"
assert read(revalidate=True) == (8, 200) and buffered == 8, "the workaround fails"
PY
