#!/usr/bin/env bash
# Guess: rotate and transform work on 16-bit grey pictures (mode I;16) with every filter, or
# refuse them, as GaussianBlur and autocontrast do.
# What happens: with NEAREST they are right. With BILINEAR or BICUBIC the result is noise of small
# numbers: a smooth ramp from 0 to 60000, turned by 10 degrees, comes out with values below 256 in
# no order, and nothing is said. (resize of the same picture is right.)
# Who is hurt: those who augment 16-bit X-rays, microscope or depth pictures by small rotations: a
# share of the training pictures is destroyed, and a flat test picture still looks plausible.
# Workaround: convert("F") before, and round after.
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
ramp = np.tile(np.linspace(0, 60000, 16).astype(np.uint16), (16, 1))
whole, real = Image.fromarray(ramp), Image.fromarray(ramp.astype(np.float32))
assert whole.mode == "I;16"
for name in ("NEAREST", "BILINEAR", "BICUBIC"):
    method = Image.Resampling[name]
    expected = np.asarray(real.rotate(10, method))[8, 4:12]
    seen = np.asarray(whole.rotate(10, method))[8, 4:12].astype(float)
    print(
        f"{name}: expected {expected.round().astype(int).tolist()}, seen {seen.astype(int).tolist()}"
    )
    if name == "NEAREST":
        assert np.array_equal(seen, expected)
    else:
        assert abs(seen - expected).max() > 10000, "the behaviour has changed: 16 bits are turned"
    small, large = (np.asarray(p.resize((4, 4), method)).astype(float) for p in (whole, real))
    assert abs(small - large).max() <= 1
PY
