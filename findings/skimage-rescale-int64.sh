#!/usr/bin/env bash
# Guess: skimage.exposure.rescale_intensity stretches a picture from its darkest to its brightest
# pixel over the range of its type: black to 0, white to the type's largest number.
# What happens: for int64 and uint64, white becomes the smallest number (-9223372036854775808, or
# 0; seen on x86-64), since the largest one cannot be held by the float it is computed in, and
# overflows on the way back. Black and white change sides; 8, 16 and 32 bits are right.
# Who is hurt: whoever has counted, summed or used astype(int) before (NumPy's default integer):
# the brightest pixels turn black or hugely negative, and the min and max are those that one would
# expect of the type.
# Workaround: out_range=(0, 255) or float pictures.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scikit-image==0.26.0
cd "$folder"
nice venv/bin/python - <<'PY'
import warnings

warnings.simplefilter("ignore")
import numpy as np
import skimage
from skimage.exposure import rescale_intensity

print("scikit-image", skimage.__version__, "numpy", np.__version__)
for kind in (np.uint8, np.uint16, np.int32, np.uint64, np.int64):
    picture = np.array([[0, 50, 100]], kind)
    seen = rescale_intensity(picture)[0]
    print(
        f"{kind.__name__}: expected white {np.iinfo(kind).max}, seen {seen[2]} beside grey {seen[1]}"
    )
    if kind in (np.uint64, np.int64):
        assert seen[2] < seen[1], "the behaviour has changed: white stays white"
    else:
        assert seen[2] == np.iinfo(kind).max
PY
