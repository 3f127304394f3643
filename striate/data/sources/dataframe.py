"""A pandas DataFrame that lists images: the columns path and label, perhaps split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from striate.data.collection import Collection
from striate.data.sources.image_list import ListedImage, collect_list
from striate.errors import DataError

if TYPE_CHECKING:
    import pandas

SOURCE = "data frame in memory"


def find_dataframe(frame: pandas.DataFrame) -> Collection:
    """Return the images that a DataFrame lists; paths are relative to the working folder.

    Raises:
        DataError: a column is missing, or a row is none of an image.
    """
    columns = {str(name).strip().lower(): name for name in frame.columns}
    missing = [name for name in ("path", "label") if name not in columns]
    if missing:
        there = ", ".join(map(str, frame.columns)) or "no columns"
        raise DataError(
            f"the DataFrame has {there}, but not {' and '.join(missing)}; expected the columns "
            "path and label, and split where it says train, val and test"
        )
    table = {
        name: frame[columns[name]].astype(object).where(frame[columns[name]].notna(), "").tolist()
        for name in ("path", "label", "split")
        if name in columns
    }
    listed = [
        ListedImage(
            place=f"row {number}",
            path=str(path).strip(),
            label=_name(label),
            split=str(split).strip(),
        )
        for number, (path, label, split) in enumerate(
            zip(
                table["path"],
                table["label"],
                table.get("split", [""] * len(frame)),
                strict=True,
            )
        )
    ]
    return collect_list(
        listed, Path.cwd(), source=SOURCE, kind="data frame", list_name="the DataFrame"
    )


def _name(label: object) -> str:
    """Return a label as a name; pandas makes 1.0 of 1 where another row has none."""
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label).strip()
