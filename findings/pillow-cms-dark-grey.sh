#!/usr/bin/env bash
# Guess: an ICC transform of grey (PIL.ImageCms, by LittleCMS) is right to about one level.
# What happens: with the default flags LittleCMS replaces it by a table of few points and draws
# straight lines between them. Linear grey, as scanners and renderers write it, becomes up to ten
# levels too dark in the shadows; colours of the same gamma are right to a level.
# Who is hurt: whoever makes grey scans sRGB before training or measuring: shadows are crushed.
# Workaround: flags=ImageCms.Flags.NOOPTIMIZE; made once for 256 values, it costs nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0
cd "$folder"
nice venv/bin/python - <<'PY'
import io
import struct

import numpy as np
import PIL
from PIL import Image, ImageCms, features

print("pillow", PIL.__version__, "littlecms", features.version("littlecms2"))


def fixed(value):
    return struct.pack(">i", round(value * 65536))


def profile(space, tags):
    white = b"XYZ " + bytes(4) + fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    described = b"desc" + bytes(4) + struct.pack(">I", 2) + b"x\0" + bytes(78)
    tags = {b"desc": described, b"wtpt": white, b"cprt": b"text" + bytes(4) + b"none\0", **tags}
    table, body = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        table += tag + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = bytes(8) + struct.pack(">I", 0x02400000) + b"mntr" + space + b"XYZ " + bytes(12)
    head += b"acsp" + bytes(28) + fixed(0.9642) + fixed(1.0) + fixed(0.8249) + bytes(48)
    whole = head + table + body
    return io.BytesIO(struct.pack(">I", len(whole)) + whole[4:])


linear = b"curv" + bytes(4) + struct.pack(">I", 0)
columns = {b"r": (0.43607, 0.22249, 0.01392), b"g": (0.38515, 0.71687, 0.09708)}
columns[b"b"] = (0.14307, 0.06061, 0.71410)
matrix = {
    name + b"XYZ": b"XYZ " + bytes(4) + b"".join(map(fixed, values))
    for name, values in columns.items()
}
matrix |= {name + b"TRC": linear for name in columns}
x = np.arange(256) / 255
expected = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055) * 255  # IEC 61966-2-1
ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
srgb, worst = ImageCms.createProfile("sRGB"), {}
for name, given, image, flags in (
    ("grey", profile(b"GRAY", {b"kTRC": linear}), ramp, ImageCms.Flags.NONE),
    ("grey, NOOPTIMIZE", profile(b"GRAY", {b"kTRC": linear}), ramp, ImageCms.Flags.NOOPTIMIZE),
    ("colour", profile(b"RGB ", matrix), ramp.convert("RGB"), ImageCms.Flags.NONE),
):
    opened = ImageCms.ImageCmsProfile(given)
    made = ImageCms.buildTransform(opened, srgb, image.mode, "RGB", flags=flags)
    seen = np.asarray(ImageCms.applyTransform(image, made))[0, :, 1]
    worst[name] = float(np.abs(seen - expected).max())
    told = np.round(expected[:5], 1).tolist()
    print(f"{name}: expected {told} ..., seen {seen[:5].tolist()} ..., worst {worst[name]:.1f}")
assert worst["grey, NOOPTIMIZE"] < 1.5 and worst["colour"] < 2.5
assert worst["grey"] > 5, "the behaviour has changed"
PY
