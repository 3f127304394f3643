"""The numbers that a path is worked with: the user's own, or small ones to be followed by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture.aspects.numpy_pass import ByName
from striate.architecture.notation import ExpandedNetwork
from striate.architecture.words import Shape
from striate.backends import numpy as reference
from striate.backends.numpy.arrays import numbers
from striate.errors import SettingError

MOST: Final = 2**26  # numbers of all parameters, half a gibibyte
WHOLE: Final = (-1.0, 0.0, 0.0, 1.0)  # what is drawn to be followed by hand; each as often


def take_parameters(
    plan: ExpandedNetwork, given: Mapping[str, ArrayLike], *, fixed: ByName
) -> ByName:
    """Return the parameters that were given, checked, with those of the filter.

    Args:
        plan: the network.
        given: by address, dot, what it is: ``fc1.weight``.
        fixed: what the filter says.

    Raises:
        SettingError: one is missing, of a wrong shape, foreign, or the filter's.

    >>> from striate.architecture.notation import expand
    >>> plan = expand("input 1x1x2 > flatten > fc 1")
    >>> take_parameters(plan, {"fc1.weight": [[1, 2, 3]]}, fixed={})
    Traceback (most recent call last):
    striate.errors.SettingError: the parameters lack fc1.bias (1 number); 'fc1.weight' is ...
    """
    expected = find_shapes(plan)
    wrong = []
    missing = [name for name in expected if name not in given and name not in fixed]
    if missing:
        told = ", ".join(f"{name} ({_told(expected[name])})" for name in missing[:5])
        wrong.append(f"the parameters lack {told}{_more(missing, 5)}")
    foreign = [name for name in given if name not in expected]
    if foreign:
        told = ", ".join(f"'{name}'" for name in foreign[:3]) + _more(foreign, 3)
        wrong.append(f"the network has no {told}")
    taken = [name for name in given if name in fixed]
    if taken:
        wrong.append(f"'{taken[0]}' is the filter's; leave it out of the parameters")
    found = {name: numbers(given[name], f"'{name}'") for name in expected if name in given}
    wrong += [
        f"'{name}' is {_size(values.shape)}, expected {_size(expected[name])}"
        for name, values in found.items()
        if values.shape != expected[name]
    ]
    if not wrong:
        endless = [name for name, values in found.items() if not np.isfinite(values).all()]
        wrong += [f"'{name}' holds numbers that are not finite" for name in endless]
    if wrong:
        listed = [f"{name} {_size(shape)}" for name, shape in expected.items() if name not in fixed]
        wanted = ", ".join(listed[:6]) + _more(listed, 6)
        raise SettingError(f"{'; '.join(wrong)}; the network takes {wanted or 'none'}")
    return {name: fixed.get(name, found.get(name, np.zeros(0))) for name in expected}


def draw_parameters(
    plan: ExpandedNetwork, *, seed: int, by_hand: bool, fixed: ByName
) -> tuple[ByName, str]:
    """Draw the parameters, with those of the filter, and say how.

    Args:
        plan: the network.
        seed: of the random numbers.
        by_hand: whether they are small whole numbers; else as training starts with.
        fixed: what the filter says.

    Returns:
        The numbers by name, and where they come from, in words.

    >>> from striate.architecture.notation import expand
    >>> plan = expand("input 1x1x3 > flatten > fc 2")
    >>> found, told = draw_parameters(plan, seed=1, by_hand=True, fixed={})
    >>> found["fc1.weight"].tolist(), told
    ([[0.0, 0.0, 1.0], [1.0, -1.0, -1.0]], 'small whole numbers, drawn with seed 1')
    """
    if seed < 0:
        raise SettingError(f"the seed is {seed}; expected a whole number from 0 on")
    shapes = find_shapes(plan)
    names = [name for name in shapes if name not in fixed]
    started = reference.start(plan, seed=seed)
    if not names:
        return {name: fixed[name] for name in shapes}, "the filter alone"
    if not by_hand:
        told = f"drawn with seed {seed} as training starts (He's and Glorot's rules)"
        return started | fixed, told
    random = np.random.default_rng(seed)
    found: ByName = {}
    for name, shape in shapes.items():
        if name in fixed:
            found[name] = fixed[name]
        elif name.endswith(".weight") and len(shape) > 1:
            weights = random.choice(WHOLE, (shape[0], math.prod(shape[1:])))
            weights[~weights.any(axis=1), 0] = 1.0  # a unit of zeros would say nothing
            found[name] = weights.reshape(shape)
        elif name.endswith(".bias") and len(shape) == 1 and _is_weighted(name, shapes):
            found[name] = random.choice(WHOLE, shape)
        else:
            found[name] = started[name]
    return found, f"small whole numbers, drawn with seed {seed}"


def _is_weighted(name: str, shapes: Mapping[str, Shape]) -> bool:
    """Return whether a bias stands beside weights of a convolution or a full connection."""
    return len(shapes.get(name.removesuffix("bias") + "weight", ())) > 1


def parse_parameters(text: str, where: str) -> dict[str, ArrayLike]:
    """Read parameters from JSON: an object of names and nested lists of numbers.

    Args:
        text: the JSON.
        where: its file's name, for messages.

    Raises:
        SettingError: it is no such JSON.

    >>> parse_parameters('{"fc1.bias": [0, 1]}', "p.json")
    {'fc1.bias': [0, 1]}
    """
    expected = 'expected JSON such as {"fc1.weight": [[1, 0], [0, 1]], "fc1.bias": [0, 1]}'
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingError(f"'{where}' is no JSON: {error}; {expected}") from error
    if not isinstance(found, dict):
        raise SettingError(f"'{where}' holds no object of names; {expected}")
    for name, values in found.items():
        if isinstance(values, str | bool | dict) or values is None:
            raise SettingError(f"'{where}': '{name}' holds no numbers; {expected}")
        try:
            np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise SettingError(
                f"'{where}': '{name}' holds no array of numbers, or rows of unlike length; "
                f"{expected}"
            ) from error
    return found


def find_shapes(plan: ExpandedNetwork) -> dict[str, Shape]:
    """Return the shape of every parameter by name; refuse more than memory holds.

    Raises:
        SettingError: they are too many.
    """
    shapes = reference.shapes(plan)
    for name, shape in shapes.items():
        if math.prod(shape) > MOST:
            raise SettingError(
                f"'{name}' would have {_size(shape)} = {math.prod(shape):,} numbers; expected at "
                f"most {MOST:,}; pool before it, or take a smaller image"
            )
    return shapes


def _size(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "one number"


def _told(shape: Shape) -> str:
    if len(shape) > 1:
        return _size(shape)
    return f"{shape[0]} number" + "s" * (shape[0] != 1) if shape else "one number"


def _more(names: list[str], shown: int) -> str:
    return f" and {len(names) - shown} more" if len(names) > shown else ""
