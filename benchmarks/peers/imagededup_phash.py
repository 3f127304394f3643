"""Near duplicates of a folder by imagededup's PHash, as its manual has it.

python imagededup_phash.py FOLDER
"""

from __future__ import annotations

import json
import sys
import time

import torchvision_here  # noqa: F401  (before torchvision, which imagededup imports)
from imagededup.methods import PHash

NEAR = 10  # bits, imagededup's default


def main() -> None:
    """Find them, and say how long it took and how many pairs there are."""
    begun = time.perf_counter()
    method = PHash(verbose=False)
    hashes = method.encode_images(image_dir=sys.argv[1], recursive=True)
    found = method.find_duplicates(encoding_map=hashes, max_distance_threshold=NEAR)
    pairs = sum(map(len, found.values())) // 2
    print(json.dumps({"work": time.perf_counter() - begun, "pairs": pairs}))


if __name__ == "__main__":
    main()
