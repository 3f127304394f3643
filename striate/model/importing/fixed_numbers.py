"""Arithmetic with fixed numbers: at the image its preprocessing, elsewhere a factor or a gate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from striate.architecture.aspects.torch_reading import Refused
from striate.model.importing.foreign_graph import Arrived, ForeignGraph

RAISED, CUT = "x + 3", "relu6(x + 3)"  # the steps to relu6(x + 3) / 6, the hard sigmoid
SIXTH = 1e-6  # how far a factor may be from 1/6, which float32 does not hold


def scaled(
    graph: ForeignGraph, x: Arrived, scale: np.ndarray, offset: np.ndarray, place: str
) -> Arrived:
    """Return x times a scale plus an offset, each one number or one a channel.

    Raises:
        Refused: something is added that is no part of a hard sigmoid.
    """
    channels = x.shape[0]
    if scale.size not in (1, channels) or offset.size not in (1, channels):
        raise Refused(
            f"it has {max(scale.size, offset.size)} values for {channels} channels", place
        )
    if x.value is graph.start and not any(x.zeros):
        before = x.scaling or (np.ones(channels), np.zeros(channels))
        return replace(x, scaling=(before[0] * scale, before[1] * scale + offset))
    if (scale == 1).all() and (offset == 3).all() and not any(x.zeros) and not x.open:
        return replace(x, open=RAISED)
    if offset.any():
        raise Refused("adding fixed numbers has a word at the image alone", place)
    if x.open == CUT and (np.abs(scale - 1 / 6) < SIXTH).all():
        value = graph.enter(replace(x, open=""), place)
        return Arrived(graph.add(value, "hardsigmoid", place), x.order)
    if (scale == 1).all():
        return x
    factors = np.broadcast_to(scale.ravel(), (channels,))
    tensors = {"weight": factors if x.order is None else factors[x.order]}
    return Arrived(graph.add(graph.enter(x, place), "scale", place, tensors), x.order)


def cut_at_six(graph: ForeignGraph, x: Arrived, place: str) -> Arrived:
    """Return x cut to 0..6."""
    if x.open == RAISED and not any(x.zeros):
        return replace(x, open=CUT)
    return Arrived(graph.add(graph.enter(x, place), "relu6", place), x.order)
