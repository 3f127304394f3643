"""Warnings about what units see: too little, more than there is, pixels left out, mere padding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from striate.architecture.layer_table.design_warnings import Case, DesignWarning, Rule, sides
from striate.architecture.layer_table.formulas import padded_text
from striate.architecture.layer_table.row import Row
from striate.architecture.words import AvgPool, Conv, MaxPool, SumPool, Window, short, text_of
from striate.errors import join_words

LITTLE: Final = 0.25  # of the side of the image; what sees less sees no whole object
TRIFLE: Final = 0.05  # of the side of a map; losing less is worth a note, no warning
MOSTLY: Final = 0.5  # of the products of a window


def sees_beyond(case: Case) -> Iterator[DesignWarning]:
    """Say where units begin to see more than the image has; common in deep networks."""
    for row in case.rows:
        seen, there = sides(row.receptive_field), case.image[1:]
        if row.stride is not None and (seen[0] > there[0] or seen[1] > there[1]):
            yield DesignWarning(
                "note",
                (row.name,),
                f"from here on a unit sees {text_of(seen)} pixels of a {text_of(there)} image",
                "what lies beyond is padding, and more layers add calculation but no view",
                "nothing need be done; images of more pixels, or fewer layers, would match",
            )
            return


def sees_little(case: Case) -> Iterator[DesignWarning]:
    """Say where a network that ends in gap or flatten has seen small patches only."""
    ends = (i for i, row in enumerate(case.rows) if row.stride is None)
    place = next(ends, None)
    seen, there = sides(case.receptive_field), case.image[1:]
    if place is None or not any(s < LITTLE * n for s, n in zip(seen, there, strict=True)):
        return
    row = case.rows[place]
    averages = row.kind != "flatten"
    yield DesignWarning(
        "warning" if averages else "note",
        (row.name,),
        f"units see {text_of(seen)} of {text_of(there)} pixels where {row.kind} takes over",
        "it averages over small patches, so that how they lie to each other is lost"
        if averages
        else "the fc behind it must put the image together from small patches by itself",
        "more conv layers, or maxpool 2 earlier, let units see more",
    )


def drops_pixels(case: Case) -> Iterator[DesignWarning]:
    """Say where the last rows or columns of a map are never looked at: n + 2p - k leaves a rest."""
    for place, row in enumerate(case.rows):
        layer, window = case.layer(place), case.window(place)
        if window is None or (isinstance(layer, (MaxPool, AvgPool, SumPool)) and layer.ceil):
            continue
        lost = [_lost(window, axis, row.input[1 + axis]) for axis in (0, 1)]
        if max(lost) == 0:
            continue
        share = max(n / side for n, side in zip(lost, row.input[1:], strict=True))
        axis = 0 if lost[0] else 1
        pools = isinstance(layer, (MaxPool, AvgPool, SumPool))
        what = join_words(
            f"the last {f'{n} ' if n > 1 else ''}{name}{'s' * (n > 1)}"
            for n, name in zip(lost, ("row", "column"), strict=True)
            if n
        )
        verb = "is" if sum(lost) == 1 else "are"
        yield DesignWarning(
            "warning" if share >= TRIFLE else "note",
            (row.name,),
            f"{what} of {text_of(row.input[1:])} {verb} never looked at: "
            f"{_formula(window, axis, row.input[1 + axis])}",
            f"{share * 100:.1f} % of the map's side counts for nothing",
            ("ceil=yes counts them, " if pools else "padding counts them, ")
            + "or let an image come in whose sides divide evenly",
        )


def _lost(window: Window, axis: int, side: int) -> int:
    """Count the rows or columns of the map, not of its padding, behind the last window."""
    if window.stride[axis] > window.kernel[axis]:
        return 0  # it skips pixels everywhere, which is said apart
    before, behind = window.pad[axis], window.pad_behind[axis]
    rest = (side + before + behind - window.extent[axis]) % window.stride[axis]
    return max(0, rest - behind)


def _formula(window: Window, axis: int, side: int) -> str:
    step = window.stride[axis]
    room = side + window.pad[axis] + window.pad_behind[axis] - window.extent[axis]
    padded = padded_text(window, axis, side)
    return f"({padded} - {window.extent[axis]})/{step} leaves a rest of {room % step}"


def skips_pixels(case: Case) -> Iterator[DesignWarning]:
    """Say where windows stand farther apart than they are large."""
    for place, row in enumerate(case.rows):
        window = case.window(place)
        if window is None or not any(
            step > k and n > 1
            for step, k, n in zip(window.stride, window.kernel, row.input[1:], strict=True)
        ):
            continue
        read = 1.0
        for step, k in zip(window.stride, window.kernel, strict=True):
            read *= min(1, k / step)
        beside = case.nodes[place].beside
        yield DesignWarning(
            "note" if beside else "warning",
            (row.name,),
            f"a {text_of(window.kernel)} window with stride {short(window.stride)} reads "
            f"{read * 100:.0f} % of what arrives",
            "the branch beside it may read the rest" if beside else "the rest is never seen",
            f"a window of {text_of(tuple(map(max, window.kernel, window.stride)))}, "
            "or avgpool before it, reads all",
        )


def idle_weights(case: Case) -> Iterator[DesignWarning]:
    """Say where weights of a kernel only ever meet padding, or products mostly do."""
    for place, row in enumerate(case.rows):
        layer = case.layer(place)
        if not isinstance(layer, Conv) or layer.padmode != "zero":
            continue
        used, filled = _met(layer.window_on(row.input), row)
        weights = layer.kernel[0] * layer.kernel[1]
        if used < weights:
            yield DesignWarning(
                "warning",
                (row.name,),
                f"on a map of {text_of(row.input[1:])}, {weights - used} of the {weights} weights "
                "of a kernel meet padding only",
                "they multiply zeros and never learn",
                "a smaller kernel does the same; or pool less before it, or bring larger images",
            )
        elif filled < MOSTLY:
            yield DesignWarning(
                "note",
                (row.name,),
                f"on a map of {text_of(row.input[1:])}, {(1 - filled) * 100:.0f} % of the products "
                f"of the {text_of(layer.kernel)} window are with padding",
                "most of what it calculates is multiplying by zero",
                "a smaller kernel, less pooling before it, or larger images",
            )


def _met(window: Window, row: Row) -> tuple[int, float]:
    """Count the weights that ever meet the map, and the share of products that are with it."""
    used, share = 1, 1.0
    for axis in (0, 1):
        side, positions = row.input[1 + axis], row.output[1 + axis]
        step, pad, dilation = window.stride[axis], window.pad[axis], window.dilation[axis]
        lies = [  # for each row of the kernel, at how many positions it lies on the map
            min(positions - 1, (side - 1 - offset) // step) - max(0, -(offset // step)) + 1
            for offset in (k * dilation - pad for k in range(window.kernel[axis]))
        ]
        met = [max(0, count) for count in lies]
        used *= sum(count > 0 for count in met)
        share *= sum(met) / (positions * window.kernel[axis])
    return used, share


RULES: Final[tuple[Rule, ...]] = (
    sees_beyond,
    sees_little,
    drops_pixels,
    skips_pixels,
    idle_weights,
)
