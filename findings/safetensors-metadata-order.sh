#!/usr/bin/env bash
# Guess: the same tensors with the same metadata give the same bytes, so that a checksum says
# whether a model file has changed. (The tensors are sorted by the library for this.)
# What happens: the keys of __metadata__ are written in the order of a randomly seeded hash map,
# another one at each call. A file with several metadata keys has another SHA-256 each time it is
# saved.
# Who is hurt: those who compare model files by checksum, cache or deduplicate by content, or
# promise reproducible builds of a classifier file.
# Workaround: one metadata key that holds a JSON document with sorted keys.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 safetensors==0.8.0
cd "$folder"
nice venv/bin/python - <<'PY'
import hashlib
import json

import numpy as np
import safetensors
from safetensors.numpy import save

print("safetensors", safetensors.__version__)
tensors = {"w": np.zeros(4, np.float32)}
metadata = {key: "1" for key in ("classes", "mean", "std", "seed", "size", "network")}


def digests(metadata):
    return {hashlib.sha256(save(tensors, metadata)).hexdigest()[:12] for _ in range(20)}


several = digests(metadata)
one = digests({"document": json.dumps(metadata, sort_keys=True)})
print("expected: 1 checksum for 20 savings of the same content")
print(f"seen: {len(several)} with six metadata keys, {len(one)} with one key")
assert len(several) > 1, "the behaviour has changed: the order of the metadata is now fixed"
assert len(one) == 1, "the workaround no longer works"
PY
