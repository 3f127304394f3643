#!/usr/bin/env bash
# Guess: ImageStat.Stat(picture).mean, histogram() and entropy() of a 16-bit grey picture (mode
# I;16) tell of its 16 bits, as getextrema() does; or they refuse it.
# What happens: they take its bytes for pixels, low and high byte alternating, and of each row
# only as many as it has pixels, so that the right half of the picture is not counted at all. A
# picture of 256 everywhere has mean 0.5; one that is black on the left and white on the right has
# mean 0.
# Who is hurt: those who look for black, flat or duplicate 16-bit pictures, or normalise by these
# means: the numbers look like 8-bit ones and have nothing to do with brightness.
# Workaround: numpy.asarray(picture).mean() and numpy.histogram.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import PIL
from PIL import Image, ImageStat

print("pillow", PIL.__version__)
half = np.zeros((4, 4), np.uint16)
half[:, 2:] = 65535
for name, array, mean in (
    ("all 256", np.full((4, 4), 256, np.uint16), 0.5),
    ("all 60000", np.full((4, 4), 60000, np.uint16), 165),
    ("right half white", half, 0),
):
    picture = Image.fromarray(array)
    assert picture.mode == "I;16" and picture.getextrema() == (array.min(), array.max())
    seen = ImageStat.Stat(picture).mean[0]
    bins = [k for k, count in enumerate(picture.histogram()) if count]
    print(f"{name}: expected mean {array.mean()}, seen {seen}, histogram bins {bins}")
    assert seen == mean, "the behaviour has changed"
PY
