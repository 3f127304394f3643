"""An image as what it is: matrices of numbers, one for each colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture.words import Pair
from striate.errors import SettingError
from striate.teaching.convolution.image_planes import name_planes, read_image
from striate.teaching.convolution.number_text import describe_range, format_grid, to_plain

SIDE: Final = 12  # rows and columns that are shown


@dataclass(frozen=True, eq=False, repr=False)
class ImageNumbers:
    """An image as its matrices.

    Attributes:
        planes: (channels, rows, columns), all of it.
        names: of the channels: grey; red, green, blue; or channel 1 to the last.
        corner: row and column of the first number that is shown.
    """

    planes: np.ndarray
    names: tuple[str, ...]
    corner: Pair

    @property
    def shown(self) -> np.ndarray:
        """The part whose numbers are shown: (channels, rows, columns), up to 12x12 of each."""
        row, column = self.corner
        return self.planes[:, row : row + SIDE, column : column + SIDE]

    def __repr__(self) -> str:
        return f"ImageNumbers({'x'.join(map(str, self.planes.shape))})"

    def __str__(self) -> str:
        return self.as_text()

    def as_text(self, *, width: int = 80) -> str:
        """Write the matrices, up to 12x12 of each.

        Args:
            width: characters that a line may have.
        """
        channels, rows, columns = self.planes.shape
        what = "one matrix" if channels == 1 else f"{channels} matrices"
        lines = [f"the image is {what} of {rows}x{columns} numbers"]
        (row, column), (tall, wide) = self.corner, self.shown.shape[1:]
        if (tall, wide) != (rows, columns):
            lines.append(
                f"shown: rows {row} to {row + tall - 1}, columns {column} to {column + wide - 1}; "
                "--at ROW,COLUMN moves on"
            )
        for name, whole, part in zip(self.names, self.planes, self.shown, strict=True):
            lines.append(f"{name}: {describe_range(whole)}")
            grid = format_grid(part.astype(np.float64))
            if max(map(len, grid)) + 2 > width:
                grid = format_grid(np.round(part.astype(np.float64), 1))
            lines += [f"  {line}" for line in grid]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return every number: ``matrices`` as lists of rows, with ``channels``, their names."""
        return {
            "channels": list(self.names),
            "rows": self.planes.shape[1],
            "columns": self.planes.shape[2],
            "matrices": [to_plain(plane) for plane in self.planes.astype(np.float64)],
        }


def read_matrices(image: ArrayLike | str, *, corner: Pair = (0, 0)) -> ImageNumbers:
    """Return an image as its matrices of numbers.

    Args:
        image: numbers of shape (rows, columns), or (rows, columns, channels); or a text grid.
        corner: row and column of the first number that is shown, from 0.

    Raises:
        ImageError: the image is no array of numbers.
        SettingError: the image has no such corner.

    >>> print(read_matrices([[[255, 128, 0], [0, 0, 0]]]))
    the image is 3 matrices of 1x2 numbers
    red: from 0 to 255, mean 127.5
      255 0
    green: from 0 to 128, mean 64
      128 0
    blue: from 0 to 0, mean 0
      0 0
    """
    planes = np.moveaxis(read_image(image), 2, 0)
    _, rows, columns = planes.shape
    if not (0 <= corner[0] < rows and 0 <= corner[1] < columns):
        raise SettingError(
            f"the image has no row {corner[0]}, column {corner[1]}; it has rows 0 to {rows - 1} "
            f"and columns 0 to {columns - 1}"
        )
    return ImageNumbers(planes, name_planes("sum", len(planes)), corner)
