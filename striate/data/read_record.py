"""What was found when the same files were last read, so that they need not all be read again."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from striate.data.cache_folder import find_cache_folder
from striate.data.collection import Collection, format_count, read_skipped, write_skipped
from striate.data.cores import count_decoders
from striate.data.images import Preprocess
from striate.data.loader import Images
from striate.data.pixel_file import content_key
from striate.data.remarks import count_remarks
from striate.files.atomic_write import write_atomically

MOST = 100  # records that are kept; the oldest go first


class ReadRecord:
    """The hashes of the files of a collection, kept by their names, sizes and times.

    With what there was to remark on; only of sets of which every file could be read.

    Args:
        collection: of files, before they are read.
        preprocess: how they are made to fit.
    """

    def __init__(self, collection: Collection, preprocess: Preprocess) -> None:
        self._collection, self._preprocess = collection, preprocess
        key = content_key(collection, preprocess)
        self._path = find_cache_folder() / "hashes" / f"{key}.npy"

    def recall(self) -> Images | None:
        """Return the images as they were last read, to be decoded as they are asked for.

        None where they were not read before, or have changed since.
        """
        try:
            hashes = np.load(self._path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        if hashes.shape != (len(self._collection),) or hashes.dtype != np.uint64:
            return None
        threads = count_decoders()
        images = Images(self._collection, self._preprocess, mode="streamed", threads=threads)
        images.hashes, images.record = hashes, self._path
        with suppress(OSError):
            images.remarks = tuple(read_skipped(self._path.with_suffix(".csv")))
        images.notes = (
            *count_remarks(images.remarks),
            f"{format_count(len(images), 'file is', 'files are')} as when last read, by name, size "
            "and time: only those that are needed are read again",
        )
        return images

    def keep(self, images: Images) -> None:
        """Keep what was found of images that have just been read."""
        if not images.usable.all():
            return
        with suppress(OSError):  # they are read again then
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if images.remarks:
                with write_atomically(self._path.with_suffix(".csv")) as partial:
                    write_skipped(partial, images.remarks)
            with write_atomically(self._path) as partial, partial.open("wb") as file:
                np.save(file, images.hashes)
            records = self._path.parent.glob("*.npy")
            newest = sorted(records, key=lambda path: path.stat().st_mtime, reverse=True)
            for path in newest[MOST:]:
                path.unlink()
                path.with_suffix(".csv").unlink(missing_ok=True)
