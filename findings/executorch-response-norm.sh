#!/usr/bin/env bash
# Guess: what ExecuTorch converts without a word, its own runtime of the same version can run.
# What happens: torch's local response normalisation (AlexNet, GoogLeNet) is written as
# avg_pool3d, for which the runtime has no operator: the .pte cannot be loaded.
# Who is hurt: whoever converts at a desk and finds out on the phone.
# Seen with executorch 1.5.1, torch 2.13.0.
# Workaround: the sum of the squares of shifted slices of the channels, written out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 executorch==1.5.1
cd "$folder"
cat >check.py <<'PY'
from importlib.metadata import version

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime

print("executorch", version("executorch"), "torch", torch.__version__)


class ByHand(torch.nn.Module):
    def forward(self, x):
        squares = torch.nn.functional.pad(x * x, (0, 0, 0, 0, 2, 2))
        total = sum(squares[:, i : i + x.shape[1]] for i in range(5))
        return x / (total * (1e-4 / 5) + 1) ** 0.75


def run(network, x):
    lowered = to_edge_transform_and_lower(
        torch.export.export(network, (x,)), partitioner=[XnnpackPartitioner()]
    )
    with open("lrn.pte", "wb") as file:
        file.write(lowered.to_executorch().buffer)
    print("converted:", type(network).__name__)
    return Runtime.get().load_program("lrn.pte").load_method("forward").execute([x])[0]


x = torch.randn(1, 7, 4, 4)
network = torch.nn.LocalResponseNorm(5).eval()
assert torch.allclose(run(ByHand().eval(), x), network(x), atol=1e-6), "the workaround fails"
try:
    run(network, x)
except RuntimeError as error:
    print("to load it:", error)
else:
    raise AssertionError("the behaviour has changed")
PY
nice venv/bin/python check.py 2>errors || { tail -5 errors; exit 1; }
grep -o "avg_pool3d[.a-z]*" errors | sort -u || true
