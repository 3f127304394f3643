#!/usr/bin/env bash
# Guess: antialias in torch.nn.functional.interpolate matters only when a picture is shrunk; when
# it is enlarged there is nothing to smooth, and the result is the same with and without, as it is
# for bilinear.
# What happens: for bicubic, antialias also chooses another kernel: a=-0.5 with it (as Pillow),
# a=-0.75 without (as OpenCV). Enlarged pictures differ by many grey levels.
# Who is hurt: those who prepare pictures of mixed sizes, where some are enlarged, and switch
# antialias on or off between training and serving "for the large ones"; bilinear hides it.
# Workaround: antialias=True everywhere; then torch equals Pillow to rounding, up and down.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 pillow==13.0.0
cd "$folder"
nice venv/bin/python - <<'PY'
import numpy as np
import PIL
import torch
from PIL import Image
from torch.nn.functional import interpolate

print("torch", torch.__version__, "pillow", PIL.__version__)
picture = torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(0)) * 255
for mode, method in (
    ("bilinear", Image.Resampling.BILINEAR),
    ("bicubic", Image.Resampling.BICUBIC),
):
    smooth, plain = (interpolate(picture, (20, 20), mode=mode, antialias=a) for a in (True, False))
    pillow = np.asarray(Image.fromarray(picture[0, 0].numpy()).resize((20, 20), method))
    apart = float((smooth - plain).abs().max())
    print(f"{mode}, 9 to 20 pixels: expected 0 of 255 apart, seen {apart:.3f};", end=" ")
    print(f"Pillow from antialias=True: {abs(smooth[0, 0].numpy() - pillow).max():.3f}")
    assert abs(smooth[0, 0].numpy() - pillow).max() < 0.01
    if mode == "bilinear":
        assert apart < 0.01
    else:
        assert apart > 5, "the behaviour has changed: antialias does not matter"
PY
