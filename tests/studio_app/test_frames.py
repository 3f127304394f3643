"""Messages carry words and numbers both ways, and what is none is refused in a line."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from striate.errors import SettingError
from striate.studio_app.frames import pack, unpack


def test_arrays_come_back_as_they_were_each_at_a_multiple_of_eight() -> None:
    arrays: dict[str, np.ndarray] = {
        "a": np.arange(3, dtype=np.uint8),
        "b": np.linspace(0, 1, 6, dtype=np.float64).reshape(2, 3),
        "c": np.array([np.nan, -0.0], np.float32),
        "d": np.zeros((0, 4), np.int32),
    }
    message = pack({"id": 7, "said": "ä\n"}, arrays)
    said, found = unpack(message)
    assert said["id"] == 7 and said["said"] == "ä\n"
    (length,) = struct.unpack_from("<I", message)
    assert (4 + length) % 8 == 0
    for name, values in arrays.items():
        assert found[name].dtype == values.dtype and found[name].shape == values.shape
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff\xff\xff\xff",
        b"\2\0\0\0[]",
        b"\2\0\0\0{]",
        pack({"id": 1}, {"a": np.ones(9)})[:-8],
        b'\x44\0\0\0{"arrays":[{"name":"a","dtype":"object","shape":[1],"at":0}]}      ',
    ],
)
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        unpack(message)
