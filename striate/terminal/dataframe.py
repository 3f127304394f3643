"""Rows of values as a pandas DataFrame, where pandas is installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from striate.errors import StriateError

if TYPE_CHECKING:
    from pandas import DataFrame


def make_dataframe(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> DataFrame:
    """Return a table as a pandas DataFrame.

    Args:
        columns: the names of the columns.
        rows: as many values each as there are columns.

    Raises:
        StriateError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise StriateError(
            "a DataFrame needs pandas, which is not installed; pip install pandas"
        ) from error
    return pd.DataFrame(list(rows), columns=list(columns))
