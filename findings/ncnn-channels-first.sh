#!/usr/bin/env bash
# Guess: ncnn.Mat(picture.transpose(2, 0, 1)) is the picture with its channels first, as for any
# library that takes NumPy arrays; the shape that it reports says so too.
# What happens: Mat takes the memory as it lies and the shape as it reads. The three "channels"
# are three slices of the interleaved picture: the first third of the rows, in stripes of red,
# green and blue, as if it were the red channel. No error, no warning.
# Who is hurt: those who prepare pictures in NumPy for ncnn on a phone or a small board: the
# network runs, and its answers are near to chance.
# Workaround: numpy.ascontiguousarray around it, or Mat.from_pixels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 ncnn==1.0.20261020
cd "$folder"
nice venv/bin/python - <<'PY'
import ncnn
import numpy as np

print("ncnn", ncnn.__version__, "numpy", np.__version__)
picture = np.empty((2, 3, 3), np.float32)  # rows, columns, channels
picture[...] = 1, 2, 3  # one colour everywhere
turned = picture.transpose(2, 0, 1)
seen = np.array(ncnn.Mat(turned))
print("expected", turned.tolist())
print("seen", seen.tolist())
assert seen.shape == turned.shape
assert not np.array_equal(seen, turned), "the behaviour has changed"
whole = np.ascontiguousarray(turned)
assert np.array_equal(np.array(ncnn.Mat(whole)), turned), "the workaround fails"
PY
