#!/usr/bin/env bash
# Guess: a TIFF that says whether its whole numbers have a sign (SampleFormat) is read by that.
# What happens: only at 16 bits. Pillow takes signed 8 bits for unsigned, so that -1 is 255 and
# brighter than 127, and unsigned 32 bits for signed, so that from 2^31 on white is negative.
# Who is hurt: users of difference images, of elevation and of counts: the order of the values is
# torn at the middle, which min-max scaling then hides.
# Workaround: np.asarray(image).view(np.int8) or view(np.uint32), by tag 339; or tifffile.
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
from PIL import Image

print("pillow", PIL.__version__)
kept = {}
for kind in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32):
    ends = np.iinfo(kind)
    stored = np.array([[ends.min, ends.min // 2, 0, ends.max // 2, ends.max]]).astype(kind)
    tifffile.imwrite("values.tif", stored, photometric="minisblack")
    with Image.open("values.tif") as image:
        seen, mode = np.asarray(image)[0], image.mode
    kept[kind] = seen.tolist() == stored[0].tolist()
    print(f"{kind.__name__}, mode {mode}: expected {stored[0].tolist()}, seen {seen.tolist()}")
assert [kept[kind] for kind in (np.uint8, np.int16, np.uint16, np.int32)] == [True] * 4
assert not kept[np.int8], "the behaviour has changed: 8 bits keep their sign"
assert not kept[np.uint32], "the behaviour has changed: 32 bits without a sign are read"
PY
