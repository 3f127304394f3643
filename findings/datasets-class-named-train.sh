#!/usr/bin/env bash
# Guess: load_dataset("imagefolder", data_dir=...) on the folders bus/, car/ and train/ (the
# vehicle) gives three classes.
# What happens: a folder whose name is, or contains as a word, train, training, dev, val, valid,
# validation, test, testing, eval or evaluation is taken for a split, and everything outside it is
# dropped without a word: one class is left of three, and it has no label, since a single folder
# gets none. The same happens with "crash test", or valid/ beside invalid/; and one picture named
# test.png reduces a whole set to itself.
# Who is hurt: users of Hugging Face datasets with transport, quality-control or medical classes
# (train is a class of PASCAL VOC and COCO).
# Workaround: data_files={"train": "folder/**"}, which leaves the guessing out, with
# drop_labels=False.
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


def folder(name, files):
    for file in files:
        path = Path(name) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
    return name


def load(**where):
    seen = datasets.load_dataset("imagefolder", **where)
    names = {k: getattr(v.features.get("label"), "names", None) for k, v in seen.items()}
    return {k: (v.num_rows, names[k]) for k, v in seen.items()}


def pictures(*classes):
    return [f"{c}/{i}.png" for c in classes for i in range(3)]


usual = load(data_dir=folder("usual", pictures("bus", "car", "tram")))
print("bus car tram: expected and seen", usual)
assert usual == {"train": (9, ["bus", "car", "tram"])}
for classes, split in (
    (("bus", "car", "train"), "train"),
    (("crash test", "normal use"), "test"),
    (("valid", "invalid"), "validation"),
):
    seen = load(data_dir=folder("-".join(classes), pictures(*classes)))
    print(
        f"{', '.join(classes)}: expected {3 * len(classes)} in {len(classes)} classes, seen {seen}"
    )
    assert seen == {split: (3, None)}, "the behaviour has changed"
seen = load(data_dir=folder("one", [*pictures("bus", "car"), "car/test.png"]))
print("car/test.png among them: expected 7 in 2 classes, seen", seen)
assert seen == {"test": (1, None)}, "the behaviour has changed"
mended = load(data_files={"train": "bus-car-train/**"}, drop_labels=False)
print("with data_files:", mended)
assert mended == {"train": (9, ["bus", "car", "train"])}, "the workaround fails"
PY
