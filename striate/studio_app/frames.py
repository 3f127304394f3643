"""Numbers on their way to the page and back: a line of JSON, then arrays as they lie in memory.

4 bytes     how long the JSON is, little endian
the JSON    {"id": ..., "arrays": [{"name", "dtype", "shape", "at"}], ...}, padded by spaces
the arrays  each from a multiple of eight bytes on, so that the page can look at it in place
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping

import numpy as np

from striate.errors import SettingError
from striate.model.json_value import JsonObject

STEP = 8
NOTHING: Mapping[str, np.ndarray] = {}
NAMES = {"float32": "<f4", "float64": "<f8", "int32": "<i4", "uint8": "|u1"}


def pack(said: JsonObject, arrays: Mapping[str, np.ndarray] = NOTHING) -> bytes:
    """Return words and numbers as one message.

    Args:
        said: what is told in words.
        arrays: of float32, float64, int32 or uint8, by name.

    >>> message = pack({"id": 1}, {"logits": np.array([1.0, 2.0], np.float32)})
    >>> said, arrays = unpack(message)
    >>> said["id"], arrays["logits"].tolist()
    (1, [1.0, 2.0])
    """
    listed, parts, at = [], [], 0
    for name, values in arrays.items():
        kind = values.dtype.name
        raw = np.ascontiguousarray(values, NAMES[kind]).tobytes()
        listed.append({"name": name, "dtype": kind, "shape": list(values.shape), "at": at})
        parts.append(raw + b"\0" * (-len(raw) % STEP))
        at += len(parts[-1])
    head = json.dumps({**said, "arrays": listed}).encode()
    head += b" " * (-(len(head) + 4) % STEP)
    return b"".join((struct.pack("<I", len(head)), head, *parts))


def unpack(message: bytes) -> tuple[JsonObject, dict[str, np.ndarray]]:
    """Return the words and the numbers of a message.

    Raises:
        SettingError: it is no such message.
    """
    try:
        (length,) = struct.unpack_from("<I", message)
        said = json.loads(message[4 : 4 + length])
        found = {}
        for each in said.get("arrays", []):
            kind, shape = np.dtype(NAMES[each["dtype"]]), tuple(map(int, each["shape"]))
            at = 4 + length + int(each["at"])
            count = int(np.prod(shape, dtype=np.int64))
            found[str(each["name"])] = np.frombuffer(message, kind, count, at).reshape(shape)
    except (struct.error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SettingError(f"the message cannot be read: {error}") from error
    return said, found
