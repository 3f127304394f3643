#!/usr/bin/env bash
# Guess: a tensor in channels_last or a permuted one is read as torch reads it, or is refused.
# What happens: ExecuTorch's runtime takes it without a word and reads its memory as if it were
# contiguous: colours and places are mixed up, and the answers are those of noise.
# Who is hurt: whoever reads an image as (rows, columns, channels), permutes it and runs it: the
# commonest three lines of preprocessing there are.
# Seen with executorch 1.5.1; https://github.com/pytorch/executorch/issues/21837 has it of 1.4.0.
# Workaround: tensor.contiguous(), or a network that takes (rows, columns, channels) and permutes
# inside.
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
torch.manual_seed(0)
network = torch.nn.Conv2d(3, 2, 3).eval()
picture = torch.randint(0, 256, (1, 4, 5, 3)).float()  # rows, columns, channels
given = picture.permute(0, 3, 1, 2)
traced = torch.export.export(network, (given.contiguous(),))
lowered = to_edge_transform_and_lower(traced, partitioner=[XnnpackPartitioner()])
with open("conv.pte", "wb") as file:
    file.write(lowered.to_executorch().buffer)
method = Runtime.get().load_program("conv.pte").load_method("forward")
expected = network(given).detach()
apart = {}
for name, tensor in (("permuted", given), ("contiguous", given.contiguous())):
    assert torch.equal(tensor, given)
    apart[name] = (method.execute([tensor])[0] - expected).abs().max().item()
    print(f"{name:10}  largest difference from torch: {apart[name]:.3g}, of {expected.abs().max():.3g}")
assert apart["contiguous"] < 1e-3, "the workaround fails"
assert apart["permuted"] > 10, "the behaviour has changed"
PY
nice venv/bin/python check.py 2>errors || { tail -5 errors; exit 1; }
