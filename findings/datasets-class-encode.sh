#!/usr/bin/env bash
# Guess: class_encode_column("label") on labels that are integers from 0 on leaves them as they
# are, and adds their names.
# What happens: the integers are turned into text and sorted as text: 0, 1, 10, 11, 2, ... From
# the eleventh class on, the numbers change: what was class 2 is class 4, and class 10 is 2.
# Who is hurt: those who need a ClassLabel column (train_test_split asks for one to stratify) on
# data with 11 or more numbered classes, and then train, evaluate or compare with the old numbers:
# most labels are wrong, and all are in range.
# Workaround: cast_column("label", ClassLabel(names=[...])) with the names in the order of the
# numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0
cd "$folder"
nice venv/bin/python - <<'PY'
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = str(Path("cache").resolve())
import datasets

print("datasets", datasets.__version__)
datasets.disable_progress_bars()
for classes in (10, 12):
    labels = list(range(classes))
    table = datasets.Dataset.from_dict({"label": labels})
    seen = table.class_encode_column("label")["label"][:]
    print("expected", labels, "seen", seen)
    assert (seen == labels) == (classes == 10), "the behaviour has changed"
    names = datasets.ClassLabel(names=[str(label) for label in labels])
    assert table.cast_column("label", names)["label"][:] == labels, "the workaround fails"
PY
