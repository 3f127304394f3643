"""The numbers that a page shows, out of all that were found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.explanation.inspection import Inspection
from striate.explanation.layer_filters import LayerFilters
from striate.explanation.page.drawings import UNITS
from striate.explanation.page.view import FILTERS, FIRST, View
from striate.explanation.unit_inspection import UnitInspection


def select_shown(found: Inspection | UnitInspection) -> dict[str, np.ndarray]:
    """Return the arrays that the page draws, by the names that `arrays` of all has.

    Of each layer's maps, gradients and filters only some units are drawn; ``units NAME`` and
    ``filter units NAME`` say which, in the order of the rows: int64 (units shown,).
    """
    kept = {
        name: values
        for name, values in found.arrays().items()
        if not name.startswith(("maps ", "gradients ", "filters "))
    }
    if isinstance(found, Inspection):
        for address in found.block_outputs:
            layer = found.feature_maps[address]
            units = kept[f"units {address}"] = layer.order[:UNITS]
            kept[f"maps {address}"] = layer.values[units]
            if layer.gradient is not None:
                kept[f"gradients {address}"] = layer.gradient[units]
    return kept | _filters(found.filters)


def _filters(found: Sequence[LayerFilters]) -> dict[str, np.ndarray]:
    kept = {}
    for place, one in enumerate([*found[:1], *View.deeper(found)]):
        units = kept[f"filter units {one.name}"] = one.order[: FILTERS if place else FIRST]
        kept[f"filters {one.name}"] = one.weights[units]
    return kept
