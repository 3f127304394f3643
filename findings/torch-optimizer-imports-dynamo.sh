#!/usr/bin/env bash
# Guess: an optimizer of torch is a few tensors and a formula; making one takes no time, and what
# serves torch.compile is loaded when torch.compile is called.
# What happens: the first optimizer that a program makes imports torch._dynamo and with it sympy:
# some 800 modules, about as long as importing torch took. Its methods are wrapped so that
# torch.compile leaves them alone, and the wrapper imports what it may never need.
# Who is hurt: whoever trains for seconds, or starts many short programs (tests, tuning, a command
# line): the start takes nearly twice as long, and a time limit on the first step is missed.
# Workaround: call the methods from behind the wrappers (inspect.unwrap); or make an optimizer
# before the clock runs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cd "$folder"
nice venv/bin/python - <<'PY'
import sys
import time

begun = time.perf_counter()
import torch

seconds = time.perf_counter() - begun
before = set(sys.modules)
weight = torch.nn.Parameter(torch.zeros(3))
assert "torch._dynamo" not in before and "sympy" not in before
begun = time.perf_counter()
torch.optim.SGD([weight], lr=0.1)
more = time.perf_counter() - begun
new = set(sys.modules) - before
print("torch", torch.__version__)
print("expected: no further module of any size; seen:", len(new), "modules,", end=" ")
print(f"{more:.1f} s for the optimizer, {seconds:.1f} s for import torch")
assert "torch._dynamo" in new and "sympy" in new, "the behaviour has changed"
PY
