"""Follows where cells look through a network while it computes, whatever module it is.

Every step of torch that a pass consists of says how it moves places: windows by stride and
padding, pads and crops by what they add and leave out, sums and joins by the mean of their
branches. What mixes places otherwise, as attention does, has no centres.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from striate.explanation.cell_centers import AxisCenters, CellCenters


@dataclass(frozen=True, eq=False)
class Place:
    """Where the cells of one tensor look.

    Attributes:
        centers: of them.
        last: the dimension of the columns, from the end: -1, or -2 where channels come last; the
            rows stand before it.
        merged: the shape before rows and columns became one dimension; () where they are two.
    """

    centers: CellCenters
    last: int = -1
    merged: tuple[int, ...] = ()

    def spatial(self, dim: int, ndim: int) -> bool:
        """Whether a dimension is that of the rows or of the columns."""
        return dim % ndim in (self.last % ndim, (self.last - 1) % ndim)


class CenterTracing(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the centres of cells through a pass while the body of ``with`` runs it.

    Args:
        image: (1, channels, height, width), what goes into the network.

    >>> from torch import nn
    >>> image = torch.zeros(1, 3, 224, 224)
    >>> with CenterTracing(image) as traced:
    ...     output = nn.Conv2d(3, 4, 3, stride=2, padding=1)(image)
    >>> traced.centers(output).columns.mean[:3].tolist()
    [0.0, 2.0, 4.0]
    """

    def __init__(self, image: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # ids of tensors that are gone are used again
        self._places: MutableMapping[Tensor, Place] = WeakTensorKeyDictionary()
        if image.ndim == 4:
            rows, columns = (AxisCenters.of_pixels(side) for side in image.shape[2:])
            self._places[image] = Place(CellCenters(rows, columns))

    def centers(self, output: Tensor) -> CellCenters | None:
        """Return where the cells of (batch, channels, rows, columns) look; None where unknown."""
        place = self._places.get(output)
        if place is None or place.merged or place.last != -1 or output.ndim != 4:
            return None
        return place.centers

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute a step, and note where the cells of its result look."""
        result = func(*args, **(kwargs or {}))
        step = str(func.overloadpacket).removeprefix("aten.")
        rule = RULES.get(step)
        if rule is None and torch.Tag.pointwise in func.tags:
            rule = _together
        if rule is not None:
            own = [self._of(each) for each in args]
            if any(own):
                outputs = result if isinstance(result, (tuple, list)) else [result]
                every = outputs if step in DIVIDING else outputs[:1]
                for output in every:
                    place = rule(own, args, output)
                    if place is not None:
                        self._places[output] = place
        return result

    def _of(self, given: Any) -> Any:
        """Return the place of an argument: a list of them for a list of tensors."""
        if isinstance(given, Tensor):
            return self._places.get(given)
        if isinstance(given, (tuple, list)) and given and isinstance(given[0], Tensor):
            found = [self._places.get(each) for each in given]
            return found if any(found) else None
        return None


Rule = Callable[[Sequence[Any], Sequence[Any], Tensor], Place | None]


def _stays(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    """Each number stays in its place."""
    return own[0] if isinstance(own[0], Place) else None


def _together(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    """Numbers of the same place meet; what has no place, as the gate of a channel, moves none."""
    found = [each for each in own if isinstance(each, Place) and _fits(each, output)]
    alike = [each for each in found if (each.last, each.merged) == (found[0].last, found[0].merged)]
    if not alike or len(alike) < len(found):
        return None
    return _joined(alike)


def _cat(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    found = [each for each in own[0] if each is not None and _fits(each, output)]
    dim = args[1] if len(args) > 1 else 0
    if len(found) < len(own[0]) or any(each.spatial(dim, output.ndim) for each in found):
        return None
    return _joined(found) if len({each.last for each in found}) == 1 else None


def _joined(found: Sequence[Place]) -> Place:
    rows = AxisCenters.join([each.centers.rows for each in found])
    columns = AxisCenters.join([each.centers.columns for each in found])
    return Place(CellCenters(rows, columns), found[0].last, found[0].merged)


def _fits(place: Place, output: Tensor) -> bool:
    """Whether a tensor has as many rows and columns as the cells of a place."""
    size = (len(place.centers.rows), len(place.centers.columns))
    if place.merged:
        return output.ndim == 2 and output.shape[0] == np.prod(place.merged[:-1])
    sides = (place.last - 1, place.last)
    return output.ndim >= -sides[0] and tuple(output.shape[side] for side in sides) == size


def _convolution(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    place, (stride, pad, dilation, transposed) = own[0], args[3:7]
    if place is None or place.last != -1 or output.ndim != 4:
        return None
    axes = []
    for axis, cells in enumerate((place.centers.rows, place.centers.columns)):
        extent = _one(dilation, axis) * (int(args[1].shape[2 + axis]) - 1) + 1
        step, before = _one(stride, axis), _one(pad, axis)
        count = int(output.shape[2 + axis])
        if transposed:
            axes.append(cells.at((np.arange(count) + before - (extent - 1) / 2) / step))
        else:
            axes.append(cells.through(count, extent=extent, stride=step, pad=before))
    return Place(CellCenters(*axes))


def _pool(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    place = own[0]
    if place is None or place.last != -1:
        return None
    kernel = args[1]
    stride = (args[2] if len(args) > 2 else None) or kernel
    pad = args[3] if len(args) > 3 else 0
    # a fifth argument is the dilation of a max pool, but whether an average pool counts the rest
    dilation = args[4] if len(args) > 4 and not isinstance(args[4], bool) else 1
    axes = [
        cells.through(
            int(output.shape[axis - 2]),
            extent=_one(dilation, axis) * (_one(kernel, axis) - 1) + 1,
            stride=_one(stride, axis),
            pad=_one(pad, axis),
        )
        for axis, cells in enumerate((place.centers.rows, place.centers.columns))
    ]
    return Place(CellCenters(*axes))


def _adaptive(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    """Part i of n cells goes from floor(i*n/parts) up to ceil((i+1)*n/parts)."""

    def parts(cells: AxisCenters, count: int) -> AxisCenters:
        n = len(cells)
        ends = [(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]
        return cells.at(np.array([(first + last - 1) / 2 for first, last in ends]))

    return _moved(own[0], output, parts)


def _nearest(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    """Cell i of n looks at floor(i * cells / n): all copies of a cell where it looks itself."""

    def spread(cells: AxisCenters, count: int) -> AxisCenters:
        return cells.at(np.floor(np.arange(count) * len(cells) / count))

    return _moved(own[0], output, spread)


def _resampled(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    corners = len(args) > 2 and args[2] is True

    def spread(cells: AxisCenters, count: int) -> AxisCenters:
        if corners:
            return cells.at(np.arange(count) * (len(cells) - 1) / max(1, count - 1))
        return cells.at((np.arange(count) + 0.5) * len(cells) / count - 0.5)

    return _moved(own[0], output, spread)


def _moved(
    place: Place | None, output: Tensor, move: Callable[[AxisCenters, int], AxisCenters]
) -> Place | None:
    if place is None or place.last != -1:
        return None
    rows, columns = (int(side) for side in output.shape[-2:])
    return Place(CellCenters(move(place.centers.rows, rows), move(place.centers.columns, columns)))


def _padded(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    """Left, right, top, bottom; below 0 where cells are left out."""
    place, pad = own[0], args[1]
    if place is None or place.last != -1 or len(pad) not in (2, 4) and any(pad[4:]):
        return None
    before = (pad[2] if len(pad) > 2 else 0, pad[0])
    axes = [
        cells.at(np.arange(int(output.shape[axis - 2]), dtype=np.float64) - before[axis])
        for axis, cells in enumerate((place.centers.rows, place.centers.columns))
    ]
    return Place(CellCenters(*axes))


def _along(
    place: Place, dim: int, ndim: int, move: Callable[[AxisCenters], AxisCenters]
) -> Place | None:
    """Move the cells of one dimension; any other dimension has no places."""
    if place.merged:
        return None
    rows, columns = place.centers.rows, place.centers.columns
    if dim % ndim == place.last % ndim:
        columns = move(columns)
    elif dim % ndim == (place.last - 1) % ndim:
        rows = move(rows)
    return Place(CellCenters(rows, columns), place.last)


def _slice(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    dim = args[1] if len(args) > 1 else 0
    start = (args[2] if len(args) > 2 else None) or 0
    step = args[4] if len(args) > 4 else 1
    start = max(0, start + int(args[0].shape[dim])) if start < 0 else start
    count = int(output.shape[dim])
    return _along(
        own[0], dim, output.ndim, lambda cells: cells.at(start + np.arange(count) * float(step))
    )


def _flipped(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    place: Place | None = own[0]
    for dim in args[1]:
        if place is not None:
            place = _along(
                place, dim, output.ndim, lambda cells: cells.at(np.arange(len(cells))[::-1] * 1.0)
            )
    return place


def _split(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    """Channels are divided; where rows or columns are, no place is told."""
    dim = args[2] if len(args) > 2 else 0
    place = own[0]
    return None if place is None or place.spatial(dim, output.ndim) else place


def _permuted(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    """Rows and columns must stay neighbours, in this order."""
    place = own[0]
    if place is None or place.merged:
        return None
    order = [dim % output.ndim for dim in args[1]]
    rows = order.index((place.last - 1) % output.ndim)
    columns = order.index(place.last % output.ndim)
    return Place(place.centers, columns - output.ndim) if columns == rows + 1 else None


def _viewed(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    """Channels may be divided or put together; rows and columns may become one and two again."""
    place, shape = own[0], tuple(output.shape)
    if place is None:
        return None
    if place.merged:
        return Place(place.centers, -2) if shape[:-1] == place.merged[:-1] else None
    before = tuple(args[0].shape)
    if place.last == -2 and len(shape) == 2 and shape[-1] == before[-1]:
        return Place(place.centers, -2, before)
    kept = len(shape) > 2 and shape[place.last - 1 :] == before[place.last - 1 :]
    return place if kept else None


def _multiplied(own: Sequence[Any], args: Sequence[Any], output: Tensor) -> Place | None:
    """A full connection of the channels at each place, in the shape in which torch takes it."""
    place = own[1] if len(args) > 2 else own[0]
    return place if place is not None and place.merged else None


def _one(value: Any, axis: int) -> int:
    """Return the value of an axis: of a list of one or two, or of a number."""
    if isinstance(value, (tuple, list)):
        return int(value[axis % len(value)])
    return int(value)


STAYING: Final = """
    native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training
    _batch_norm_no_update cudnn_batch_norm native_group_norm native_layer_norm _softmax _log_softmax
    _prelu_kernel hardswish hardswish_ channel_shuffle native_channel_shuffle detach alias _to_copy
    native_dropout
"""
DIVIDING: Final = frozenset({"split", "split_with_sizes"})
RULES: Final[dict[str, Rule]] = {  # by the names of torch.ops.aten, without "aten."
    **dict.fromkeys(STAYING.split(), _stays),
    **dict.fromkeys(("max_pool2d", "max_pool2d_with_indices", "avg_pool2d"), _pool),
    **dict.fromkeys(("_adaptive_avg_pool2d", "adaptive_max_pool2d"), _adaptive),
    "upsample_nearest2d": _nearest,
    "upsample_bilinear2d": _resampled,
    **dict.fromkeys(("constant_pad_nd", "reflection_pad2d", "replication_pad2d"), _padded),
    **dict.fromkeys(("view", "_unsafe_view"), _viewed),
    **dict.fromkeys(("mm", "addmm"), _multiplied),
    **dict.fromkeys(DIVIDING, _split),
    "convolution": _convolution,
    "cat": _cat,
    "slice": _slice,
    "flip": _flipped,
    "permute": _permuted,
}
