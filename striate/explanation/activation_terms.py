"""Any number of any layer taken apart, as the word of the layer does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from torch import nn

from striate.architecture.aspects.worked_sum import Place, Terms
from striate.architecture.words import WORDS
from striate.backends.torch.network import Joining
from striate.errors import SettingError
from striate.explanation.hooks import LayerCall

if TYPE_CHECKING:
    from striate.architecture.aspects.worked_sum import WorkedSum

DECOMPOSITIONS: Final[dict[type[nn.Module], WorkedSum]] = {
    kind: worked for word in WORDS.values() for kind, worked in word.worked_sums().items()
}


def decompose(call: LayerCall, unit: int, row: int = -1, column: int = -1) -> Terms:
    """Take one number of a layer apart.

    Args:
        call: the layer at work on one image, from `record`.
        unit: the channel or feature, from 0.
        row: from 0; -1 for features.
        column: likewise.

    Raises:
        SettingError: there is no such number, or what the layer does is not known here.

    >>> import torch
    >>> from striate.explanation.hooks import record
    >>> pool = nn.Sequential(nn.MaxPool2d(2))
    >>> image = torch.arange(4.0).view(1, 1, 2, 2)
    >>> found = decompose(record(pool, image)["0"], 0, 0, 0)
    >>> found.value.tolist(), found.weight.tolist(), found.result
    ([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 1.0], 3.0)
    """
    place = check_position(call, unit, row, column)
    if isinstance(call.module, Joining):
        return call.module.joint.worked_sum(call, place)
    way = DECOMPOSITIONS.get(type(call.module))
    if way is None:
        known = ", ".join(sorted({kind.__name__ for kind in DECOMPOSITIONS}))
        raise SettingError(
            f"what '{call.name}', a {type(call.module).__name__}, does is not known here; "
            f"expected one of {known}"
        )
    return way(call, place)


def check_position(call: LayerCall, unit: int, row: int, column: int) -> Place:
    """Make sure that a layer has such a number.

    Raises:
        SettingError: it has not; the message says what it has.
    """
    shape = tuple(call.output.shape[1:])
    wanted = (unit,) if len(shape) == 1 else (unit, row, column)
    if len(shape) == 1 and (row, column) != (-1, -1):
        raise SettingError(
            f"'{call.name}' gives {shape[0]} features, which have no row and column; leave them out"
        )
    if len(wanted) != len(shape) or not all(
        0 <= at < size for at, size in zip(wanted, shape, strict=True)
    ):
        told = "x".join(map(str, shape))
        asked = ", ".join(map(str, wanted))
        words = "unit" if len(shape) == 1 else "unit, row and column"
        raise SettingError(
            f"'{call.name}' gives {told} and has no {words} {asked}; they count from 0"
        )
    return unit, row, column
