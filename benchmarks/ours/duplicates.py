"""Near duplicates of a folder by Striate: a hash of each image, or all that a check looks for.

    python -m benchmarks.ours.duplicates FOLDER [--all]

Without --all the work is that of the peer: each image read, one perceptual hash, the pairs within
10 bits. With it: 58 hashes of each, of cut, turned and mirrored copies too, candidates laid over
each other, all that `striate check --no-labels` measures of a file.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from striate.data import Collection, find
from striate.data.cores import count_decoders
from striate.data.images import hold_decoded
from striate.data.images.decoder_warnings import collect_warnings
from striate.doctor.image_signs import hash_grey
from striate.doctor.scan.file_signs import DRAFT, PREPROCESS
from striate.doctor.scan.fingerprints import shrink
from striate.doctor.scan.near_copies import find_near_copies
from striate.doctor.scan.scanning import scan

NEAR = 10  # bits


def main() -> None:
    """Find them, and say how long it took and how many pairs there are."""
    folder, *options = sys.argv[1:]
    begun = time.perf_counter()
    collection = find(folder)
    if options:
        scanned = scan(collection)
        pairs = len(find_near_copies(scanned.signs, scanned.readable).pairs)
    else:
        pairs = count_near(hash_all(collection))
    print(json.dumps({"work": time.perf_counter() - begun, "pairs": pairs}))


def hash_all(collection: Collection) -> np.ndarray:
    """Return a perceptual hash of each image: uint64 (n,)."""

    def read(index: int) -> np.ndarray:
        with hold_decoded(collection.open(index), reduction=DRAFT.reduction) as decoded:
            return shrink(PREPROCESS.place(decoded).sum(0, dtype=np.uint16), channels=3)

    with collect_warnings(), ThreadPoolExecutor(count_decoders()) as pool:
        thumbs = np.stack(list(pool.map(read, range(len(collection)))))
    return hash_grey(thumbs.astype(np.float32))


def count_near(hashes: np.ndarray) -> int:
    """Count the pairs of hashes that differ in few bits."""
    apart = np.bitwise_count(hashes[:, None] ^ hashes[None])
    return int(np.triu(apart <= NEAR, 1).sum())


if __name__ == "__main__":
    main()
