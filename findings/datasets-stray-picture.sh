#!/usr/bin/env bash
# Guess: a stray picture beside the class folders, or in a folder within one, is left out or
# becomes a class of its own, and the others keep their labels.
# What happens: load_dataset("imagefolder") drops the labels of all pictures as soon as the files
# do not lie all at one depth. The set has no label column any more, the pictures are all there,
# and nothing is said. A metadata.csv with captions has the same effect, and pictures that it does
# not name are left out.
# Who is hurt: those with a thumbnail, a contact sheet or one subfolder in a set of thousands: the
# training fails far away from the cause, or goes on as unlabelled.
# Workaround: drop_labels=False; and check that features has label.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0 pillow==13.0.0
cd "$folder"
nice venv/bin/python - <<'PY'
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = str(Path("cache").resolve())
import datasets
from PIL import Image

print("datasets", datasets.__version__)
datasets.disable_progress_bars()


def load(name, extra, **options):
    for file in [*(f"{c}/{i}.png" for c in ("cat", "dog") for i in range(3)), extra]:
        path = Path(name) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            path.write_text("file_name,caption\ncat/0.png,tom\n")
        else:
            Image.new("RGB", (4, 4)).save(path)
    seen = datasets.load_dataset("imagefolder", data_dir=name, **options)["train"]
    return seen.num_rows, seen.column_names


for name, extra in (
    ("plain", "dog/3.png"),
    ("root", "overview.png"),
    ("deep", "dog/small/3.png"),
    ("captions", "metadata.csv"),
):
    seen = load(name, extra)
    print(f"with {extra}: expected a label column, seen", *seen)
    assert ("label" in seen[1]) == (name == "plain"), "the behaviour has changed"
    if name != "captions":
        assert seen[0] == 7
        assert "label" in load(name + "2", extra, drop_labels=False)[1], "the workaround fails"
    else:
        assert seen[0] == 1, "the behaviour has changed: pictures without a line are kept"
PY
