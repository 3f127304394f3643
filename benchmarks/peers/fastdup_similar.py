"""Similar images of a folder by fastdup, as its manual has it; none of its settings is changed.

python fastdup_similar.py FOLDER
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path

import fastdup


def main() -> None:
    """Find them; print how long it took, and each pair with how alike it is."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as work, contextlib.redirect_stdout(sys.stderr):
        index = fastdup.create(work_dir=work, input_dir=sys.argv[1])
        index.run(overwrite=True)
        found = index.similarity()
    alike: dict[tuple[str, str], float] = {}
    columns = ["filename_from", "filename_to", "distance"]
    # where nothing is alike, the table lacks the columns of names
    for one, other, value in found.reindex(columns=columns).dropna().values.tolist():
        names = sorted(str(Path(name).relative_to(Path(sys.argv[1]))) for name in (one, other))
        alike[names[0], names[1]] = value
    told = {"work": time.perf_counter() - begun, "pairs": len(alike)}
    print(json.dumps({**told, "alike": [[*names, value] for names, value in alike.items()]}))


if __name__ == "__main__":
    main()
