#!/usr/bin/env bash
# Guess: similarity() of a folder without similar images is a table of the usual columns without rows.
# What happens: it has no rows, and lacks filename_from and filename_to, which it has otherwise.
# Who is hurt: whoever reads pairs by their names: it works on every folder with copies, and ends with
# a KeyError on the clean one, which is what a check before training hopes for.
# Workaround: found.reindex(columns=["filename_from", "filename_to", "distance"]).
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check fastdup==2.54

cat > "$work/try.py" <<'PROGRAM'
import sys
from importlib.metadata import version
from pathlib import Path

import fastdup
import numpy as np
from PIL import Image

work = Path(sys.argv[1])


def tell(line):
    with (work / "told").open("a") as told:
        print(line, file=told)


def columns(name, copies):
    folder = work / name
    folder.mkdir()
    numbers = np.random.default_rng(0)
    for i in range(12):
        # stripes of as many widths and directions
        rows, across = np.mgrid[:224, :224]
        angle, wide = np.pi * i / 12, 4 + 3 * i
        wave = np.sin((rows * np.sin(angle) + across * np.cos(angle)) / wide)
        colour = numbers.integers(0, 256, 3)
        pixels = (127 + 120 * wave)[..., None] * 0.5 + colour * 0.5
        for copy in range(copies):
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}-{copy}.png")
    found = fastdup.create(work_dir=str(work / f"{name}-index"), input_dir=str(folder))
    found.run(overwrite=True, threshold=0.999)
    table = found.similarity()
    tell(f"  {name}: {len(table)} rows, columns {', '.join(map(str, table.columns))}")
    return len(table), {"filename_from", "filename_to"} <= set(table.columns)


tell(f"fastdup {version('fastdup')}")
some, none = columns("copies", 2), columns("different", 1)
sys.exit(not (some[0] and some[1] and not none[0] and not none[1]))
PROGRAM

"$work/venv/bin/python" "$work/try.py" "$work" > "$work/said" 2>&1 || { tail -5 "$work/said"; exit 1; }
cat "$work/told"
echo "as described"
