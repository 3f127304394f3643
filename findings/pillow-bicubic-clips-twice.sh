#!/usr/bin/env bash
# Guess: resizing an 8-bit picture is resizing the same numbers as floats, rounded and clipped at
# the end: at most one grey level apart.
# What happens: bicubic and Lanczos go over the picture twice, along rows and then columns, and
# 8-bit pictures are rounded and clipped to 0..255 in between, which cuts off the overshoot that
# the second pass needs. At the corners of sharp black and white (digits, text, line art) the two
# results are ten grey levels apart. (torch's uint8 path does the same as Pillow.)
# Who is hurt: those who train on pictures resized in 8 bits and serve with a float resize (ONNX
# Resize, torch, NumPy), with a test of equality that was made on photographs.
# Workaround: bilinear or box, which cannot overshoot; or resize in one of the two types
# everywhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import PIL
from PIL import Image

print("pillow", PIL.__version__)
rows, columns = np.indices((12, 12))
drawing = np.where((rows // 3 + columns // 3) % 2, 255, 0).astype(np.uint8)
soft = (drawing / 255 * 96 + 80).astype(np.uint8)  # the same, with room above and below
for name in ("BILINEAR", "BICUBIC", "LANCZOS"):
    for kind, array in (("black and white", drawing), ("soft", soft)):
        method = Image.Resampling[name]
        whole = np.asarray(Image.fromarray(array).resize((40, 40), method)).astype(float)
        real = np.asarray(Image.fromarray(array.astype(np.float32)).resize((40, 40), method))
        apart = abs(whole - real.round().clip(0, 255)).max()
        print(f"{name}, {kind}: expected at most 1 grey level, seen {apart:.0f}")
        if name == "BILINEAR" or kind == "soft":
            assert apart <= 1
        else:
            assert apart >= 5, "the behaviour has changed: no clipping in between"
PY
