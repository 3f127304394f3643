"""How images are prepared for imported weights: what is usual, and what the user says otherwise."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

from striate.data.images import Preprocess
from striate.errors import SettingError

UNKNOWN = (
    "with values from 0 to 1, as nothing is known of how they were prepared in training: "
    "where that was otherwise, answers will be wrong, so give --mean, --std and --fit"
)


class PreprocessChanges(TypedDict, total=False):
    """Settings of `Preprocess` that are to be other than usual; None leaves one as it is."""

    channels: int | None
    height: int | None
    width: int | None
    fit: str | None
    background: tuple[int, int, int] | None
    border: tuple[int, int, int] | None
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    crop_ratio: float | None
    draft: bool | None


Changes = Preprocess | PreprocessChanges | None


def input_shape(given: Changes) -> tuple[int, int, int] | None:
    """Return the input's shape where the preprocessing that was given says it."""
    if isinstance(given, Preprocess):
        return given.shape
    sizes = [(given or {}).get(name) for name in ("channels", "height", "width")]
    if all(size is None for size in sizes):
        return None
    if not all(type(size) is int for size in sizes):
        raise SettingError(
            f"channels, height and width are {sizes}; expected all three as whole numbers, or none"
        )
    return sizes[0], sizes[1], sizes[2]  # type: ignore[return-value]


def choose(usual: Preprocess, reason: str, given: Changes) -> tuple[Preprocess, str]:
    """Return how images are prepared, and say why.

    Args:
        usual: what is taken where nothing else is said.
        reason: why that is usual, behind "images are prepared".
        given: by the user.

    Raises:
        SettingError: there is no such setting, or it makes no sense.
    """
    if isinstance(given, Preprocess):
        return given, f"images are prepared as told: {given.spoken()}"
    changes: dict[str, Any] = {k: value for k, value in (given or {}).items() if value is not None}
    unknown = changes.keys() - {field.name for field in dataclasses.fields(Preprocess)}
    if unknown:
        raise SettingError(f"the preprocessing has no setting '{min(unknown)}'")
    if changes.get("fit", usual.fit) != "crop":
        changes.setdefault("crop_ratio", 1.0)
    fitted = dataclasses.replace(usual, **changes)
    if fitted != usual:
        reason += f", but for {', '.join(n for n in changes if _differs(fitted, usual, n))}"
    return fitted, f"images are prepared {reason}: {fitted.spoken()}"


def _differs(first: Preprocess, second: Preprocess, name: str) -> bool:
    return bool(getattr(first, name) != getattr(second, name))
