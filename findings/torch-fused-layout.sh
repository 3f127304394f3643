#!/usr/bin/env bash
# Guess: an optimizer with fused=True takes the same step as without, as its documentation says.
# What happens: on the CPU the fused step walks through the memory of parameter and gradient side
# by side. Where one of them lies channels last and the other does not, each weight is changed by
# the gradient of another weight, without an error or a warning; SGD, Adam, AdamW and Adagrad
# alike. Where both lie the same way, all is well.
# Who is hurt: those who set .grad themselves, with what another process has sent, what is read
# from a file or what is calculated by hand. backward() and module.to() keep both alike.
# Workaround: fused=False, or a gradient copied into torch.empty_like(parameter).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cd "$folder"
nice venv/bin/python - <<'PY'
import torch

print("torch", torch.__version__)
LAYOUTS = {"plain": torch.contiguous_format, "channels last": torch.channels_last}


def step(kind, fused, weight_lies, gradient_lies):
    numbers = torch.Generator().manual_seed(0)
    start = torch.randn(2, 3, 2, 2, generator=numbers)
    gradient = torch.randn(2, 3, 2, 2, generator=numbers)
    weight = torch.nn.Parameter(start.to(memory_format=LAYOUTS[weight_lies]))
    optimizer = kind([weight], lr=0.1, fused=fused)
    weight.grad = gradient.to(memory_format=LAYOUTS[gradient_lies])
    optimizer.step()
    return weight.detach().contiguous()


for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.Adagrad):
    for weight_lies in LAYOUTS:
        for gradient_lies in LAYOUTS:
            places = (weight_lies, gradient_lies)
            apart = float((step(kind, True, *places) - step(kind, False, *places)).abs().max())
            print(f"{kind.__name__}: weight {weight_lies}, gradient {gradient_lies}: {apart:.2g}")
            if weight_lies == gradient_lies:
                assert apart < 1e-6, "the fused step differs where both lie the same way"
            else:
                assert apart > 0.05, "the behaviour has changed: layouts no longer matter"
PY
