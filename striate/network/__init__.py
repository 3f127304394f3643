"""A network as a torch module: its parts, and how its weights start."""

from __future__ import annotations

from striate.network.modules import Net, build

__all__ = ["Net", "build"]
