#!/usr/bin/env bash
# Guess: read_csv with dtype="category" keeps class names as they are written; pandas' own guide
# says that the categories are then always read as strings, to be converted if they are numbers.
# What happens: names that look like numbers become numbers: 007 is 7, 1E5 is 100000.0, and two
# names such as 1.0 and 1.00 become one class. With dtype=str they are kept.
# Who is hurt: those whose classes are codes: wells (1E5), defect codes, product numbers, folders
# with leading zeros. The names in the list no longer match the folders.
# Workaround: dtype=str (with keep_default_na=False for a class "NA"), then astype("category").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1
cd "$folder"
nice venv/bin/python - <<'PY'
import io

import pandas as pd

print("pandas", pd.__version__)
for names in (["007", "010"], ["1E5", "2E1"], ["1.0", "1.00"]):
    text = "label\n" + "\n".join(names) + "\n"
    seen = pd.read_csv(io.StringIO(text), dtype={"label": "category"})["label"].cat.categories
    kept = pd.read_csv(io.StringIO(text), dtype=str)["label"].astype("category").cat.categories
    print(f"expected {names}, seen {seen.tolist()} as {seen.dtype}; by way of str {kept.tolist()}")
    assert pd.api.types.is_numeric_dtype(seen), "the behaviour has changed: they are strings"
    assert kept.tolist() == sorted(names), "the workaround fails"
PY
