#!/usr/bin/env bash
# Guess: Philox(key=[seed, 2**63 + epoch]) is another stream for each epoch, as the two numbers of
# the key are 64 bits each; a number that does not fit would be refused.
# What happens: a list that holds a number below 2^63 and one from 2^63 on becomes float64 on its
# way to uint64. 2,048 neighbouring keys are one: the same "random" order, without a word. Two
# numbers that are both from 2^63 on are kept exactly, and so is an array of uint64; default_rng
# and SeedSequence take the same list exactly.
# Who is hurt: those who key a stream by a seed and a counter, or a 64-bit hash, so that every epoch,
# worker or image has draws of its own: all epochs shuffle alike, and augmentation repeats.
# Workaround: Philox(key=numpy.array([...], numpy.uint64)), or numbers below 2^63.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np


def order(bits):
    return np.random.Generator(bits).permutation(1000).tolist()


print("numpy", np.__version__)
epochs = range(1000)
lists = {tuple(order(np.random.Philox(key=[7, 2**63 + epoch]))) for epoch in epochs}
arrays = {
    tuple(order(np.random.Philox(key=np.array([7, 2**63 + epoch], np.uint64)))) for epoch in epochs
}
seeds = {tuple(order(np.random.PCG64([7, 2**63 + epoch]))) for epoch in epochs}
large = np.random.Philox(key=[2**63 + 5, 2**63 + 1]).state["state"]["key"]
print(f"orders of 1,000 epochs: keys as lists {len(lists)}, as uint64 {len(arrays)}, seeds {len(seeds)}")
print("the key of [2**63 + 5, 2**63 + 1]:", large.tolist())
assert len(arrays) == len(seeds) == 1000
assert large.tolist() == [2**63 + 5, 2**63 + 1]
assert len(lists) == 1, "the behaviour has changed: a list is taken exactly, or refused"
PY
