"""What an image is known by, whatever it is called: a hash of the bytes of its file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from striate.data.collection import Collection
from striate.data.images import Source
from striate.data.images.safe_open import open_file
from striate.errors import ImageError

BLOCK: Final = 2**20  # bytes of a file that are read at once


def digest_image(collection: Collection, index: int) -> str:
    """Return the digest of an image in hexadecimal; "" where it cannot be read.

    Args:
        collection: from `find`.
        index: of the image.
    """
    try:
        return digest_source(collection.open(index)).hexdigest()
    except ImageError:
        return ""


def digest_source(source: Source) -> hashlib.blake2b:
    """Return BLAKE2b, of 16 bytes, of a file's bytes, or of an array's shape and values.

    Raises:
        ImageError: the file cannot be opened.

    >>> len(digest_source(b"not an image").digest())
    16
    """
    if isinstance(source, np.ndarray):
        digest = hashlib.blake2b(repr(source.shape).encode(), digest_size=16)
        digest.update(np.ascontiguousarray(source).tobytes())
        return digest
    if isinstance(source, bytes):
        return hashlib.blake2b(source, digest_size=16)
    if isinstance(source, Image.Image):
        return hashlib.blake2b(source.tobytes(), digest_size=16)
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open_file(Path(source)) as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError as error:
        raise ImageError(f"it cannot be read: {error.strerror or error}") from error
    return digest
