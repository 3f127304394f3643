"""Baselines, what replaces pixels that are taken away: a blur, the mean, the surroundings."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from striate.errors import SettingError

BASELINES = ("blur", "mean")
REACH = 16  # the blur's standard deviation is a sixteenth of the shorter side


def make_baseline(pixels: np.ndarray, baseline: str = "blur") -> np.ndarray:
    """Return the image whose pixels replace those of an image that are taken away.

    Args:
        pixels: uint8 or float (channels, rows, columns).
        baseline: "blur", a Gaussian blur whose standard deviation is a sixteenth of the shorter
            side, which leaves colours and no detail; or "mean", the image's mean colour.

    Returns:
        float32 (channels, rows, columns).

    Raises:
        SettingError: there is no such baseline.

    >>> make_baseline(np.array([[[0, 100]]], np.uint8), "mean").tolist()
    [[[50.0, 50.0]]]
    """
    given = torch.from_numpy(np.ascontiguousarray(pixels, np.float32))
    if baseline == "mean":
        return np.asarray(given.mean((1, 2), keepdim=True).expand_as(given).numpy())
    if baseline != "blur":
        raise SettingError(f"baseline '{baseline}': expected one of {', '.join(BASELINES)}")
    found = gaussian_blur(given[None], min(given.shape[1:]) / REACH)
    return np.asarray(found[0].numpy())


def gaussian_blur(values: Tensor, sigma: float) -> Tensor:
    """Return images blurred by a Gaussian; at the border only what lies inside is averaged.

    Args:
        values: float (batch, channels, rows, columns).
        sigma: the Gaussian's standard deviation in pixels, above 0.

    >>> bool(torch.allclose(gaussian_blur(torch.ones(1, 1, 3, 5), 1.0), torch.tensor(1.0)))
    True
    """
    for axis, size in ((2, values.shape[2]), (3, values.shape[3])):
        weights = _gaussian(size, sigma).to(values)  # (size, size), rows summing to one
        values = torch.tensordot(values, weights, dims=([axis], [1])).movedim(-1, axis)
    return values


def inpaint(pixels: Tensor, mask: np.ndarray) -> Tensor:
    """Return images with a part of theirs hidden: filled smoothly from what surrounds it.

    Each hidden pixel becomes the mean of all others, weighted by a Gaussian of their distance
    whose standard deviation is half the side of a square as large as the part.

    Args:
        pixels: float (batch, channels, rows, columns).
        mask: bool (rows, columns); some pixels must stay.

    Raises:
        SettingError: nothing stays.

    >>> half = np.array([[True, False]])
    >>> inpaint(torch.tensor([[[[9.0, 5.0]]]]), half).tolist()
    [[[[5.0, 5.0]]]]
    """
    if mask.all():
        raise SettingError(f"all {mask.size} pixels are hidden; some must stay to fill them from")
    away = torch.from_numpy(mask).to(pixels.device)
    stays = (~away).to(pixels.dtype)[None, None]
    deviation = max(math.sqrt(float(mask.sum())) / 2, 1.0)
    weights = gaussian_blur(stays, deviation)
    near = gaussian_blur(pixels * stays, deviation) / weights.clamp_min(1e-12)
    far = (pixels * stays).sum((2, 3), keepdim=True) / stays.sum()  # where no weight reaches
    return torch.where(away, torch.where(weights > 1e-9, near, far), pixels)


def _gaussian(size: int, deviation: float) -> Tensor:
    """Weights of a blur along one axis: float64 (size, size), each row summing to one."""
    places = torch.arange(size, dtype=torch.float64)
    apart = (places[:, None] - places[None]) / deviation
    weights = torch.exp(-0.5 * apart**2) / (deviation * math.sqrt(2 * math.pi))
    return weights / weights.sum(1, keepdim=True)
