#!/usr/bin/env bash
# Guess: a map of labels 0, 1, 2, 7, made from a picture's get_fdata() and saved with the
# picture's own header (the usual Nifti1Image(labels, picture.affine, picture.header)), reads back
# as 0, 1, 2, 7. All of these fit the header's uint8.
# What happens: since get_fdata gives floats and the header says uint8, nibabel stretches the
# values over the 256 levels and stores a slope. Read back, the labels are 0, 0.988, 2.004, 7:
# comparing with == 1 finds nothing, and astype(int) turns every 1 into a 0.
# Who is hurt: those who make classes from medical volumes: whole classes vanish, and only if the
# float array goes with an integer header.
# Workaround: astype(numpy.uint8) before Nifti1Image, and set_data_dtype.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 nibabel==5.4.2
cd "$folder"
nice venv/bin/python - <<'PY'
import nibabel
import numpy as np

print("nibabel", nibabel.__version__, "numpy", np.__version__)
scan = nibabel.Nifti1Image(np.array([[[10, 60, 120, 250]]], np.uint8), np.eye(4))
labels = np.digitize(scan.get_fdata(), [50, 100, 200]).astype(float)
labels[labels == 3] = 7


def saved(array):
    return nibabel.Nifti1Image.from_bytes(
        nibabel.Nifti1Image(array, scan.affine, scan.header).to_bytes()
    )


seen = saved(labels)
print(
    "expected", labels.ravel(), "seen", seen.get_fdata().ravel(), "stored as", seen.get_data_dtype()
)
print(
    "pixels of class 1: expected",
    (labels == 1).sum(),
    "seen",
    (seen.get_fdata() == 1).sum(),
    end=", ",
)
print("with astype(int):", (seen.get_fdata().astype(int) == 1).sum())
assert seen.get_data_dtype() == np.uint8
assert (seen.get_fdata() == 1).sum() == 0, "the behaviour has changed: the labels are kept"
assert np.array_equal(saved(labels.astype(np.uint8)).get_fdata(), labels), "the workaround fails"
PY
