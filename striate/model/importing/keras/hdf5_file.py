"""An HDF5 file of elsewhere: its tree of arrays, read without following it anywhere else.

HDF5 can point into other files (links, external storage, virtual arrays) and can be stored by
filters that are libraries of their own; both are refused by name. What it says of its size is
checked before anything is read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import SettingError, WeightsError

LARGEST = 4 * 2**30  # bytes of all arrays together; VGG-16 with its optimiser is 1.6 GB
MOST = 100_000  # groups and arrays; ResNet-152 has some 3,000
SMALL = 2**20  # bytes below which nothing is too well compressed
DENSEST = 1000  # times smaller than its values that an array may be stored; deflate's own limit
FILTERS = {1, 2, 3, 4, 5, 6, 32000}  # deflate, shuffle, checksum, szip, nbit, scale, lzf
BEGINNING = b"\x89HDF\r\n\x1a\n"
MEND = "expected a file that Keras saved; get it anew"


class Hdf5File:
    """The arrays and attributes of a file, all of them known to lie in it.

    Args:
        content: a path, or the bytes of one.
        name: for messages.

    Raises:
        WeightsError: it is damaged, too large, or leads elsewhere.
        SettingError: h5py is not installed.
    """

    def __init__(self, content: Path | bytes, name: str) -> None:
        h5py = _h5py()
        self._name = name
        try:
            source = content if isinstance(content, Path) else io.BytesIO(content)
            self._file = h5py.File(source, "r")
            self._arrays: dict[str, Any] = {}
            self._groups: dict[str, Any] = {"": self._file}
            for path, found in self._walk(h5py):
                (self._arrays if isinstance(found, h5py.Dataset) else self._groups)[path] = found
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise WeightsError(
                f"'{name}' is cut off or damaged ({' '.join(str(error).split())[:120]}); {MEND}"
            ) from error

    @property
    def groups(self) -> tuple[str, ...]:
        """The paths of all groups, "" for the file itself."""
        return tuple(self._groups)

    def children(self, group: str) -> list[str]:
        """Return the names in a group, in the order that the file gives."""
        return list(self._groups[group]) if group in self._groups else []

    def attribute(self, group: str, name: str) -> Any:
        """Return an attribute, None where there is none."""
        if group not in self._groups or name not in self._groups[group].attrs:
            return None
        try:
            return self._groups[group].attrs[name]
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise WeightsError(
                f"'{self._name}' is damaged at the attribute '{name}' "
                f"({' '.join(str(error).split())[:120]}); {MEND}"
            ) from error

    def texts(self, group: str, name: str) -> list[str] | None:
        """Return a list of texts; Keras divides long ones into name0, name1, ..."""
        whole = self.attribute(group, name)
        parts = [] if whole is None else [whole]
        while whole is None and (part := self.attribute(group, f"{name}{len(parts)}")) is not None:
            parts.append(part)
        if not parts:
            return None
        return [as_text(each) for part in parts for each in np.atleast_1d(part)]

    def __contains__(self, path: str) -> bool:
        return path in self._arrays

    def array(self, path: str) -> np.ndarray:
        """Read an array as float32.

        Raises:
            WeightsError: it is not there, or holds no finite numbers.
        """
        if path not in self._arrays:
            raise WeightsError(f"'{self._name}' has no array '{path}'; {MEND}")
        stored = self._arrays[path]
        try:
            values = np.asarray(stored[()])
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise WeightsError(
                f"'{self._name}' is damaged at '{path}' ({' '.join(str(error).split())[:120]}); "
                f"{MEND}"
            ) from error
        # Keras keeps bfloat16 as two opaque bytes; their meaning stands in an attribute
        if values.dtype.kind == "V" and values.dtype.itemsize == 2:
            bits = values.view(np.uint16).astype(np.uint32) << 16
            values = bits.view(np.float32)
        if values.dtype.kind not in "fiu":
            raise WeightsError(
                f"'{path}' in '{self._name}' is of {values.dtype}; expected numbers of 16, 32 or "
                "64 bits"
            )
        values = values.astype(np.float32)
        if not np.isfinite(values).all():
            raise WeightsError(
                f"'{path}' in '{self._name}' holds values that are no numbers (NaN or infinite); "
                "save weights that training has not broken"
            )
        return values

    def _walk(self, h5py: Any) -> Iterator[tuple[str, Any]]:
        """Give all groups and arrays with their paths; each is looked at before it is opened."""
        pile, seen, total = [("", self._file)], {h5py.h5o.get_info(self._file.id).addr}, 0
        while pile:
            above, group = pile.pop()
            for name in group:
                path = f"{above}/{name}" if above else name
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise WeightsError(
                        f"'{self._name}' links to another place at '{path}'; such files are not "
                        "read, since they could lead to any file: " + MEND
                    )
                found = group[name]
                place = h5py.h5o.get_info(found.id).addr
                if place in seen or len(seen) > MOST:
                    what = f"holds '{path}' twice" if place in seen else f"has over {MOST:,} parts"
                    raise WeightsError(f"'{self._name}' {what}; {MEND}")
                seen.add(place)
                if isinstance(found, h5py.Dataset):
                    total += self._check(found, path)
                    if total > LARGEST:
                        raise WeightsError(
                            f"'{self._name}' holds over {LARGEST / 2**30:.0f} GiB of numbers, "
                            "which is more than is read; save the model without its optimiser "
                            "(include_optimizer=False)"
                        )
                elif isinstance(found, h5py.Group):
                    pile.append((path, found))
                else:
                    continue
                yield path, found

    def _check(self, array: Any, path: str) -> int:
        """Return how many bytes an array takes, or say why it is not read."""
        plan = array.id.get_create_plist()
        filters = [plan.get_filter(number)[0] for number in range(plan.get_nfilters())]
        unknown = [number for number in filters if number not in FILTERS]
        if array.external or array.is_virtual:
            raise WeightsError(
                f"'{path}' in '{self._name}' lies in another file; such files are not read, since "
                "they could lead to any file: " + MEND
            )
        if unknown:
            raise WeightsError(
                f"'{path}' in '{self._name}' is stored by the HDF5 filter {unknown[0]}, a library "
                "of its own, which is not loaded; save it without compression or with gzip"
            )
        size = int(array.nbytes)
        if size > SMALL and size > DENSEST * array.id.get_storage_size():
            raise WeightsError(
                f"'{path}' in '{self._name}' says it holds {size:,} bytes and stores "
                f"{array.id.get_storage_size():,}; {MEND}"
            )
        return size


def as_text(value: Any) -> str:
    """Return an attribute as text; older Keras writes bytes.

    >>> as_text(b"conv1"), as_text("conv1")
    ('conv1', 'conv1')
    """
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise SettingError(
            "weights of Keras need the extra: pip install 'striate[keras]' (h5py alone; neither "
            f"Keras nor TensorFlow) ({error})"
        ) from error
    return h5py
