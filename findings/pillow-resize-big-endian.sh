#!/usr/bin/env bash
# Guess: a 16-bit grey TIFF gives the same picture whether its bytes are little- or big-endian (as
# ImageJ writes them), and so does what resize makes of it. If the big-endian mode is a nuisance,
# convert("I;16") turns it into the usual one.
# What happens: Pillow opens it as mode I;16B with the right pixels. resize then gives wrong
# numbers wherever neighbours differ (a flat picture is right), convert("I;16") clips every value
# to 255, and saving as JPEG 2000 swaps the bytes. None of them says anything.
# Who is hurt: microscopists who resize 16-bit pictures for training: those saved by ImageJ turn
# to noise, those saved by Python do not.
# Workaround: convert("I") or convert("F") first; or Image.fromarray of the NumPy array in native
# byte order.
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
ramp = np.tile(np.linspace(0, 60000, 16).astype(np.uint16), (16, 1))
seen = {}
for order in "<>":
    tifffile.imwrite("cells.tif", ramp, byteorder=order)
    with Image.open("cells.tif") as picture:
        assert np.array_equal(np.asarray(picture), ramp)
        small = np.asarray(picture.resize((4, 4), Image.Resampling.BILINEAR))[1].tolist()
        usual = np.asarray(picture.convert("I;16"))[0, ::5].tolist()
        real = np.asarray(picture.convert("F").resize((4, 4), Image.Resampling.BILINEAR))[1]
        print(
            f"{picture.mode}: resize, expected {real.round().astype(int).tolist()}, seen {small};",
            end=" ",
        )
        print(f"convert, expected {ramp[0, ::5].tolist()}, seen {usual}")
        seen[order] = small, usual
        right = np.allclose(small, real, atol=1), usual == ramp[0, ::5].tolist()
        picture.save("cells.jp2")
        with Image.open("cells.jp2") as saved:
            right += (np.array_equal(np.asarray(saved), ramp),)
        print("   saved as JPEG 2000 and read:", "right" if right[2] else "wrong")
        assert right == ((order == "<",) * 3), "the behaviour has changed"
PY
