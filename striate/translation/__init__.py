"""A network as plain program code that needs nothing of Striate: PyTorch or Keras 3."""

from __future__ import annotations

from typing import Literal

from striate.layers import Shape
from striate.notation import Network, Plan

Framework = Literal["torch", "keras"]


def code(
    network: str | Network | Plan,
    framework: Framework,
    *,
    input: Shape | None = None,  # noqa: A002 (the notation's word)
    classes: int | None = None,
) -> str:
    """Write a network as a program of its own, in PyTorch or Keras 3."""
    raise NotImplementedError
