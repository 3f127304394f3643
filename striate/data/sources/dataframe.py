"""A pandas DataFrame that lists images: the columns path and label, perhaps split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from striate.data.collection import Collection
from striate.data.sources.image_files import ImageFiles
from striate.data.sources.image_list import ImageList, collect_lists
from striate.data.sources.list_columns import read_columns
from striate.data.sources.tables import Table

if TYPE_CHECKING:
    import pandas

SOURCE = "data frame in memory"
NAME = "the DataFrame"


def find_dataframe(frame: pandas.DataFrame) -> Collection:
    """Return the images that a DataFrame lists; paths are relative to the working folder.

    Raises:
        DataError: a column is missing, or a row is none of an image.
    """
    columns = [
        frame.iloc[:, place].astype(object).where(frame.iloc[:, place].notna(), "").tolist()
        for place in range(frame.shape[1])
    ]
    rows = [
        (f"row {number}", [_text(cell) for cell in cells])
        for number, cells in enumerate(zip(*columns, strict=True))
    ]
    table = Table(NAME, tuple(str(name).strip() for name in frame.columns), True, rows)
    listed = read_columns(table, lambda name: False)
    files = ImageFiles(Path.cwd(), "", "", None)
    one = ImageList(NAME, listed, files)
    return collect_lists([one], Path.cwd(), source=SOURCE, kind="data frame")


def _text(cell: object) -> str:
    """Return a cell as text; pandas makes 1.0 of 1 where another row has none."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
