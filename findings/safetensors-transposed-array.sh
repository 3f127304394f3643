#!/usr/bin/env bash
# Guess: safetensors.numpy saves the array that it is given, whatever its memory layout, or
# refuses one that is not contiguous, as safetensors.torch does.
# What happens: it writes the memory as it lies and the shape as it reads. A transposed, Fortran-
# ordered or sliced array comes back with its numbers in other places, without an error or a
# warning.
# Who is hurt: anyone who turns weights from one layout to another in NumPy (HWIO of Keras to OIHW
# of torch, a transposed dense layer) and saves them: the file opens, the network runs, the
# answers are wrong.
# Workaround: numpy.ascontiguousarray on every array before save or save_file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 safetensors==0.8.0
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import safetensors
from safetensors.numpy import load, save

print("safetensors", safetensors.__version__, "numpy", np.__version__)
kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
cases = {
    "transposed": kernel.T,
    "Fortran order": np.asfortranarray(kernel),
    "every second column": np.arange(12, dtype=np.float32).reshape(2, 6)[:, ::2],
}
for name, array in cases.items():
    back = load(save({"w": array}))["w"]
    print(f"{name}: expected {array.tolist()}, seen {back.tolist()}")
    assert back.shape == array.shape
    assert not np.array_equal(back, array), "the behaviour has changed: the array came back whole"
    whole = load(save({"w": np.ascontiguousarray(array)}))["w"]
    assert np.array_equal(whole, array), "the workaround no longer works"
PY
