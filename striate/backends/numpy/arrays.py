"""Anything array-like taken as float64."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture.aspects.numpy_pass import Array
from striate.errors import SettingError


def numbers(values: ArrayLike, name: str) -> Array:
    """Take anything array-like as float64, lists and torch tensors too.

    Args:
        values: what is given.
        name: what it is, for the message.

    Raises:
        SettingError: it holds no numbers.

    >>> numbers([[1, 2]], "the images")
    array([[1., 2.]])
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SettingError(
            f"{name} cannot be read as an array of numbers: {error}; expected a NumPy array; "
            "for a torch tensor, give tensor.detach().cpu().double().numpy()"
        ) from error
