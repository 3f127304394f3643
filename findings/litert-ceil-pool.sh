#!/usr/bin/env bash
# Guess: a MaxPool2d with ceil_mode gives what torch gives, or is refused.
# What happens: LiteRT Torch pads both sides where one needs it: 8 rows by 9 columns, a window of 3
# and a stride of 2 become 4 x 5, where torch says 4 x 4. The file is written without a word, with
# a column more than the network was traced with. On square maps nothing is to be seen.
# Who is hurt: whoever converts a network with such pools (SqueezeNet, GoogLeNet) for pictures that
# are not square.
# Seen with litert-torch 0.10.0, ai-edge-litert 2.3.0, torch 2.13.0.
# Workaround: an input whose rows and columns leave the same remainder, or padding written out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 \
    litert-torch==0.10.0 ai-edge-litert==2.3.0
cd "$folder"
cat >check.py <<'PY'
from importlib.metadata import version

import litert_torch
import torch
from ai_edge_litert.interpreter import Interpreter

print("litert-torch", version("litert-torch"), "ai-edge-litert", version("ai-edge-litert"))
pool = torch.nn.MaxPool2d(3, 2, ceil_mode=True).eval()


def run(rows, columns):
    x = torch.randn(1, 2, rows, columns)
    litert_torch.convert(pool, (x,)).export("pool.tflite")
    interpreter = Interpreter("pool.tflite")
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x.numpy())
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    print(f"{rows} x {columns}: torch {tuple(pool(x).shape)}, LiteRT {found.shape}")
    return tuple(pool(x).shape), found.shape


same, other = run(8, 8), run(8, 9)
assert same[0] == same[1]
assert other == ((1, 2, 4, 4), (1, 2, 4, 5)), "the behaviour has changed"
PY
nice venv/bin/python check.py 2>errors || { tail -5 errors; exit 1; }
