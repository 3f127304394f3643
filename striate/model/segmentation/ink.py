"""What is written in a scan: how strongly each pixel is inked, whatever the colours and the ground.

The ground is estimated around each pixel and taken away, so that a stamped, shaded or coloured
ground does not matter; ink may be darker or brighter than it. What differs from the ground by no
more than its noise is no ink.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from striate.errors import ImageError

CELLS = 24  # of the coarse picture of the ground, along the shorter side
LEAST_CONTRAST = 24.0  # of 255, between ink and ground
LEAST_SNR = 4.0  # ink over the noise of the ground
STRONG = 90.0  # per cent: how strong the ink is, among all pixels that are surely inked
SHARE = 0.4  # of the ink's strength: from there on a pixel is inked
NOISY = 5.0  # of 255: a ground noisier than that is smoothed first
SMOOTHED = 0.7  # pixels: standard deviation of the Gaussian
LEFT = 0.41  # of independent noise, by that
MAD = 1.4826  # standard deviations of a normal distribution to its median absolute deviation


@dataclass(frozen=True, eq=False)
class Ink:
    """The ink of a scan.

    Attributes:
        values: float32 (rows, columns), 0 on the ground to 1 where the ink is full.
        dark: whether the ink is darker than the ground.
        noise: standard deviation of the ground, as a share of the ink's strength.
    """

    values: np.ndarray
    dark: bool
    noise: float

    @property
    def mask(self) -> np.ndarray:
        """Which pixels are inked: bool (rows, columns)."""
        return self.values > SHARE


def find_ink(pixels: np.ndarray) -> Ink:
    """Return what is written in a scan.

    Args:
        pixels: uint8 (rows, columns, 1 or 3).

    Raises:
        ImageError: nothing stands out from the ground.

    >>> page = np.full((20, 30, 1), 250, np.uint8)
    >>> page[5:15, 12:15] = 20
    >>> ink = find_ink(page)
    >>> ink.dark, int(ink.mask.sum())
    (True, 30)
    """
    plane = flatten_colors(pixels)
    away = plane - estimate_ground(plane)
    noise = measure_noise(plane)
    if noise > NOISY:
        away = ndimage.gaussian_filter(away, SMOOTHED)
        noise *= LEFT
    floor = max(LEAST_CONTRAST / 2, 3 * noise)
    darker, brighter = (np.square(side[side > floor]).sum() for side in (-away, away))
    dark = bool(darker > brighter)
    strength = -away if dark else away
    inked = strength[strength > floor]
    full = float(np.percentile(inked, STRONG)) if inked.size else 0.0
    if full < max(LEAST_CONTRAST, LEAST_SNR * noise):
        raise ImageError(
            f"nothing stands out from its ground: the strongest difference is {full:.0f} of 255, "
            f"and {max(LEAST_CONTRAST, LEAST_SNR * noise):.0f} are needed; expected a line of "
            "characters, scanned with more contrast"
        )
    values = np.clip(strength / full, 0, 1).astype(np.float32)
    return Ink(values, dark, noise / full)


def measure_noise(plane: np.ndarray) -> float:
    """Return the standard deviation of a scan's noise, by what neighbours differ by.

    Args:
        plane: float32 (rows, columns).

    >>> page = np.random.default_rng(0).normal(100, 8, (60, 80)) + np.arange(80)
    >>> round(measure_noise(page))
    8
    """
    if plane.shape[1] < 2:
        return 0.0
    steps = np.diff(plane, axis=1)
    return MAD * float(np.median(np.abs(steps - np.median(steps)))) / math.sqrt(2)


def flatten_colors(pixels: np.ndarray) -> np.ndarray:
    """Return one value a pixel: along the direction in which the colours of a scan differ most.

    Red ink on green of the same brightness would vanish in grey.

    Args:
        pixels: uint8 (rows, columns, 1 or 3).

    Returns:
        float32 (rows, columns), 0 to 255 where the scan is grey.

    >>> flat = flatten_colors(np.array([[[200, 0, 0], [0, 102, 0]]], np.uint8))
    >>> round(float(abs(flat[0, 0] - flat[0, 1])))
    167
    """
    if pixels.shape[2] == 1:
        return pixels[:, :, 0].astype(np.float32)
    colors = pixels.reshape(-1, 3).astype(np.float32)
    step = max(1, len(colors) // 100_000)
    _, axes = np.linalg.eigh(np.cov(colors[::step], rowvar=False) + 1e-6 * np.eye(3))
    axis = axes[:, -1] / np.abs(axes[:, -1]).sum()
    axis *= 1 if axis.sum() >= 0 else -1  # brighter stays brighter
    flat: np.ndarray = (colors @ axis.astype(np.float32)).reshape(pixels.shape[:2])
    return flat


def estimate_ground(plane: np.ndarray) -> np.ndarray:
    """Return the ground of every pixel: the median of a wide surrounding, smooth between.

    Args:
        plane: float32 (rows, columns).

    Returns:
        float32 (rows, columns).
    """
    rows, columns = plane.shape
    side = max(1, -(-min(rows, columns) // CELLS))  # pixels of a cell
    down, across = -(-rows // side), -(-columns // side)
    padded = np.pad(plane, ((0, down * side - rows), (0, across * side - columns)), mode="edge")
    blocks = padded.reshape(down, side, across, side).swapaxes(1, 2)
    coarse: np.ndarray = np.median(blocks.reshape(down, across, -1), axis=2)
    # as large as the shorter side: ink is the smaller part of that
    window = min(down, across) + 1
    coarse = ndimage.median_filter(coarse, size=window, mode="nearest")
    if side == 1:
        return coarse
    places = np.indices((rows, columns), dtype=np.float32)
    places = (places - (side - 1) / 2) / side
    ground: np.ndarray = ndimage.map_coordinates(coarse, places, order=1, mode="nearest")
    return ground
